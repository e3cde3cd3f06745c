"""A bond that is cut leaves its place to what comes next; `test_mutations` has the geometry of what is made."""

from __future__ import annotations

from rdkit import Chem

from latentbo.chemistry.bonds import release
from latentbo.chemistry.graphs import finish, loosened


def test_release_leaves_a_hydrogen_in_the_place_of_a_ligand() -> None:
    for lost in ("F", "Cl", "Br", "I"):
        molecule = Chem.RWMol(loosened(Chem.MolFromSmiles("F[C@](Cl)(Br)I")))
        ligand = next(atom.GetIdx() for atom in molecule.GetAtoms() if atom.GetSymbol() == lost)
        centre = molecule.GetAtomWithIdx(ligand).GetNeighbors()[0].GetIdx()
        release(molecule, ligand, centre)
        molecule.RemoveAtom(ligand)
        child = finish(molecule, 60)
        assert child is not None
        assert child.smiles == Chem.CanonSmiles("F[C@](Cl)(Br)I".replace(lost, "[H]"))
