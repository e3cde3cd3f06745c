"""The built-in objectives against published scores, and how rows without a score are told apart."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import replace

import pandas as pd
import pytest
from rdkit import Chem

from latentbo.errors import InputError
from latentbo.objectives import molecules
from latentbo.objectives.fingerprints import GENERATORS
from latentbo.objectives.molecules import OBJECTIVES, MoleculeObjective, objective
from latentbo.objectives.scores import fluorines, logp

ASPIRIN = "CC(=O)Oc1ccccc1C(=O)O"
PUBLISHED = [
    "median1",
    "median2",
    "perindopril_mpo",
    "amlodipine_mpo",
    "ranolazine_mpo",
    "osimertinib_mpo",
    "sitagliptin_mpo",
    "zaleplon_mpo",
    "valsartan_smarts",
    "deco_hop",
    "scaffold_hop",
]


@pytest.fixture(scope="module")
def published(shared_data):
    """One hundred molecules and their published scores: guacamol_train_data_first_100.csv of mlvlab/InvBO."""
    return pd.read_csv(shared_data / "guacamol_first_100.csv")


@pytest.mark.parametrize("name", PUBLISHED)
def test_one_hundred_published_scores(name, published):
    values = objective(name)(published["smiles"].tolist())
    assert values == pytest.approx(published[name].tolist(), rel=1e-6, abs=1e-20)


@pytest.mark.parametrize(
    ("name", "smiles", "score"),
    [
        ("osimertinib_mpo", molecules.SITAGLIPTIN, 0.308190),
        ("amlodipine_mpo", molecules.SITAGLIPTIN, 0.317363),
        ("albuterol_similarity", ASPIRIN, 0.235294),
        ("qed", ASPIRIN, 0.550122),
    ],
)
def test_published_checks(name, smiles, score):
    assert objective(name)([smiles]) == [pytest.approx(score, abs=1e-6)]


@pytest.mark.parametrize(
    ("name", "reference"),
    [
        ("celecoxib_rediscovery", molecules.CELECOXIB),
        ("troglitazone_rediscovery", molecules.TROGLITAZONE),
        ("thiothixene_rediscovery", molecules.THIOTHIXENE),
        ("aripiprazole_similarity", molecules.ARIPIPRAZOLE),
        ("albuterol_similarity", molecules.ALBUTEROL),
        ("mestranol_similarity", molecules.MESTRANOL),
        ("isomers_c7h8n2o2", "Nc1ccc(C(=O)NO)cc1"),
        ("isomers_c9h10n2o2pf2cl", "CN(C)P(=O)(Oc1ccc(F)cc1)N=C(F)Cl"),
        ("isomers_c11h24", "CCCCCCCCCCC"),
    ],
)
def test_the_goal_of_a_task_scores_one(name, reference):
    assert objective(name)([reference]) == [1.0]


@pytest.mark.parametrize(
    ("name", "kind", "reference", "full"),
    [
        ("celecoxib_rediscovery", "ECFP4", molecules.CELECOXIB, 1.0),
        ("troglitazone_rediscovery", "ECFP4", molecules.TROGLITAZONE, 1.0),
        ("thiothixene_rediscovery", "ECFP4", molecules.THIOTHIXENE, 1.0),
        ("aripiprazole_similarity", "ECFP4", molecules.ARIPIPRAZOLE, 0.75),
        ("albuterol_similarity", "FCFP4", molecules.ALBUTEROL, 0.75),
        ("mestranol_similarity", "AP", molecules.MESTRANOL, 0.75),
    ],
)
def test_similarity_tasks_use_the_fingerprint_of_the_reference(name, kind, reference, full):
    first, second = (
        GENERATORS[kind].GetSparseCountFingerprint(Chem.MolFromSmiles(smiles)).GetNonzeroElements()
        for smiles in (reference, molecules.SITAGLIPTIN)
    )
    both = (Counter(first) & Counter(second)).total()
    alike = both / (sum(first.values()) + sum(second.values()) - both)
    assert objective(name)([molecules.SITAGLIPTIN]) == [pytest.approx(alike / full, rel=1e-12)]


FORMULAS = {
    molecules.CELECOXIB: "C17H14F3N3O2S",
    molecules.TROGLITAZONE: "C24H27NO5S",
    molecules.THIOTHIXENE: "C23H29N3O2S2",
    molecules.ARIPIPRAZOLE: "C23H27Cl2N3O2",
    molecules.ALBUTEROL: "C13H21NO3",
    molecules.MESTRANOL: "C21H26O2",
    molecules.CAMPHOR: "C10H16O",
    molecules.MENTHOL: "C10H20O",
    molecules.TADALAFIL: "C22H19N3O4",
    molecules.SILDENAFIL: "C22H30N6O4S",
    molecules.OSIMERTINIB: "C28H33N7O2",
    molecules.FEXOFENADINE: "C32H39NO4",
    molecules.RANOLAZINE: "C24H33N3O4",
    molecules.PERINDOPRIL: "C19H32N2O5",
    molecules.AMLODIPINE: "C20H25ClN2O5",
    molecules.SITAGLIPTIN: "C16H15F6N5O",
    molecules.ZALEPLON: "C17H15N5O",
}


@pytest.mark.parametrize("reference", FORMULAS)
def test_each_reference_is_the_drug_of_its_name(reference):
    from rdkit.Chem.rdMolDescriptors import CalcMolFormula

    assert CalcMolFormula(Chem.MolFromSmiles(reference)) == FORMULAS[reference]


def bell(x, mu, sigma):
    return math.exp(-(((x - mu) / sigma) ** 2) / 2)


def test_fexofenadine_follows_its_definition():
    """No published score: here every part is below 1."""
    smiles = "CC(C)(C(=O)O)c1ccc(CCCCN2CCC(C(c3ccccc3)c3ccccc3)CC2)cc1"
    molecule = Chem.MolFromSmiles(smiles)
    tpsa = Chem.rdMolDescriptors.CalcTPSA(molecule)
    alike = molecules.similarity("AP", molecules.FEXOFENADINE)(molecule)
    assert (tpsa < 90, logp(molecule) > 4, alike < 0.8) == (True, True, True)
    expected = (alike / 0.8 * bell(tpsa, 90, 10) * bell(logp(molecule), 4, 1)) ** (1 / 3)
    assert objective("fexofenadine_mpo")([smiles]) == [pytest.approx(expected, rel=1e-12)]


def test_ranolazine_counts_one_fluorine():
    """One fluorine on the reference: only logP and TPSA fall short."""
    smiles = "COc1ccccc1OCC(O)CN1CCN(CC(=O)Nc2c(C)cc(F)cc2C)CC1"
    molecule = Chem.MolFromSmiles(smiles)
    tpsa = Chem.rdMolDescriptors.CalcTPSA(molecule)
    assert fluorines(molecule) == 1
    expected = (bell(min(logp(molecule), 7), 7, 1) * bell(min(tpsa, 95), 95, 20)) ** 0.25
    assert objective("ranolazine_mpo")([smiles]) == [pytest.approx(expected, rel=1e-12)]


def test_valsartan_needs_its_core_and_then_sitagliptins_properties():
    """The published table holds few molecules with the core."""
    smiles = "CN(C=O)Cc1ccc(-c2ccccc2)cc1"
    assert objective("valsartan_smarts")([molecules.SITAGLIPTIN]) == [0.0]
    molecule, target = Chem.MolFromSmiles(smiles), Chem.MolFromSmiles(molecules.SITAGLIPTIN)
    parts = [(logp, 0.2), (molecules.CalcTPSA, 5), (molecules.GraphDescriptors.BertzCT, 30)]
    expected = math.prod(bell(score(molecule), score(target), sigma) ** 0.25 for score, sigma in parts)
    assert 0 < expected < 1e-3
    assert objective("valsartan_smarts")([smiles]) == [pytest.approx(expected, rel=1e-9, abs=0)]


def test_each_hop_rewards_its_half_of_the_reference():
    """A hop that succeeds has all its patterns and loses only in alikeness."""
    alike = molecules.pharmacophore_similarity(molecules.HOP)
    new_decoration, new_scaffold = "CCCOc1cc2ncnc(Nc3ccccc3)c2cc1C", "CCCOC1CCCC(Nc2ccc3ncsc3c2)C1"
    deco, scaffold = (alike(Chem.MolFromSmiles(each)) for each in (new_decoration, new_scaffold))
    assert 0 < max(deco, scaffold) < 0.75
    assert objective("deco_hop")([molecules.HOP, new_decoration, new_scaffold]) == pytest.approx(
        [(1 + 0 + 0 + 1) / 4, (deco / 0.85 + 3) / 4, (scaffold / 0.85 + 1) / 4]
    )
    assert objective("scaffold_hop")([molecules.HOP, new_decoration, new_scaffold]) == pytest.approx(
        [(1 + 1 + 0) / 3, (deco / 0.75 + 0) / 3, (scaffold / 0.75 + 2) / 3]
    )


ODD = [
    "C",
    "[2H]O[2H]",
    "[Na+]",
    "[Xe]",
    "[C-]#[O+]",
    "C" * 300,
    "C[Si](C)(C)C",
    "F[P-](F)(F)(F)(F)F",
    "C1CC1*",
]


@pytest.mark.parametrize("name", OBJECTIVES)
def test_every_objective_scores_every_molecule(name):
    score = objective(name)
    assert score.name == name
    values = score([ASPIRIN, *ODD])
    assert all(type(value) is float and math.isfinite(value) for value in values)
    if name not in ("logp", "penalized_logp", "chemvae"):
        assert all(0 <= value <= 1 for value in values)
    assert score([]) == []
    assert score([ASPIRIN]) == values[:1]  # a row does not depend on its neighbours


@pytest.mark.parametrize("name", sorted(set(OBJECTIVES) - {"penalized_logp"}))
def test_a_score_belongs_to_the_molecule_and_not_to_its_spelling(name):
    spellings = [molecules.SILDENAFIL, Chem.MolToSmiles(Chem.MolFromSmiles(molecules.SILDENAFIL))]
    first, second = objective(name)(spellings)
    assert spellings[0] != spellings[1]
    assert first == pytest.approx(second, rel=1e-9)


@pytest.mark.parametrize(
    ("smiles", "score"),
    [
        ("COc1ccc(-c2cc(-c3ccccc3)cc(-c3ccc(Br)cc3)[o+]2)cc1", 4.52),
        ("COc1ccc(-c2cc(-c3ccccc3)cc(-c3ccc(I)cc3)[o+]2)cc1", 4.30),
        ("FC(F)(F)c1cccc(Nc2scc(-c3ccc(Cl)cc3)[n+]2CCc2ccccc2)c1", 4.23),
    ],
)
def test_the_best_penalized_logp_of_zinc(smiles, score):
    """Our three best of ZINC-250k score what You et al. 2018 (arXiv:1806.02473, table 1) print for theirs."""
    assert objective("penalized_logp")([smiles]) == [pytest.approx(score, abs=5e-3)]


@pytest.mark.parametrize(
    "row",
    [
        "",
        " ",
        "CC O",
        "CC\nO",
        "C1CC",
        "hello",
        "[H][H]",
        "*",
        "CC.O",
        "[Na+].[Cl-]",
        "C\ud800",
        None,
        "C" * 2_001,
    ],
)
def test_what_is_no_single_molecule_has_no_score(row, capfd):
    assert objective("qed")(["CCO", row, "CCO"])[1] is None
    assert objective("qed")(["CCO", row, "CCO"])[0] == objective("qed")(["CCO"])[0]
    assert capfd.readouterr().err == ""  # RDKit's own complaints would drown a campaign's log


def test_rings_closed_across_a_dot_make_one_molecule():
    assert objective("qed")(["C1.C1"]) == objective("qed")(["CC"])


def test_molecules_over_the_cap_are_not_scored():
    def dear(molecule):
        assert molecule.GetNumHeavyAtoms() <= 3
        return 1.0

    assert MoleculeObjective("dear", dear, max_heavy_atoms=3)(["CCC", "CCCC", "CC"]) == [1.0, None, 1.0]
    assert objective("qed", max_heavy_atoms=3)(["CCCC"]) == [None]
    assert replace(objective("qed"), max_heavy_atoms=3)(["CCCC"]) == [None]


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_a_score_that_is_not_finite_is_none(value):
    assert MoleculeObjective("odd", lambda _: value)(["C"]) == [None]


def test_a_zero_is_a_score():
    assert MoleculeObjective("zero", lambda _: 0)(["C"]) == [0.0]


def test_one_string_is_not_a_list_of_letters():
    with pytest.raises(InputError, match=r"write \['CCO'\]"):
        objective("qed")("CCO")


def test_an_unknown_name_is_answered_with_the_nearest():
    with pytest.raises(InputError, match="unknown objective 'osimertinib': did you mean 'osimertinib_mpo'"):
        objective("osimertinib")
