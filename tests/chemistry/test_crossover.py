"""Crosses against RDKit's own cutting and joining."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from rdkit import Chem

from latentbo.chemistry.crossover import SMALLEST_SHARE, cross_chains, cross_rings
from latentbo.chemistry.graphs import child_of, read


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("C[C@](F)(CCl)CO", "N[C@@H](C)C/C=C/C"),
        ("CC/C(C)=C(/F)CN", "O/C=C\\CCl"),
        ("C/C=C/O", "N/C(C)=N\\OC"),
    ],
)
def test_chain_crosses_are_those_of_an_independent_joiner(first: str, second: str) -> None:
    """RDKit's own cutting and zipping, over all cuts of two molecules with stereochemistry."""
    a, b = read(first), read(second)
    unlikely = Chem.MolFromSmarts("[$([F,Cl][N,O,S,F,Cl]),$(OO)]")
    least = SMALLEST_SHARE * min(len(a.elements), len(b.elements))
    expected = set()
    for x, y in product(_halves(a.molecule), _halves(b.molecule)):
        joined = Chem.MolFromSmiles(Chem.MolToSmiles(Chem.molzip(x, y)))
        if not joined.HasSubstructMatch(unlikely) and joined.GetNumAtoms() >= least:
            expected.add(Chem.MolToSmiles(joined))
    expected -= {a.smiles, b.smiles}
    rng = np.random.default_rng(0)
    made = {child.smiles for _ in range(1_500) if (child := child_of(cross_chains(a, b, rng), (a, b), 60))}
    assert {child for child in made if not _conjugated(child)} == {x for x in expected if not _conjugated(x)}


def _conjugated(smiles: str) -> bool:
    """Where double bonds disagree about the direction of the bond between, either joiner leaves one open."""
    return Chem.MolFromSmiles(smiles).HasSubstructMatch(Chem.MolFromSmarts("*=*-*=*"))


def test_conjugated_crosses_are_left_open_rather_than_turned() -> None:
    a, b = read("C/C=C/O"), read("N/C(C)=N\\OC")
    joined, turned = (Chem.MolFromSmiles(x) for x in ("C/C=C/C(C)=N\\OC", "C/C=C/C(C)=N/OC"))
    rng = np.random.default_rng(0)
    made = {child.smiles for _ in range(1_500) if (child := child_of(cross_chains(a, b, rng), (a, b), 60))}
    alike = [x for x in map(Chem.MolFromSmiles, made) if turned.HasSubstructMatch(x) and x.GetNumAtoms() == 8]
    assert alike
    assert not turned.HasSubstructMatch(joined, useChirality=True)
    assert all(joined.HasSubstructMatch(x, useChirality=True) for x in alike)


def _halves(molecule: Chem.Mol) -> list[Chem.Mol]:
    halves: list[Chem.Mol] = []
    for bond in molecule.GetBonds():
        if bond.GetBondType() == Chem.BondType.SINGLE:
            cut = Chem.FragmentOnBonds(molecule, [bond.GetIdx()], dummyLabels=[(0, 0)])
            for atom in cut.GetAtoms():
                atom.SetAtomMapNum(0 if atom.GetAtomicNum() else 1)
            halves += Chem.GetMolFrags(cut, asMols=True)
    return halves


def test_ring_crosses_mend_aromatic_rings() -> None:
    a, b = read("Fc1ccccc1"), read("Clc1ccncc1")
    rng = np.random.default_rng(0)
    made = {child.smiles for _ in range(400) if (child := child_of(cross_rings(a, b, rng), (a, b), 60))}
    assert {"Fc1ccncc1", "Fc1ccc(Cl)cc1"} <= made
    rings = [read(child).rings for child in made]
    assert {len(ring) for (ring,) in rings} == {5, 6}
