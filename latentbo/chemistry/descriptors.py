"""Numbers computed from molecules: structure counts and descriptors for kernels, properties for co-training."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Int, Shaped, UInt16
from rdkit import Chem, DataStructs
from rdkit.Chem import QED, Crippen, Descriptors, rdFingerprintGenerator, rdMolDescriptors, rdqueries
from rdkit.Contrib.SA_Score import sascorer

from latentbo.codecs.molecules import parsed

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


CACHED = 50_000  # molecules, about 1 kB each
SparseCounts = tuple[Int[np.ndarray, " c"], UInt16[np.ndarray, " c"]]


@cache
def _morgan(radius: int, size: int) -> rdFingerprintGenerator.FingerprintGenerator64:
    return rdFingerprintGenerator.GetMorganGenerator(radius=radius, fpSize=size)


def morgan_counts(smiles: Sequence[str], *, radius: int = 2, size: int = 2048) -> Float[np.ndarray, "n size"]:
    """Folded Morgan counts (how often each environment of up to `radius` bonds occurs), one row a canonical
    SMILES.
    """
    out = np.zeros((len(smiles), size), dtype=np.float32)
    for row, text in zip(out, smiles, strict=True):
        columns, counts = sparse_morgan_counts(text, radius=radius, size=size)
        row[columns] = counts
    return out


@lru_cache(maxsize=CACHED)
def sparse_morgan_counts(smiles: str, *, radius: int = 2, size: int = 2048) -> SparseCounts:
    """The same of one canonical SMILES: the columns that are not zero, and what they hold."""
    row = _morgan(radius, size).GetCountFingerprintAsNumPy(parsed(smiles))
    (columns,) = row.nonzero()
    return columns, row[columns].astype(np.uint16)


def properties(smiles: Sequence[str], names: Collection[str] = PROPERTIES) -> Float[np.ndarray, "n p"]:
    """The named `PROPERTIES` of each canonical SMILES, in their own units."""
    molecules = map(parsed, smiles)
    rows = [[PROPERTIES[name](molecule) for name in names] for molecule in molecules]
    return np.asarray(rows, dtype=np.float32).reshape(len(rows), len(names))


class Descriptor(NamedTuple):
    """A number of a molecule, with its mean and standard deviation over ZINC-250k."""

    of: Callable[[Chem.Mol], float]
    mean: float
    sd: float


def _atoms(element: int) -> Callable[[Chem.Mol], int]:
    query = rdqueries.AtomNumEqualsQueryAtom(element)
    return lambda molecule: len(molecule.GetAtomsMatchingQuery(query))


def _hydrogens(molecule: Chem.Mol) -> int:
    return rdMolDescriptors.CalcNumAtoms(molecule) - molecule.GetNumAtoms()


DESCRIPTORS: dict[str, Descriptor] = {
    "logp": Descriptor(Crippen.MolLogP, 2.5, 1.4),  # type: ignore[attr-defined]
    "tpsa": Descriptor(rdMolDescriptors.CalcTPSA, 65.0, 23.0),
    "heavy_atoms": Descriptor(rdMolDescriptors.CalcNumHeavyAtoms, 23.0, 4.5),
    "rings": Descriptor(rdMolDescriptors.CalcNumRings, 2.7, 1.0),
    "aromatic_rings": Descriptor(rdMolDescriptors.CalcNumAromaticRings, 1.8, 0.94),
    "rotatable_bonds": Descriptor(rdMolDescriptors.CalcNumRotatableBonds, 4.5, 1.5),
    "hbd": Descriptor(rdMolDescriptors.CalcNumHBD, 1.3, 0.89),
    "hba": Descriptor(rdMolDescriptors.CalcNumHBA, 3.7, 1.5),
    "sp3_fraction": Descriptor(rdMolDescriptors.CalcFractionCSP3, 0.41, 0.30),
    "carbons": Descriptor(_atoms(6), 17.0, 3.7),
    "nitrogens": Descriptor(_atoms(7), 2.8, 1.4),
    "oxygens": Descriptor(_atoms(8), 2.3, 1.3),
    "fluorines": Descriptor(_atoms(9), 0.33, 0.80),
    "phosphorus": Descriptor(_atoms(15), 0.0, 0.30),
    "sulfurs": Descriptor(_atoms(16), 0.41, 0.60),
    "chlorines": Descriptor(_atoms(17), 0.20, 0.51),
    "bromines": Descriptor(_atoms(35), 0.06, 0.30),
    "hydrogens": Descriptor(_hydrogens, 21.0, 5.8),
}
"""What a chemist reads off a structure: polarity, size, rings and composition. Spreads are at least 0.3: one
phosphorus must not be worth twenty standard deviations.
"""


def scaled_descriptors(smiles: Sequence[str]) -> Float[np.ndarray, "n 18"]:
    """The `DESCRIPTORS` of each canonical SMILES, standardised on ZINC-250k."""
    return np.asarray(list(map(_scaled, smiles)), dtype=np.float64).reshape(len(smiles), len(DESCRIPTORS))


@lru_cache(maxsize=CACHED)
def _scaled(smiles: str) -> tuple[float, ...]:
    molecule = parsed(smiles)
    return tuple((each.of(molecule) - each.mean) / each.sd for each in DESCRIPTORS.values())


def tanimoto(smiles: str, others: Sequence[str]) -> list[float]:
    """ECFP4 similarity (Rogers & Hahn 2010: binary Morgan radius 2, 2048 bits) of a canonical SMILES to each
    of the others.
    """
    generator = _morgan(2, 2048)
    bits = [generator.GetFingerprint(parsed(text)) for text in (smiles, *others)]
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
