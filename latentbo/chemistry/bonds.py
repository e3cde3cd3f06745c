"""Bonds cut and made such that what surrounds them stays as it was: chirality, and the sides of double bonds."""

from __future__ import annotations

from rdkit import Chem

from latentbo.chemistry.graphs import ORDER

BOND = {order: bond for bond, order in ORDER.items()}
SIDES = (Chem.BondDir.ENDDOWNRIGHT, Chem.BondDir.ENDUPRIGHT)  # of a double bond next to it
VACANT = "vacant"  # the side where an atom next to a double bond has lost a ligand


def release(molecule: Chem.RWMol, i: int, j: int) -> None:
    """Cut a bond such that what comes next to either atom, a bond or else a hydrogen, stands where it stood.

    RDKit's chiral tags go by the order of an atom's bonds, in which a new bond is last, as an implicit
    hydrogen is. The side of a double bond is noted for `attach`.
    """
    cut = molecule.GetBondBetweenAtoms(i, j)
    for here, there in ((i, j), (j, i)):
        atom = molecule.GetAtomWithIdx(here)
        if atom.GetChiralTag() != Chem.ChiralType.CHI_UNSPECIFIED:
            ligands = [bond.GetOtherAtomIdx(here) for bond in atom.GetBonds()]
            if (len(ligands) - 1 - ligands.index(there)) % 2:
                atom.InvertChirality()
        if cut.GetBondDir() in SIDES and _has_double_bond(atom):
            atom.SetBoolProp(VACANT, _points_up(cut, here))
    molecule.RemoveBond(i, j)


def attach(molecule: Chem.RWMol, i: int, j: int, order: int) -> None:
    """Bond two atoms, each on the side of its double bond where a released ligand was.

    Where the two atoms disagree about the direction of the bond, the geometry is left open.
    """
    molecule.AddBond(i, j, BOND[order])
    new = molecule.GetBondBetweenAtoms(i, j)
    upwards = set()
    for here in (i, j):
        atom = molecule.GetAtomWithIdx(here)
        if atom.HasProp(VACANT):
            upwards.add(atom.GetBoolProp(VACANT) == (here == i))
            atom.ClearProp(VACANT)
    if order != 1 or len(upwards) != 1:
        return
    new.SetBondDir(SIDES[upwards.pop()])
    for here in (i, j):
        atom = molecule.GetAtomWithIdx(here)
        sided = [bond for bond in atom.GetBonds() if bond.GetBondDir() in SIDES]
        if _has_double_bond(atom) and len({_points_up(bond, here) for bond in sided}) < len(sided):
            new.SetBondDir(Chem.BondDir.NONE)
            return


def _has_double_bond(atom: Chem.Atom) -> bool:
    return any(bond.GetBondType() == BOND[2] for bond in atom.GetBonds())


def _points_up(bond: Chem.Bond, here: int) -> bool:
    """Whether a bond with a direction rises from one of its atoms, as `/` in F/C=C rises to the carbon."""
    return (bond.GetBondDir() == SIDES[True]) == (bond.GetBeginAtomIdx() == here)
