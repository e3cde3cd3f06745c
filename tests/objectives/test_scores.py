"""Scores of one molecule against independent formulas and published numbers."""

from __future__ import annotations

import math
from collections import Counter

import networkx
import pytest
from rdkit import Chem

from latentbo.objectives.scores import (
    arithmetic,
    chemvae,
    element_counts,
    fluorines,
    geometric,
    has,
    isomer,
    lacks,
    largest_cycle,
    logp,
    penalized_logp,
    qed,
    sa_score,
    shaped,
)

MOLECULES = [
    "C",
    "CCO",
    "c1ccccc1F",
    "C[N+](C)(C)C",
    "[2H]OC",
    "FC(F)(F)c1ccccc1",
    "O=P(O)(O)OC",
    "[nH]1cccc1",
    "C#N",
]


def read(smiles):
    return Chem.MolFromSmiles(smiles)


@pytest.mark.parametrize("smiles", MOLECULES)
def test_element_counts_are_those_of_explicit_hydrogens(smiles):
    explicit = Chem.AddHs(read(smiles))
    expected = Counter(atom.GetSymbol() for atom in explicit.GetAtoms())
    assert +element_counts(read(smiles)) == expected
    assert fluorines(read(smiles)) == expected["F"]


def test_an_isomer_scores_one_whatever_its_shape():
    score = isomer({"C": 7, "H": 8, "N": 2, "O": 2})
    assert score(read("Nc1ccc(C(=O)NO)cc1")) == 1.0
    assert score(read("NNc1ccccc1C(=O)O")) == 1.0


def test_an_isomer_score_follows_its_formula():
    """Ethanol C2H6O (9 atoms) under C3H8 (11 atoms): oxygen enters the number of all atoms alone."""
    expected = math.exp(-(1**2 + 2**2 + (2 / 2) ** 2) / 2) ** (1 / 3)
    assert isomer({"C": 3, "H": 8})(read("CCO")) == pytest.approx(expected, rel=1e-14)
    assert isomer({"C": 3, "H": 8, "O": 1})(read("CCO")) == pytest.approx(
        math.exp(-(1**2 + 2**2 + 0 + (3 / 2) ** 2) / 2) ** (1 / 4), rel=1e-14
    )


def test_patterns_are_found_or_missed():
    phenol, benzene = read("Oc1ccccc1"), read("c1ccccc1")
    assert [has("c[OH]")(phenol), has("c[OH]")(benzene)] == [1.0, 0.0]
    assert [lacks("c[OH]")(phenol), lacks("c[OH]")(benzene)] == [0.0, 1.0]


def test_means_join_scores():
    scores = (lambda _: 0.2, lambda _: 0.4, lambda _: 0.9)
    assert geometric(*scores)(None) == pytest.approx((0.2 * 0.4 * 0.9) ** (1 / 3), rel=1e-14)
    assert arithmetic(*scores)(None) == pytest.approx(0.5, rel=1e-14)


def test_a_zero_spares_the_rest():
    def dear(_):
        raise AssertionError("computed after a 0")

    assert geometric(lambda _: 0.0, dear)(None) == 0.0


def test_shaped_applies_the_modifier_to_the_score():
    assert shaped(lambda _: 3.0, lambda x: x + 0.5)(None) == 3.5


@pytest.mark.parametrize(
    ("smiles", "size"),
    [("CCO", 0), ("C", 0), ("C1CC1", 3), ("c1ccccc1", 6), ("C1CCCCCCC1", 8), ("c1ccccc1CC1CCCCCCC1", 8)],
)
def test_the_largest_cycle_where_rings_are_apart(smiles, size):
    assert largest_cycle(read(smiles)) == size


def test_the_largest_cycle_is_that_of_the_basis_and_not_of_the_smallest_rings():
    """Tropane: a five- and a six-ring that share three atoms, whose basis may hold their rim of seven."""
    tropane = read("CN1C2CCCC1CC2")
    graph = networkx.Graph([(bond.GetBeginAtomIdx(), bond.GetEndAtomIdx()) for bond in tropane.GetBonds()])
    graph = networkx.Graph(networkx.to_numpy_array(graph, nodelist=range(tropane.GetNumAtoms())))
    assert largest_cycle(tropane) == max(map(len, networkx.cycle_basis(graph)))
    assert largest_cycle(tropane) > max(map(len, tropane.GetRingInfo().AtomRings()))


def test_penalized_logp_follows_its_formula():
    molecule = read("O=C1CCCCCCCCCCCCC1")  # a ring of 14
    expected = (
        (logp(molecule) - 2.4570953396190123) / 1.434324401111988
        + (-sa_score(molecule) + 3.0525811293166134) / 0.8335207024513095
        + (-(14 - 6) + 0.0485696876403053) / 0.2860212110245455
    )
    assert penalized_logp(molecule) == pytest.approx(expected, rel=1e-14)


def test_small_rings_are_not_rewarded():
    """Without a penalty the cycle term is a constant: 0.0486 / 0.286."""
    for smiles in ("C1CC1", "CCC", "c1ccccc1"):
        molecule = read(smiles)
        rest = (logp(molecule) - 2.4570953396190123) / 1.434324401111988
        rest += (-sa_score(molecule) + 3.0525811293166134) / 0.8335207024513095
        assert penalized_logp(molecule) - rest == pytest.approx(
            0.0485696876403053 / 0.2860212110245455, rel=1e-9
        )


def test_accessibility_is_small_where_molecules_are_easy():
    easy, hard = (
        read("CC(=O)Oc1ccccc1C(=O)O"),
        read("COc1ccc2[C@H]3CC[C@@]4(C)[C@@H](CC[C@@]4(O)C#C)[C@@H]3CCc2c1"),
    )
    assert 1 <= sa_score(easy) < sa_score(hard) <= 10


def test_chemvae_rewards_drug_likeness_and_ease():
    molecule = read("CC(=O)Oc1ccccc1C(=O)O")
    assert chemvae(molecule) == pytest.approx(5 * qed(molecule) - sa_score(molecule), rel=1e-15)
