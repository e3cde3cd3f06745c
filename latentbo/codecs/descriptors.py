"""Numbers computed from molecules: structure counts for kernels, cheap descriptors for co-training."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
from jaxtyping import Float, Shaped
from rdkit import Chem, DataStructs
from rdkit.Chem import QED, Crippen, Descriptors, rdFingerprintGenerator, rdMolDescriptors
from rdkit.Contrib.SA_Score import sascorer

PROPERTIES: dict[str, Callable[[Chem.Mol], float]] = {
    "logp": Crippen.MolLogP,  # type: ignore[attr-defined]
    "qed": QED.qed,
    "sa_score": sascorer.calculateScore,
    "weight": Descriptors.MolWt,  # type: ignore[attr-defined]
    "tpsa": rdMolDescriptors.CalcTPSA,
    "rings": rdMolDescriptors.CalcNumRings,
    "aromatic_rings": rdMolDescriptors.CalcNumAromaticRings,
    "rotatable_bonds": rdMolDescriptors.CalcNumRotatableBonds,
    "hbd": rdMolDescriptors.CalcNumHBD,
    "hba": rdMolDescriptors.CalcNumHBA,
    "heteroatoms": rdMolDescriptors.CalcNumHeteroatoms,
    "sp3_fraction": rdMolDescriptors.CalcFractionCSP3,
}


@cache
def _morgan(radius: int, size: int) -> rdFingerprintGenerator.FingerprintGenerator64:
    return rdFingerprintGenerator.GetMorganGenerator(radius=radius, fpSize=size)


def morgan_counts(smiles: Sequence[str], *, radius: int = 3, size: int = 2048) -> Float[np.ndarray, "n size"]:
    """Folded Morgan counts (how often each environment of up to `radius` bonds occurs), one row a canonical
    SMILES.
    """
    generator = _morgan(radius, size)
    out = np.zeros((len(smiles), size), dtype=np.float32)
    for row, text in zip(out, smiles, strict=True):
        row[:] = generator.GetCountFingerprintAsNumPy(Chem.MolFromSmiles(text))
    return out


def properties(smiles: Sequence[str], names: Collection[str] = PROPERTIES) -> Float[np.ndarray, "n p"]:
    """The named `PROPERTIES` of each canonical SMILES, in their own units."""
    molecules = map(Chem.MolFromSmiles, smiles)
    rows = [[PROPERTIES[name](molecule) for name in names] for molecule in molecules]
    return np.asarray(rows, dtype=np.float32).reshape(len(rows), len(names))


def tanimoto(smiles: str, others: Sequence[str]) -> list[float]:
    """ECFP4 similarity (Rogers & Hahn 2010: binary Morgan radius 2, 2048 bits) of a canonical SMILES to each
    of the others.
    """
    generator = _morgan(2, 2048)
    bits = [generator.GetFingerprint(Chem.MolFromSmiles(text)) for text in (smiles, *others)]
    return list(DataStructs.BulkTanimotoSimilarity(bits[0], bits[1:]))


STRUCTURE_VARIANCE = 40.0
BLOCK = 10_000  # rows whose log-counts are in memory at a time


@dataclass(frozen=True)
class TargetScale:
    """What a latent space is asked to show linearly, on the scale of a corpus: properties with unit variance
    (clipped at 5), then log-counts of structures.

    The structure block keeps the proportions of its columns and has `STRUCTURE_VARIANCE` in all: common
    environments matter more than rare ones, and none of them matters as much as a property.
    """

    mean: Float[np.ndarray, " p"]
    sd: Float[np.ndarray, " p"]
    log_mean: Float[np.ndarray, " c"]
    log_factor: float

    @classmethod
    def of(cls, properties: Float[np.ndarray, "n p"], counts: Shaped[np.ndarray, "n c"]) -> TargetScale:
        """The scale of a corpus; `counts` may be small integers."""
        total, squares = np.zeros(counts.shape[1]), np.zeros(counts.shape[1])
        for start in range(0, len(counts), BLOCK):
            logs = np.log1p(counts[start : start + BLOCK], dtype=np.float64)
            total, squares = total + logs.sum(0), squares + np.square(logs).sum(0)
        log_mean = total / len(counts)
        variance = float((squares / len(counts) - log_mean**2).sum())
        factor = float(np.sqrt(STRUCTURE_VARIANCE / max(variance, 1e-6)))
        sd = np.maximum(properties.std(0), 1e-6)
        return cls(properties.mean(0), sd, log_mean.astype(np.float32), factor)

    def targets(
        self, properties: Float[np.ndarray, "n p"], counts: Shaped[np.ndarray, "n c"]
    ) -> Float[np.ndarray, "n t"]:
        """The targets of any molecules, in half precision: they are many and need no more."""
        out = np.empty((len(counts), properties.shape[1] + counts.shape[1]), dtype=np.float16)
        out[:, : properties.shape[1]] = ((properties - self.mean) / self.sd).clip(-5.0, 5.0)
        for start in range(0, len(counts), BLOCK):
            logs = np.log1p(counts[start : start + BLOCK], dtype=np.float32)
            out[start : start + BLOCK, properties.shape[1] :] = (logs - self.log_mean) * self.log_factor
        return out
