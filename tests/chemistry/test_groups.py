"""What molecules are made of, against hand counts."""

from __future__ import annotations

from latentbo.chemistry.groups import Groups, atom_counts, group_counts


def test_atoms_with_hydrogens() -> None:
    assert atom_counts("CCO") == {"C": 2, "O": 1, "H": 6}
    assert atom_counts("C[N+](=O)[O-]") == {"C": 1, "N": 1, "O": 2, "H": 3}


def test_bonds_and_rings() -> None:
    assert group_counts("CC#N") == {"C": 2, "N": 1, "H": 3, "C-C": 1, "C#N": 1, "C-H": 3}
    assert group_counts("c1ccoc1") == {"C": 4, "O": 1, "H": 4, "C:C": 3, "C:O": 2, "C-H": 4, "ring 5": 1}
    assert group_counts("C1CC12CC2")["ring 3"] == 2
    assert group_counts("OCC") == group_counts("CCO")


def test_a_list_counts_what_it_knows() -> None:
    groups = Groups.of(["CCO", "CC#N"])
    assert groups.names == ("C", "C#N", "C-C", "C-H", "C-O", "H", "N", "O", "O-H")
    assert groups(["CCO", "CF"]).tolist() == [[2, 0, 1, 5, 1, 6, 0, 1, 1], [1, 0, 0, 3, 0, 3, 0, 0, 0]]
    assert Groups.of(["CCO"], atoms_only=True).names == ("C", "H", "O")
    assert groups([]).shape == (0, 9)
