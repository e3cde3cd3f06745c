"""Laws of the single mutations, on molecules small enough to say beforehand what may come out."""

from __future__ import annotations

import numpy as np
import pytest
from rdkit import Chem
from rdkit.Chem import rdMolDescriptors

from latentbo.chemistry.graphs import LARGEST_RING, child_of, finish, read
from latentbo.chemistry.mutations import MUTATIONS


def children(kind: str, smiles: str, draws: int = 300) -> set[str]:
    """All that one kind of mutation makes of a molecule in so many draws."""
    rng, graph = np.random.default_rng(0), read(smiles)
    made = (child_of(MUTATIONS[kind](graph, rng), (graph,), 60) for _ in range(draws))
    return {child.smiles for child in made if child is not None}


def spelled(*smiles: str) -> set[str]:
    return set(map(Chem.CanonSmiles, smiles))


@pytest.mark.parametrize(
    ("kind", "parent", "expected"),
    [
        ("append_atom", "C#N", "CC#N NC#N OC#N FC#N PC#N SC#N ClC#N BrC#N"),
        ("append_atom", "FC(F)(F)F", ""),
        ("insert_atom", "FCl", "FCCl FPCl"),  # nobody keeps a halogen on N, O or S
        ("insert_atom", "CC", "CCC CNC COC CSC CPC C=CC C=NC C#CC"),
        ("delete_atom", "CCO", "CC CO"),
        ("delete_atom", "CN(C)C", "CNC CCC"),  # without the nitrogen, one carbon takes over the others
        ("delete_atom", "FC(Cl)Br", "FCCl FCBr ClCBr"),  # no halogen takes over another
        ("delete_atom", "C1CO1", "CC CO"),
        ("delete_atom", "C", ""),
        ("change_bond", "CC", "C=C C#C"),
        ("change_bond", "CC#N", "CC=N CCN"),
        ("change_bond", "C1CCC1", ""),  # a double bond would strain the ring
        ("change_bond", "CF", ""),
        ("change_atom", "CF", "CC CN CO CP CS CCl CBr FP"),
        ("change_atom", "C=C", "C=N C=O C=S"),
        ("change_atom", "C=[NH2+]", "C=C C=O C=S N=[NH2+] O=[NH2+] S=[NH2+]"),  # the new atom is neutral
        ("change_atom", "[2H]C", "[2H]N [2H]O [2H]F [2H]P [2H]S [2H]Cl [2H]Br"),  # a deuterium is a hydrogen
        ("delete_atom", "[2H]C", ""),
        ("close_ring", "CCC", "C1CC1"),
        ("close_ring", "OCO", ""),  # nor a peroxide
        ("close_ring", "CCc1ccccc1", "c1ccc2c(c1)CC2"),  # fused, but not over meta or para
        ("close_ring", "C1CCCCC1", ""),
        ("open_ring", "C1CCCN1", "CCCCN CCCNC CCNCC"),
        ("open_ring", "C1CC2CCC12", "CCC1CCC1 CC1CCC1C"),
        ("open_ring", "CCO", ""),
    ],
)  # fmt: skip
def test_the_children_of_small_molecules_are_these(kind: str, parent: str, expected: str) -> None:
    assert children(kind, parent) == spelled(*expected.split())


def test_sulfur_is_oxidised_twice_and_no_further() -> None:
    assert "CS(C)=O" in children("append_atom", "CSC")
    assert "CS(C)(=O)=O" in children("append_atom", "CS(C)=O")
    for parent in ("CS(C)(=O)=O", "c1ccsc1", "CS", "CC(C)=S", "C[S+](C)C"):
        grown = children("append_atom", parent)
        assert grown
        assert not any(_oxygens_on_sulfur(child) > _oxygens_on_sulfur(parent) for child in grown)


def _oxygens_on_sulfur(smiles: str) -> int:
    return len(Chem.MolFromSmiles(smiles).GetSubstructMatches(Chem.MolFromSmarts("[#16]=O")))


@pytest.mark.parametrize(
    ("kind", "parent", "expected"),
    [
        # what is expected is the parent's string with one ligand of the centre written anew in its place
        ("append_atom", "C[C@]([H])(F)CCl", "C[C@](O)(F)CCl C[C@](C)(F)CCl C[C@](Br)(F)CCl"),
        ("append_atom", "C[C@](N)(F)CCl", "C[C@](NC)(F)CCl C[C@](N)(F)C(O)Cl CC[C@](N)(F)CCl"),
        ("insert_atom", "C[C@](F)(CCl)O", "CC[C@](F)(CCl)O C[C@](CF)(CCl)O"),
        ("insert_atom", "C[C@](F)(CCl)O", "C[C@](F)(CCCl)O C[C@](F)(CCl)CO"),
        ("delete_atom", "CC[C@](F)(CCl)CO", "C[C@](F)(CCl)CO CC[C@]([H])(CCl)CO CC[C@](F)(Cl)CO"),
        ("delete_atom", "CC[C@](F)(CCl)CO", "CC[C@](F)(CCl)O CC[C@](F)(CCl)C CC[C@](F)(C)CO"),
        ("change_atom", "CO[C@](F)(CCl)CC", "CS[C@](F)(CCl)CC CO[C@](F)(CCl)CN CO[C@](Cl)(CCl)CC"),
        ("close_ring", "C[C@](F)(CCOC)O", "C1[C@](F)(CCOC1)O C[C@]1(F)CCOCO1 C1[C@](F)(C1COC)O"),
        ("open_ring", "C[C@@]1(F)CCCO1", "C[C@@]([H])(F)CCCO C[C@@](OC)(F)CC"),
        ("change_bond", "C[C@](F)(CCC)O", "C[C@](F)(C=CC)O C[C@](F)(CC=C)O"),
    ],
)  # fmt: skip
def test_new_ligands_stand_where_the_old_ones_stood(kind: str, parent: str, expected: str) -> None:
    made = children(kind, parent, draws=400)
    for child in expected.split():
        mirrored = child.replace("@@", "?").replace("@", "@@").replace("?", "@")
        assert Chem.CanonSmiles(child) in made
        assert Chem.CanonSmiles(mirrored) not in made or Chem.CanonSmiles(mirrored) == Chem.CanonSmiles(child)


@pytest.mark.parametrize(
    ("kind", "parent", "expected"),
    [
        ("append_atom", "C/C=C/CCO", "C/C=C/CC(O)O C/C=C/CCON C/C=C(C)/CCO C/C(O)=C/CCO"),
        ("insert_atom", "C/C=C\\CF", "CC/C=C\\CF C/C=C\\OCF C/C=C\\CCF"),
        ("delete_atom", "CC/C=C(/C)CF", "C/C=C(/C)CF CC/C=C(/C)F"),
        ("change_atom", "CO/C=C/CC", "CS/C=C/CC CO/C=C/CO CO/C=N/CC"),
        ("open_ring", "C/C=C/C1CCC1", "C/C=C/CCCC"),
    ],
)
def test_double_bonds_keep_their_geometry(kind: str, parent: str, expected: str) -> None:
    made = children(kind, parent, draws=400)
    allowed = spelled(*expected.split())
    turned = {Chem.CanonSmiles(_turned(child)) for child in allowed}
    assert allowed <= made
    assert not turned & made


def _turned(smiles: str) -> str:
    """The other isomer: the first mark belongs to the first atom of the double bond, and changes sides."""
    mark = "/" if smiles.find("\\") < 0 or 0 <= smiles.find("/") < smiles.find("\\") else "\\"
    return smiles.replace(mark, {"/": "\\", "\\": "/"}[mark], 1)


CHARGED = ("C[NH+](C)CCC(=O)[O-]", "CC[n+]1ccccc1C", "[N-]=[N+]=NCCCC", "C1C[NH2+]CCN1", "CC(C)O[N+](=O)[O-]")


@pytest.mark.parametrize("kind", ["append_atom", "insert_atom", "change_bond", "close_ring", "open_ring"])
@pytest.mark.parametrize("parent", CHARGED)
def test_charges_stay(kind: str, parent: str) -> None:
    for child in children(kind, parent, draws=60):
        assert _charges(child) == _charges(parent)


def _charges(smiles: str) -> list[tuple[str, int]]:
    atoms = Chem.MolFromSmiles(smiles).GetAtoms()
    return sorted((atom.GetSymbol(), atom.GetFormalCharge()) for atom in atoms if atom.GetFormalCharge())


def test_opposite_charges_come_and_go_together() -> None:
    nitro = Chem.MolFromSmarts("[*][N+](=O)[O-]")
    for kind in MUTATIONS:
        for child in children(kind, "CCc1ccc([N+](=O)[O-])cc1", draws=60):
            assert Chem.MolFromSmiles(child).HasSubstructMatch(nitro) or "+" not in child
    assert "CCc1ccc(N=O)cc1" in children("delete_atom", "CCc1ccc([N+](=O)[O-])cc1")
    assert "c1ccncc1" in children("delete_atom", "[O-][n+]1ccccc1")


def test_large_and_strained_rings_are_not_made() -> None:
    assert children("insert_atom", "C1CCCCCC1") == set(), LARGEST_RING
    assert children("insert_atom", "C1CCCCC1")
    assert children("change_atom", "C1CCCCCCCCC1"), "a parent's own large ring may stay"
    assert children("change_atom", "C1=CC1CC"), "and so may its strain"
    rng, cyclohexene = np.random.default_rng(0), read("C1=CCCCC1")
    dienes = [
        finish(edited, 60) for _ in range(100) if (edited := MUTATIONS["change_bond"](cyclohexene, rng))
    ]
    assert dienes
    assert not any(child is None or child.strained for child in dienes), "no such place is even proposed"
    assert "c1cc2cc-2c1" not in children("close_ring", "Cc1ccccc1")


@pytest.mark.parametrize("parent", ["CCOc1ccc(CCN)cc1", "CCCC1CCC2(CC1)CCCC2", "CCCc1cccc2ccccc12"])
def test_new_rings_are_no_bridges(parent: str) -> None:
    grown = children("close_ring", parent)
    assert grown
    assert not any(rdMolDescriptors.CalcNumBridgeheadAtoms(Chem.MolFromSmiles(child)) for child in grown)


def test_edits_leave_the_parent_alone() -> None:
    graph = read("C[C@H](F)c1cc([N+](=O)[O-])c[nH]1")
    before = Chem.MolToSmiles(graph.kekule)
    for kind in MUTATIONS:
        children(kind, graph.smiles, draws=50)
    assert Chem.MolToSmiles(graph.kekule) == before
    assert graph is read(graph.smiles)
