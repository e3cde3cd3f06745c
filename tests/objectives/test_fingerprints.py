"""Fingerprints against RDKit's own slow ones and against sums by hand."""

from __future__ import annotations

import random
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rdkit import Chem, DataStructs
from rdkit.Chem.Pharm2D import Generate, Gobbi_Pharm2D

from latentbo.objectives import fingerprints
from latentbo.objectives.fingerprints import (
    GENERATORS,
    median,
    pharmacophore_similarity,
    pharmacophores,
    similarity,
)
from latentbo.objectives.molecules import (
    ARIPIPRAZOLE,
    FEXOFENADINE,
    HOP,
    OSIMERTINIB,
    PERINDOPRIL,
    RANOLAZINE,
    SILDENAFIL,
    SITAGLIPTIN,
    TADALAFIL,
)

ASPIRIN = "CC(=O)Oc1ccccc1C(=O)O"
THREE_ACIDS = "OC(=O)C(C(=O)O)C(=O)O"  # whose one triangle must not pass for one of its pairs
DRUGS = [
    ARIPIPRAZOLE,
    FEXOFENADINE,
    HOP,
    OSIMERTINIB,
    RANOLAZINE,
    SILDENAFIL,
    SITAGLIPTIN,
    TADALAFIL,
    ASPIRIN,
    THREE_ACIDS,
]
FRAGMENTS = [
    "N",
    "C(CO)",
    "C(=O)N",
    "c1ccccc1",
    "C1CCNCC1",
    "P(=O)(O)",
    "CCCC",
    "C(F)",
    "S(=O)(=O)",
    "C(C(=O)O)",
    "c1cncnc1",
]


def bits(molecule):
    return Generate.Gen2DFingerprint(molecule, Gobbi_Pharm2D.factory)


@pytest.fixture(scope="module")
def drugs():
    return [Chem.MolFromSmiles(smiles) for smiles in DRUGS]


@pytest.fixture(scope="module")
def target():
    molecule = Chem.MolFromSmiles(OSIMERTINIB)
    return pharmacophores(molecule), bits(molecule)


@settings(max_examples=30, deadline=None)
@given(st.lists(st.sampled_from(FRAGMENTS), min_size=1, max_size=5))
def test_pharmacophores_of_chains_of_fragments_are_rdkits(target, parts):
    molecule = Chem.MolFromSmiles("C".join(parts))
    ours, theirs = pharmacophores(molecule), bits(molecule)
    assert len(ours) == theirs.GetNumOnBits()
    assert len(ours & target[0]) == (theirs & target[1]).GetNumOnBits()


def test_codes_and_rdkits_bits_occur_in_the_same_molecules(drugs):
    """How many codes each set of drugs has in common, and no other drug: the same as of bits."""
    ours, theirs = Counter(), Counter()
    for place, drug in enumerate(drugs):
        ours.update(dict.fromkeys(pharmacophores(drug), 1 << place))
        theirs.update(dict.fromkeys(bits(drug).GetOnBits(), 1 << place))
    assert Counter(ours.values()) == Counter(theirs.values())


def test_pharmacophores_do_not_depend_on_the_order_of_the_atoms(drugs):
    shuffled = random.Random(0)
    for drug in drugs:
        order = shuffled.sample(range(drug.GetNumAtoms()), drug.GetNumAtoms())
        assert pharmacophores(Chem.RenumberAtoms(drug, order)) == pharmacophores(drug)


def test_pharmacophores_do_not_depend_on_the_block(drugs, monkeypatch):
    whole = [pharmacophores(drug) for drug in drugs]
    monkeypatch.setattr(fingerprints, "BLOCK", 1)
    assert [pharmacophores(drug) for drug in drugs] == whole


@pytest.mark.parametrize("smiles", ["C", "CO", "OO", "CCO"])
def test_a_molecule_without_distances_has_no_pharmacophores(smiles):
    assert pharmacophores(Chem.MolFromSmiles(smiles)) == set()
    assert pharmacophore_similarity(HOP)(Chem.MolFromSmiles(smiles)) == 0.0


def test_unconnected_parts_share_no_pharmacophore():
    parts = Chem.MolFromSmiles("OCCN"), Chem.MolFromSmiles("OCCCF")
    assert pharmacophores(Chem.MolFromSmiles("OCCN.OCCCF")) == pharmacophores(parts[0]) | pharmacophores(
        parts[1]
    )


def test_pharmacophore_similarity_is_rdkits(drugs):
    score, reference = pharmacophore_similarity(HOP), bits(Chem.MolFromSmiles(HOP))
    for drug in drugs[:4]:
        assert score(drug) == DataStructs.TanimotoSimilarity(bits(drug), reference)


@pytest.mark.parametrize("kind", GENERATORS)
def test_similarity_is_tanimoto_on_counts(kind, drugs):
    """The sum of the smaller counts over that of the larger ones."""
    score = similarity(kind, OSIMERTINIB)

    def counts(molecule):
        return Counter(GENERATORS[kind].GetSparseCountFingerprint(molecule).GetNonzeroElements())

    target = counts(Chem.MolFromSmiles(OSIMERTINIB))
    for drug in drugs:
        own = counts(drug)
        assert score(drug) == pytest.approx((own & target).total() / (own | target).total(), rel=1e-14)
    assert max(max(counts(drug).values()) for drug in drugs) > 1  # else sets would do


def environments(molecule, radius):
    """How many distinct environments of up to `radius` bonds RDKit's Morgan finds."""
    return len(GENERATORS[f"ECFP{2 * radius}"].GetSparseCountFingerprint(molecule).GetNonzeroElements())


def test_radii_and_features_differ_as_their_names_say():
    chain = Chem.MolFromSmiles("CCCCCCCCCCCO")
    assert environments(chain, 3) > environments(chain, 2)
    chloride, bromide = Chem.MolFromSmiles("CCCCl"), "CCCBr"  # one feature, two elements
    assert similarity("FCFP4", bromide)(chloride) == 1.0
    assert similarity("ECFP4", bromide)(chloride) < 1.0


def test_atom_pairs_reach_ten_bonds():
    ends = [Chem.MolFromSmiles("F" + "C" * n + "Cl") for n in (9, 10)]
    apart = [GENERATORS["AP"].GetSparseCountFingerprint(each).GetNonzeroElements() for each in ends]
    pairs = [sum(each.values()) for each in apart]
    assert pairs == [11 * 10 // 2, 12 * 11 // 2 - 1]


def test_median_is_the_geometric_mean_of_two_similarities(drugs):
    score = median("ECFP6", TADALAFIL, SILDENAFIL)
    first, second = similarity("ECFP6", TADALAFIL), similarity("ECFP6", SILDENAFIL)
    for drug in drugs:
        assert score(drug) == pytest.approx((first(drug) * second(drug)) ** 0.5, rel=1e-14)


def test_the_reference_is_like_itself():
    for kind in GENERATORS:
        assert similarity(kind, PERINDOPRIL)(Chem.MolFromSmiles(PERINDOPRIL)) == 1.0
