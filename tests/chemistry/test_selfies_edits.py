"""Laws of SELFIES edits."""

from __future__ import annotations

import numpy as np
import pytest
import selfies
from hypothesis import given, settings
from hypothesis import strategies as st
from rdkit import Chem

from latentbo.chemistry.selfies_edits import edit_selfies
from latentbo.codecs.molecules import canonical
from latentbo.errors import InputError

ALPHABET = sorted(selfies.get_semantic_robust_alphabet())
_LISTED = """
CC(=O)Oc1ccccc1C(=O)O
C[C@@H](N)C(=O)[O-]
Cc1ccc(-c2cc(C(F)(F)F)nn2-c2ccc(S(N)(=O)=O)cc2)cc1
N[C@@H](CC(=O)N1CCn2c(C1)nnc2C(F)(F)F)Cc1cc(F)c(F)cc1F
COc1ccc2[C@H]3CC[C@@]4(C)[C@@H](CC[C@@]4(O)C#C)[C@@H]3CCc2c1
O=[N+]([O-])c1ccc(Cl)c(NC(=O)/C=C/c2cccs2)c1
C[NH+](C)CCC=C1c2ccccc2CCc2ccccc21
NCCO
C
"""
MOLECULES = _LISTED.split()


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(MOLECULES), st.integers(0, 2**32 - 1), st.integers(1, 60))
def test_children_are_whole_canonical_molecules(parent: str, seed: int, cap: int) -> None:
    alphabet = [
        *ALPHABET,
        "[C@H1]",
        "[C@@H1]",
        "[NH1]",
        "[CH1]",
        ".",
    ]  # some leave radicals, one cuts in pieces
    alphabet.remove(".")
    child = edit_selfies(parent, alphabet, np.random.default_rng(seed), max_heavy_atoms=cap)
    assert child == edit_selfies(parent, alphabet, np.random.default_rng(seed), max_heavy_atoms=cap)
    if child is None:
        return
    molecule = Chem.MolFromSmiles(child)
    assert child not in (parent, canonical(parent)[0])
    assert Chem.MolToSmiles(molecule) == child == canonical(child)[0]
    assert len(Chem.GetMolFrags(molecule)) == 1
    assert not any(atom.GetNumRadicalElectrons() for atom in molecule.GetAtoms())
    assert 0 < molecule.GetNumHeavyAtoms() <= cap


def children(parent: str, alphabet: list[str], **options) -> set[str | None]:
    rng = np.random.default_rng(0)
    return {edit_selfies(parent, alphabet, rng, **options) for _ in range(60)}


def test_one_symbol_is_replaced_inserted_or_deleted() -> None:
    assert children("CCO", ["[N]"]) == {"CC", "CO", "NCO", "CNO", "CCN", "CCON", "CCNO", "CNCO", "NCCO"}
    assert children("C", ["[N]"]) == {"N", "CN"}


def test_nearly_every_molecule_has_a_child() -> None:
    rng = np.random.default_rng(0)
    made = [edit_selfies(parent, ALPHABET, rng) for parent in MOLECULES * 5]
    assert all(made)
    assert len(set(made)) > 30


def test_the_rest_of_the_molecule_keeps_its_stereocentres() -> None:
    assert "C[C@H](N)C(=O)F" in children("C[C@H](N)C(=O)O", ["[F]"])


def test_atoms_short_of_bonds_get_hydrogens() -> None:
    made = children("CCC", ["[CH0]", "[C@@H1]"])
    assert made
    assert None not in made
    assert not any("[C" in child for child in made if child)


def test_weights_choose_the_symbols() -> None:
    assert children("C", ["[N]", "[O]"], weights=[0.0, 1.0]) == {"O", "CO"}
    assert children("C", ["[N]", "[O]"]) == {"N", "CN", "O", "CO"}
    assert children("C", ["[N]", "[N]", "[O]"], weights=[1.0, 0.0, 0.0]) == {"N", "CN"}


def test_nothing_comes_of_a_cap_or_of_a_molecule_without_selfies() -> None:
    assert children("CCCC", ["[C]"], max_heavy_atoms=2) == {None}
    assert children("FS(F)(F)(F)(F)Cl", ["[C]"]) != {None}
    assert children("FI(F)F", ["[C]"]) == {None}


@pytest.mark.parametrize(
    ("alphabet", "weights", "message"),
    [
        ([], None, "one SELFIES symbol or more"),
        (["C"], None, "'C' is no SELFIES symbol"),
        (["[C][N]"], None, "no SELFIES symbol"),
        (["[hello]"], None, "no SELFIES symbol"),
        ("[C]", None, "no SELFIES symbol"),
        (["[C]"], [1.0, 2.0], "one weight a symbol"),
        (["[C]", "[N]"], [1.0, -2.0], "not negative"),
        (["[C]"], [0.0], "above 0"),
    ],
)
def test_mistakes_are_named(alphabet: list[str], weights: list[float] | None, message: str) -> None:
    with pytest.raises(InputError, match=message):
        edit_selfies("CCO", alphabet, np.random.default_rng(0), weights=weights)


def test_a_string_that_is_no_molecule_is_refused() -> None:
    with pytest.raises(InputError, match="SMILES of a molecule"):
        edit_selfies("C1CC", ["[C]"], np.random.default_rng(0))
