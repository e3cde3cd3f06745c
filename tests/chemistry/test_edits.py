"""Laws of children, over drug-like molecules of many kinds."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rdkit import Chem, rdBase

from latentbo.chemistry.crossover import SMALLEST_SHARE
from latentbo.chemistry.edits import GraphEdits, _cross, _mutant
from latentbo.chemistry.graphs import read
from latentbo.chemistry.mutations import MUTATIONS
from latentbo.codecs.molecules import canonical
from latentbo.errors import InputError

_LISTED = """
CC(=O)Oc1ccccc1C(=O)O
CN1C=NC2=C1C(=O)N(C)C(=O)N2C
CC(C)Cc1ccc([C@H](C)C(=O)O)cc1
Cc1ccc(-c2cc(C(F)(F)F)nn2-c2ccc(S(N)(=O)=O)cc2)cc1
CCCc1nn(C)c2c1nc([nH]c2=O)-c1cc(ccc1OCC)S(=O)(=O)N1CCN(C)CC1
O=C(CN1CCN(CCCCOc2ccc3CCC(=O)Nc3c2)CC1)Nc1cccc(Cl)c1Cl
COc1cc(N(C)CCN(C)C)c(NC(=O)C=C)cc1Nc1nccc(-c2cn(C)c3ccccc23)n1
N[C@@H](CC(=O)N1CCn2c(C1)nnc2C(F)(F)F)Cc1cc(F)c(F)cc1F
CC(C)(C)NCC(O)c1ccc(O)c(CO)c1
CN1CC[C@]23c4c5ccc(O)c4O[C@H]2[C@@H](O)C=C[C@H]3[C@H]1C5
COc1ccc2[C@H]3CC[C@@]4(C)[C@@H](CC[C@@]4(O)C#C)[C@@H]3CCc2c1
CC1(C)S[C@@H]2[C@H](NC(=O)Cc3ccccc3)C(=O)N2[C@H]1C(=O)O
Clc1ccccc1C1=NCc2nnc(C)n2-c2sc(Br)cc12
O=C1N(CC(N2C1CC3=C(C2C4=CC5=C(OCO5)C=C4)NC6=C3C=CC=C6)=O)C
OC(=O)C[C@H](O)C[C@H](O)/C=C/c1c(C(C)C)nc(N(C)S(C)(=O)=O)nc1-c1ccc(F)cc1
CN(C)C/C=C/C(=O)Nc1cc2c(Nc3ccc(F)c(Cl)c3)ncnc2cc1O[C@H]1CCOC1
C[NH+](C)CCC=C1c2ccccc2CCc2ccccc21
CC[N+](CC)(CC)CCOc1cccc(OCC[N+](CC)(CC)CC)c1
C[n+]1cccc(C(=O)[O-])c1
O=C([O-])[C@@H]1CCC[NH2+]1
O=[N+]([O-])c1ccc(Cl)c(NC(=O)c2cc([N+](=O)[O-])cs2)c1
OC[C@H]1O[C@@H](n2ccc(N=[N+]=[N-])nc2=O)[C@H](O)[C@@H]1O
[C-]#[N+]CC1CCCCC1
C[S@@](=O)Cc1nc2cc(OC)ccc2[nH]1
CP(=O)(O)OC1CCCCC1
OB(O)c1ccc(CN2CCOCC2)cc1
C[Si](C)(C)CCOCn1ccc2ncncc21
CCSc1nnc(SCC(=O)N2CCSCC2)s1
N#Cc1ccc(C(=O)/N=C/c2ccccc2O)cc1
C1CC2(C1)CCN(CC1CC1)CC2
C1C2CC3CC1CC(C2)(C3)NCc1ccccn1
C#CCN(C)C1CCc2ccccc21
FC(F)(F)C(F)(F)c1nc2ccccc2o1
Ic1ccc(CNC2=NCCO2)cc1
O=c1[nH]c(=O)c2ccccc2[nH]1
c1ccc2c(c1)[nH]c1ccccc12
c1ccc2cc3ccccc3cc2c1
CC1=C(C(=O)OC)C(c2ccccc2Cl)C(C(=O)OCC)=C(COCCN)N1
CCCCCCCCCC(=O)NC(CO)CO
C1CCCCCCCCCC(=O)OCC1
CC(C)=CCCC(C)=CCO
CC12CCC(CC1)C(C)(C)O2
NS(=O)(=O)c1cc2c(cc1Cl)NCNS2(=O)=O
O=C1c2ccccc2C(=O)N1CCBr
NC(N)=NC(=O)c1nc(Cl)c(N)nc1N
C[C@@H]1CC(Nc2cncc(-c3nncn3C)c2)C[C@@H](C)C1
[2H]C([2H])([2H])Oc1ccccc1OC
NCCO
C=O
C
"""
MOLECULES = _LISTED.split()
KINDS = tuple(MUTATIONS)
FLAT = [text for text in MOLECULES if not set("@/\\") & set(text)]

a_molecule = st.sampled_from(MOLECULES)
a_seed = st.integers(0, 2**32 - 1)
quick = settings(max_examples=60, deadline=None)


def lawful(child: str, cap: int) -> bool:
    """One canonical molecule, whole, without radicals, within the cap."""
    molecule = Chem.MolFromSmiles(child)
    assert molecule is not None
    assert Chem.MolToSmiles(molecule) == child == canonical(child)[0]
    assert len(Chem.GetMolFrags(molecule)) == 1
    assert not any(atom.GetNumRadicalElectrons() for atom in molecule.GetAtoms())
    return 0 < molecule.GetNumHeavyAtoms() <= cap


def counts(smiles: str) -> tuple[int, int, int]:
    """Heavy atoms, hydrogens, independent cycles."""
    molecule = Chem.AddHs(Chem.MolFromSmiles(smiles))
    heavy = sum(atom.GetAtomicNum() > 1 for atom in molecule.GetAtoms())
    return heavy, molecule.GetNumAtoms() - heavy, molecule.GetNumBonds() - molecule.GetNumAtoms() + 1


def elements(smiles: str) -> Counter[str]:
    return Counter(atom.GetSymbol() for atom in Chem.MolFromSmiles(smiles).GetAtoms())


def test_there_are_fifty_molecules() -> None:
    assert len({canonical(text)[0] for text in MOLECULES} - {None}) == 50


def mutate(
    smiles: str, rng: np.random.Generator, kinds: Sequence[str] = KINDS, max_heavy_atoms: int = 60
) -> str | None:
    child = _mutant(read(smiles), rng, kinds, max_heavy_atoms)
    return child.smiles if child else None


def crossover(a: str, b: str, rng: np.random.Generator, max_heavy_atoms: int = 60) -> str | None:
    child = _cross(read(a), read(b), rng, max_heavy_atoms)
    return child.smiles if child else None


@quick
@given(a_molecule, st.sampled_from(KINDS), a_seed, st.integers(1, 60))
def test_mutants_are_lawful_and_differ_as_their_kind_says(
    parent: str, kind: str, seed: int, cap: int
) -> None:
    child = mutate(parent, np.random.default_rng(seed), kinds=[kind], max_heavy_atoms=cap)
    if child is None:
        return
    assert child != canonical(parent)[0]
    assert lawful(child, cap)
    heavy, hydrogens, rings = (new - old for new, old in zip(counts(child), counts(parent), strict=True))
    swapped = sum((elements(child) - elements(parent)).values())
    assert {
        "append_atom": (heavy, rings) == (1, 0),
        "insert_atom": (heavy, rings) == (1, 0),
        "delete_atom": heavy == -1 and rings in (0, -1),
        "change_bond": heavy == rings == swapped == 0 and hydrogens in (-4, -2, 2, 4),
        "change_atom": heavy == rings == 0 and swapped == 1,
        "close_ring": (heavy, hydrogens, rings, swapped) == (0, -2, 1, 0),
        "open_ring": heavy == swapped == 0 and rings == -1 and hydrogens in (2, 4, 6),
    }[kind]


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_occurs_and_nearly_always_finds_a_place(kind: str) -> None:
    rng = np.random.default_rng(0)
    made = [mutate(parent, rng, kinds=[kind]) for parent in MOLECULES]
    share = {"open_ring": 0.8, "close_ring": 0.6}.get(
        kind, 0.9
    )  # some have no ring, some no room for another
    assert sum(child is not None for child in made) >= share * len(MOLECULES)


def test_all_kinds_occur_in_a_plain_mutation() -> None:
    rng = np.random.default_rng(0)
    changes = {
        tuple(new - old for new, old in zip(counts(child), counts("CCC1CCNC1"), strict=True))
        for child in (mutate("CCC1CCNC1", rng) for _ in range(300))
        if child
    }
    # grown; shrunk; unsaturated; another element with more, fewer hydrogens; a ring more; a ring less
    assert {(1, 2, 0), (-1, -2, 0), (0, -2, 0), (0, 1, 0), (0, -1, 0), (0, -2, 1), (0, 2, -1)} <= changes


@quick
@given(a_molecule, a_molecule, a_seed, st.integers(1, 60))
def test_crosses_are_lawful_and_hold_atoms_of_both(a: str, b: str, seed: int, cap: int) -> None:
    labelled = Chem.MolFromSmiles(a)
    for atom in labelled.GetAtoms():
        atom.SetIsotope(200)
    child = crossover(Chem.MolToSmiles(labelled), b, np.random.default_rng(seed), max_heavy_atoms=cap)
    if child is None:
        return
    assert lawful(child, cap)
    atoms = [atom.GetIsotope() == 200 for atom in Chem.MolFromSmiles(child).GetAtoms()]
    assert any(atoms)
    assert not all(atoms)
    assert len(atoms) >= SMALLEST_SHARE * min(labelled.GetNumAtoms(), Chem.MolFromSmiles(b).GetNumAtoms())


def test_most_pairs_of_molecules_can_be_crossed() -> None:
    rng = np.random.default_rng(0)
    pairs = [rng.choice(MOLECULES[:40], 2, replace=False) for _ in range(60)]
    assert sum(crossover(str(a), str(b), rng) is not None for a, b in pairs) > 50


@quick
@given(st.lists(st.sampled_from(FLAT), min_size=1, max_size=4), a_seed)
def test_no_stereochemistry_is_invented(parents: list[str], seed: int) -> None:
    for child in GraphEdits()(parents, 5, np.random.default_rng(seed)):
        assert not set("@/\\") & set(child)


@quick
@given(
    st.lists(a_molecule, min_size=1, max_size=5),
    st.integers(0, 6),
    st.sampled_from([0.0, 0.5, 1.0]),
    st.sampled_from([10, 30, 60]),
    a_seed,
)
def test_children_are_distinct_lawful_and_no_parents(
    parents: list[str], n: int, rate: float, cap: int, seed: int
) -> None:
    propose = GraphEdits(mutation_rate=rate, max_heavy_atoms=cap)
    children = propose(parents, n, np.random.default_rng(seed))
    assert len(children) <= n
    assert len(set(children)) == len(children)
    assert not {canonical(parent)[0] for parent in parents} & set(children)
    assert all(lawful(child, cap) for child in children)
    assert propose(parents, n, np.random.default_rng(seed)) == children


def test_no_child_is_another_parent_either() -> None:
    parents = ["CC", "C", "OC", "CN", "CCC", "C=C", "CF"]
    children = GraphEdits()(parents, 60, np.random.default_rng(0))
    assert len(children) > 30
    assert not {"CC", "C", "CO", "CN", "CCC", "C=C", "CF"} & set(children)


def test_other_seeds_make_other_children() -> None:
    propose = GraphEdits()
    first, second = (propose(MOLECULES, 30, np.random.default_rng(seed)) for seed in (0, 1))
    assert len(first) == len(second) == 30
    assert first != second


def test_attempts_are_bounded() -> None:
    assert 10 < len(GraphEdits(mutation_rate=1.0)(["C"], 60, np.random.default_rng(0))) < 30
    assert GraphEdits(mutation_rate=0.0, attempts=1)(["C", "N"], 5, np.random.default_rng(0)) == []


@pytest.mark.parametrize("rate", [0.0, 1.0])
def test_the_mutation_rate_decides_between_mutants_and_crosses(rate: float) -> None:
    parents = ["C" * 20, "[15NH2]" + "C" * 19]  # a child with neither 20 atoms nor 19 nor 21 is a cross
    propose = GraphEdits(mutation_rate=rate, mutate_crosses=0.0)
    sizes = {
        Chem.MolFromSmiles(child).GetNumAtoms() for child in propose(parents, 30, np.random.default_rng(0))
    }
    assert (sizes <= {19, 20, 21}) == (rate == 1.0)


def test_crosses_can_be_mutated_too() -> None:
    parents = ["CCCCCC", "CCCCCCCC"]  # crosses of alkanes are alkanes
    for rate in (0.0, 1.0):
        propose = GraphEdits(mutation_rate=0.0, mutate_crosses=rate)
        made = [set(child) == {"C"} for child in propose(parents, 20, np.random.default_rng(0))]
        assert made
        assert all(made) == (rate == 0.0)


def test_weights_decide_who_has_children() -> None:
    parents = ["[15NH2]CCCCCC", "[13CH3]CCCCCC"]
    propose = GraphEdits(mutation_rate=1.0)
    only = propose(parents, 40, np.random.default_rng(0), weights=[0.0, 2.0])
    assert not any("15" in child for child in only)
    uneven = propose(parents, 40, np.random.default_rng(0), weights=[9.0, 1.0])
    assert sum("15" in child for child in uneven) > 2 * sum("13" in child for child in uneven) > 0


def test_no_log_is_written(capfd: pytest.CaptureFixture[str]) -> None:
    rdBase.LogToPythonStderr()
    try:
        GraphEdits()(MOLECULES, 50, np.random.default_rng(0))
    finally:
        rdBase.LogToCppStreams()
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda rng: GraphEdits()(["C1CC"], 3, rng), "SMILES of a molecule"),
        (lambda rng: GraphEdits()(["CC", "nonsense"], 3, rng), "'nonsense'"),
        (lambda rng: GraphEdits()([], 3, rng), "one SMILES or more"),
        (lambda rng: GraphEdits()("CCO", 3, rng), "one SMILES or more"),
        (lambda rng: GraphEdits()(["CCO"], -1, rng), "n must be 0 or more"),
        (lambda rng: GraphEdits()(["CCO"], 3, rng, weights=[1.0, 2.0]), "one weight a parent"),
        (lambda rng: GraphEdits()(["CCO"], 3, rng, weights=[0.0]), "above 0"),
        (lambda rng: GraphEdits()(["CCO"], 3, rng, weights=[float("nan")]), "finite"),
        (lambda rng: GraphEdits(mutation_rate=1.5), "mutation_rate is a probability"),
        (lambda rng: GraphEdits(mutate_crosses=-0.1), "mutate_crosses is a probability"),
        (lambda rng: GraphEdits(attempts=0), "attempts must be at least 1"),
        (lambda rng: GraphEdits(max_heavy_atoms=0), "max_heavy_atoms must be at least 1"),
    ],
)
def test_mistakes_are_named(call, message: str) -> None:
    with pytest.raises(InputError, match=message):
        call(np.random.default_rng(0))
