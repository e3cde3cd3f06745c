"""The molecular objectives of the literature by name: GuacaMol's tasks as PMO runs them, QED, penalised logP.

GuacaMol: Brown et al. 2019, arXiv:1811.09621. PMO: Gao et al. 2022, arXiv:2206.12411; its tables used a
faulty atom counter for the isomers of C7H8N2O2 and C9H10N2O2PF2Cl, sitagliptin and zaleplon, so those columns
are not comparable. All are maximised.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from rdkit import Chem, rdBase
from rdkit.Chem import GraphDescriptors
from rdkit.Chem.rdMolDescriptors import CalcNumAromaticRings, CalcNumRings, CalcTPSA

from latentbo.codecs.molecules import MAX_CHARACTERS
from latentbo.errors import InputError, unknown_name
from latentbo.objectives.fingerprints import median, pharmacophore_similarity, similarity
from latentbo.objectives.modifiers import clipped, gaussian, max_gaussian, min_gaussian
from latentbo.objectives.scores import (
    Score,
    arithmetic,
    chemvae,
    fluorines,
    geometric,
    has,
    isomer,
    lacks,
    logp,
    penalized_logp,
    qed,
    shaped,
)

CELECOXIB = "CC1=CC=C(C=C1)C1=CC(=NN1C1=CC=C(C=C1)S(N)(=O)=O)C(F)(F)F"
TROGLITAZONE = "Cc1c(C)c2OC(C)(COc3ccc(CC4SC(=O)NC4=O)cc3)CCc2c(C)c1O"
THIOTHIXENE = "CN(C)S(=O)(=O)c1ccc2Sc3ccccc3C(=CCCN4CCN(C)CC4)c2c1"
ARIPIPRAZOLE = "Clc4cccc(N3CCN(CCCCOc2ccc1c(NC(=O)CC1)c2)CC3)c4Cl"
ALBUTEROL = "CC(C)(C)NCC(O)c1ccc(O)c(CO)c1"
MESTRANOL = "COc1ccc2[C@H]3CC[C@@]4(C)[C@@H](CC[C@@]4(O)C#C)[C@@H]3CCc2c1"
CAMPHOR = "CC1(C)C2CCC1(C)C(=O)C2"
MENTHOL = "CC(C)C1CCC(C)CC1O"
TADALAFIL = "O=C1N(CC(N2C1CC3=C(C2C4=CC5=C(OCO5)C=C4)NC6=C3C=CC=C6)=O)C"
SILDENAFIL = "CCCC1=NN(C2=C1N=C(NC2=O)C3=C(C=CC(=C3)S(=O)(=O)N4CCN(CC4)C)OCC)C"
OSIMERTINIB = "COc1cc(N(C)CCN(C)C)c(NC(=O)C=C)cc1Nc2nccc(n2)c3cn(C)c4ccccc34"
FEXOFENADINE = "CC(C)(C(=O)O)c1ccc(cc1)C(O)CCCN2CCC(CC2)C(O)(c3ccccc3)c4ccccc4"
RANOLAZINE = "COc1ccccc1OCC(O)CN2CCN(CC(=O)Nc3c(C)cccc3C)CC2"
PERINDOPRIL = "O=C(OCC)C(NC(C(=O)N1C(C(=O)O)CC2CCCCC12)C)CCC"
AMLODIPINE = r"Clc1ccccc1C2C(=C(/N/C(=C2/C(=O)OCC)COCCN)C)\C(=O)OC"
SITAGLIPTIN = "Fc1cc(c(F)cc1F)CC(N)CC(=O)N3Cc2nnc(n2CC3)C(F)(F)F"
ZALEPLON = "O=C(C)N(CC)C1=CC=CC(C2=CC=NC3=C(C=NN23)C#N)=C1"
HOP = "CCCOc1cc2ncnc(Nc3ccc4ncsc4c3)c2cc1S(=O)(=O)C(C)(C)C"

VALSARTAN_CORE = "CN(C=O)Cc1ccc(c2ccccc2)cc1"
HOP_SCAFFOLD = "[#7]-c1n[c;h1]nc2[c;h1]c(-[#8])[c;h0][c;h1]c12"
HOP_DECORATION = "[#6]-[#6]-[#6]-[#8]-[#6]~[#6]~[#6]~[#6]~[#6]-[#7]-c1ccc2ncsc2c1"
BENZOTHIAZOLE = "[#7]-c1ccc2ncsc2c1"
SULFONE = "CS([#6])(=O)=O"


def near(score: Score, reference: str, sigma: float) -> Score:
    """A Gaussian of the score about its value on a reference SMILES."""
    return shaped(score, gaussian(score(Chem.MolFromSmiles(reference)), sigma))


def osimertinib_mpo() -> Score:
    return geometric(
        shaped(CalcTPSA, max_gaussian(100, 10)),
        shaped(logp, min_gaussian(1, 1)),
        shaped(similarity("FCFP4", OSIMERTINIB), clipped(0.8)),
        shaped(similarity("ECFP6", OSIMERTINIB), min_gaussian(0.85, 0.1)),
    )


def fexofenadine_mpo() -> Score:
    return geometric(
        shaped(CalcTPSA, max_gaussian(90, 10)),
        shaped(logp, min_gaussian(4, 1)),
        shaped(similarity("AP", FEXOFENADINE), clipped(0.8)),
    )


def ranolazine_mpo() -> Score:
    return geometric(
        shaped(fluorines, gaussian(1, 1)),
        shaped(CalcTPSA, max_gaussian(95, 20)),
        shaped(logp, max_gaussian(7, 1)),
        shaped(similarity("AP", RANOLAZINE), clipped(0.7)),
    )


def perindopril_mpo() -> Score:
    return geometric(shaped(CalcNumAromaticRings, gaussian(2, 0.5)), similarity("ECFP4", PERINDOPRIL))


def amlodipine_mpo() -> Score:
    return geometric(shaped(CalcNumRings, gaussian(3, 0.5)), similarity("ECFP4", AMLODIPINE))


def sitagliptin_mpo() -> Score:
    return geometric(
        near(CalcTPSA, SITAGLIPTIN, 5),
        near(logp, SITAGLIPTIN, 0.2),
        isomer({"C": 16, "H": 15, "F": 6, "N": 5, "O": 1}),
        shaped(similarity("ECFP4", SITAGLIPTIN), gaussian(0, 0.1)),
    )


def zaleplon_mpo() -> Score:
    return geometric(isomer({"C": 19, "H": 17, "N": 3, "O": 2}), similarity("ECFP4", ZALEPLON))


def valsartan_smarts() -> Score:
    return geometric(
        has(VALSARTAN_CORE),
        near(CalcTPSA, SITAGLIPTIN, 5),
        near(logp, SITAGLIPTIN, 0.2),
        near(GraphDescriptors.BertzCT, SITAGLIPTIN, 30),
    )


def deco_hop() -> Score:
    """Keep the scaffold of the hop reference, change both of its decorations."""
    return arithmetic(
        shaped(pharmacophore_similarity(HOP), clipped(0.85)),
        lacks(SULFONE),
        lacks(BENZOTHIAZOLE),
        has(HOP_SCAFFOLD),
    )


def scaffold_hop() -> Score:
    """Keep the decorations of the hop reference, change its scaffold."""
    return arithmetic(
        shaped(pharmacophore_similarity(HOP), clipped(0.75)), has(HOP_DECORATION), lacks(HOP_SCAFFOLD)
    )


OBJECTIVES: dict[str, Callable[[], Score]] = {
    "celecoxib_rediscovery": lambda: similarity("ECFP4", CELECOXIB),
    "troglitazone_rediscovery": lambda: similarity("ECFP4", TROGLITAZONE),
    "thiothixene_rediscovery": lambda: similarity("ECFP4", THIOTHIXENE),
    "aripiprazole_similarity": lambda: shaped(similarity("ECFP4", ARIPIPRAZOLE), clipped(0.75)),
    "albuterol_similarity": lambda: shaped(similarity("FCFP4", ALBUTEROL), clipped(0.75)),
    "mestranol_similarity": lambda: shaped(similarity("AP", MESTRANOL), clipped(0.75)),
    "isomers_c7h8n2o2": lambda: isomer({"C": 7, "H": 8, "N": 2, "O": 2}),
    "isomers_c9h10n2o2pf2cl": lambda: isomer({"C": 9, "H": 10, "N": 2, "O": 2, "P": 1, "F": 2, "Cl": 1}),
    "isomers_c11h24": lambda: isomer({"C": 11, "H": 24}),
    "median1": lambda: median("ECFP4", CAMPHOR, MENTHOL),
    "median2": lambda: median("ECFP6", TADALAFIL, SILDENAFIL),
    "osimertinib_mpo": osimertinib_mpo,
    "fexofenadine_mpo": fexofenadine_mpo,
    "ranolazine_mpo": ranolazine_mpo,
    "perindopril_mpo": perindopril_mpo,
    "amlodipine_mpo": amlodipine_mpo,
    "sitagliptin_mpo": sitagliptin_mpo,
    "zaleplon_mpo": zaleplon_mpo,
    "valsartan_smarts": valsartan_smarts,
    "deco_hop": deco_hop,
    "scaffold_hop": scaffold_hop,
    "qed": lambda: qed,
    "penalized_logp": lambda: penalized_logp,
    "logp": lambda: logp,
    "chemvae": lambda: chemvae,
}
"""Each objective's name and what builds its score; reference fingerprints are computed only then."""


@dataclass(frozen=True)
class MoleculeObjective:
    """A score over SMILES, maximised; the built-in ones lie in [0, 1], but for (penalized_)logp and chemvae.

    `max_heavy_atoms` refuses larger molecules before they are scored; None takes any size. It is for the
    pharmacophores of deco_hop and scaffold_hop: 2 ms at 56 heavy atoms, 60 ms at 190, 1 s at 600.
    """

    name: str
    score: Score
    max_heavy_atoms: int | None = None

    def __call__(self, smiles: Sequence[str]) -> list[float | None]:
        """One finite number a row, or None where the row has none.

        None stands for what RDKit cannot read, what has no heavy atom, a mixture (whose parts have no one
        score), what is over the cap, and a score that is not finite. A score that raises is not caught. Raises
        `InputError` for one string instead of a list.
        """
        if isinstance(smiles, str):
            raise InputError(f"a sequence of SMILES was expected, not one string: write [{smiles!r}]")
        with rdBase.BlockLogs():
            return [self._value(text) for text in smiles]

    def _value(self, text: str) -> float | None:
        molecule = _one_molecule(text)
        if molecule is None:
            return None
        if self.max_heavy_atoms is not None and molecule.GetNumHeavyAtoms() > self.max_heavy_atoms:
            return None
        value = float(self.score(molecule))
        return value if math.isfinite(value) else None


def objective(name: str, *, max_heavy_atoms: int | None = None) -> MoleculeObjective:
    """The built-in objective of that name; `InputError` with the nearest name where there is none."""
    if name not in OBJECTIVES:
        raise unknown_name("objective", name, OBJECTIVES)
    return MoleculeObjective(name, OBJECTIVES[name](), max_heavy_atoms)


def _one_molecule(text: str) -> Chem.Mol | None:
    """The molecule that the whole text spells: RDKit alone reads "CC O" as CC and "" as a molecule."""
    if (
        not isinstance(text, str)
        or not text.isascii()
        or len(text) > MAX_CHARACTERS
        or len(text.split()) != 1
    ):
        return None
    molecule = Chem.MolFromSmiles(text)
    if molecule is None or molecule.GetNumHeavyAtoms() == 0:
        return None
    return molecule if "." not in text or len(Chem.GetMolFrags(molecule)) == 1 else None
