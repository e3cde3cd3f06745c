"""Molecules are laid out for editing, and read back, without a change."""

from __future__ import annotations

import pytest
from rdkit import Chem

from latentbo.chemistry.graphs import child_of, finish, loosened, read
from latentbo.errors import InputError

PLAIN = "c1cc[nH]c1 C[n+]1cc[nH]c1 C[C@H](N)C(=O)[O-] C[S@](=O)CC F/C=C/Cl [C-]#[N+]C CS(C)(=O)=O"
ODD = "C[SH2]C C[SiH2]C C[Si](C)(C)C [13CH3]O [2H]C([2H])C CB(O)O O=[PH](O)O"


@pytest.mark.parametrize("smiles", [*PLAIN.split(), *ODD.split()])
def test_loosening_changes_no_molecule(smiles: str) -> None:
    graph = read(smiles)
    again = finish(loosened(graph.molecule), 60)
    assert again is not None
    assert again.smiles == graph.smiles == Chem.CanonSmiles(smiles)


@pytest.mark.parametrize(("radical", "molecule"), [("C[CH]C", "CCC"), ("[O]C", "CO"), ("C[C@H]CO", "CCCO")])
def test_loosening_saturates_radicals(radical: str, molecule: str) -> None:
    raw = Chem.MolFromSmiles(radical)
    assert finish(Chem.RWMol(raw), 60) is None
    saturated = finish(loosened(raw), 60)
    assert saturated is not None
    assert saturated.smiles == molecule


def test_finish_refuses_what_is_no_molecule() -> None:
    assert finish(Chem.RWMol(), 60) is None
    assert finish(Chem.RWMol(Chem.MolFromSmiles("CC.O")), 60) is None
    assert finish(Chem.RWMol(Chem.MolFromSmiles("CF(C)", sanitize=False)), 60) is None
    chain = Chem.RWMol(Chem.MolFromSmiles("OCC"))
    assert finish(chain, 2) is None
    child = finish(chain, 3)
    assert child is not None
    assert child.smiles == "CCO"
    assert child_of(Chem.RWMol(child.kekule), (child,), 60) is None, "a child is not its parent"


def test_reading_takes_the_largest_piece_and_refuses_nonsense() -> None:
    assert read("OCC.Cl").smiles == "CCO"
    for nonsense in ("", "C1CC", "CC O"):
        with pytest.raises(InputError, match="a parent must be the SMILES"):
            read(nonsense)
