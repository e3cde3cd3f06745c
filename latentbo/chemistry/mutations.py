"""Structural mutations of a molecule: those of Jensen's genetic algorithm (Chem. Sci. 2019, 10, 3567).

They are direct edits of the Kekulé graph instead of reaction SMARTS, drawn only from the places where valence
allows them. What differs from the original: a ligand that replaces another takes its place at a stereocentre,
charges stay, no new bond is one that nobody keeps in a bottle (`graphs.UNSTABLE`), elements are drawn by
`FREQUENCY`, sulfur can be oxidised, and rings close fused or spiro but never as a bridge.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from rdkit import Chem

from latentbo.chemistry.bonds import BOND, attach, release
from latentbo.chemistry.graphs import BR, CL, NEW_RINGS, F, Graph, N, O, S
from latentbo.rng import draw, pick

C, P = 6, 15
VALENCE = {C: 4, N: 3, O: 2, F: 1, P: 3, S: 2, CL: 1, BR: 1}
HIGHEST_ORDER = {C: 3, N: 3, O: 2, F: 1, P: 1, S: 2, CL: 1, BR: 1}
# Nearer to what drugs are made of than Jensen's even odds, which moreover leave out phosphorus.
FREQUENCY = {C: 0.40, N: 0.18, O: 0.18, F: 0.08, S: 0.06, CL: 0.06, BR: 0.02, P: 0.02}
NEW_ORDER = {1: 0.60, 2: 0.35, 3: 0.05}  # Jensen's, as is the next
CHANGED_ORDER = {1: 0.45, 2: 0.50, 3: 0.05}
RING_SIZE = dict(zip(NEW_RINGS, (0.05, 0.05, 0.40, 0.45, 0.05), strict=True))


def _element(rng: np.random.Generator, order: int, valence: int) -> int:
    """An element that forms bonds of an order, and has at least some valence."""
    return draw(
        rng, {z: x for z, x in FREQUENCY.items() if HIGHEST_ORDER[z] >= order and VALENCE[z] >= valence}
    )


def append_atom(graph: Graph, rng: np.random.Generator) -> Chem.RWMol | None:
    """A new atom in the place of one, two or three hydrogens, or an oxygen on sulfur."""
    order = draw(rng, NEW_ORDER)
    element = _element(rng, order, order)
    sites = [i for i, free in enumerate(graph.hydrogens) if free >= order and graph.bondable(i, element)]
    if (element, order) == (O, 2):
        sites += graph.oxidisable
    if not sites:
        return None
    out = Chem.RWMol(graph.kekule)
    new = out.AddAtom(Chem.Atom(element))
    out.AddBond(pick(rng, sites), new, BOND[order])
    return out


def insert_atom(graph: Graph, rng: np.random.Generator) -> Chem.RWMol | None:
    """A new atom between two bonded ones. A multiple bond becomes a single one on one side at least."""
    order = draw(rng, NEW_ORDER)
    element = _element(rng, order, order + 1)
    both_ways = [(i, j, old) for x, y, old in graph.free_bonds for i, j in ((x, y), (y, x))]
    places = [
        (i, j)
        for i, j, old in both_ways
        if graph.hydrogens[i] + old >= order and graph.bondable(i, element) and graph.bondable(j, element)
        if order < 3 or frozenset((i, j)) not in graph.ring_bonds
    ]
    if not places:
        return None
    i, j = pick(rng, places)
    out = Chem.RWMol(graph.kekule)
    release(out, i, j)
    new = out.AddAtom(Chem.Atom(element))
    attach(out, i, new, order)
    attach(out, j, new, 1)
    return out


def delete_atom(graph: Graph, rng: np.random.Generator) -> Chem.RWMol | None:
    """One atom less; one of its neighbours takes over its other bonds, as single ones."""
    if not graph.deletions:
        return None
    atom, hubs = pick(rng, graph.deletions)
    hub = pick(rng, hubs)
    out = Chem.RWMol(graph.kekule)
    for x in graph.neighbours[atom]:
        release(out, atom, x)
        if atom in graph.paired and x in graph.paired:
            out.GetAtomWithIdx(x).SetFormalCharge(0)
    for x in graph.neighbours[atom]:
        if x != hub and x not in graph.neighbours[hub]:
            attach(out, hub, x, 1)
    out.RemoveAtom(atom)
    return out


def change_bond(graph: Graph, rng: np.random.Generator) -> Chem.RWMol | None:
    """Another order of one bond, paid for or filled up with hydrogens."""
    order = draw(rng, CHANGED_ORDER)

    def fits(i: int, j: int, old: int) -> bool:
        if old == order or min(graph.hydrogens[i], graph.hydrogens[j]) < order - old:
            return False
        in_ring = frozenset((i, j)) in graph.ring_bonds
        return order == 1 or not in_ring or (order == 2 and not graph.doubled & {i, j})

    places = [(i, j) for i, j, old in graph.free_bonds if fits(i, j, old)]
    if not places:
        return None
    out = Chem.RWMol(graph.kekule)
    out.GetBondBetweenAtoms(*pick(rng, places)).SetBondType(BOND[order])
    return out


def change_atom(graph: Graph, rng: np.random.Generator) -> Chem.RWMol | None:
    """Another element, uncharged, at one atom."""
    element = draw(rng, FREQUENCY)

    def fits(atom: int) -> bool:
        around = graph.neighbours[atom]
        held = atom in graph.paired or any(x in graph.paired and order > 1 for x, order in around.items())
        if held or graph.elements[atom] in (1, element) or sum(around.values()) > VALENCE[element]:
            return False
        return all(
            graph.bondable(x, element) and order <= HIGHEST_ORDER[element] for x, order in around.items()
        )

    sites = [atom for atom in range(len(graph.elements)) if fits(atom)]
    if not sites:
        return None
    out = Chem.RWMol(graph.kekule)
    atom = out.GetAtomWithIdx(pick(rng, sites))
    atom.SetAtomicNum(element)
    atom.SetFormalCharge(0)
    atom.SetIsotope(0)
    atom.SetNumExplicitHs(0)
    atom.SetNoImplicit(False)
    return out


def close_ring(graph: Graph, rng: np.random.Generator) -> Chem.RWMol | None:
    """A new single bond that closes a ring of 3 to 7 atoms, fused or spiro or alone."""
    pairs = graph.closures[draw(rng, RING_SIZE)]
    shuffled = (pairs[k] for k in rng.permutation(len(pairs)))
    place = next((pair for pair in shuffled if not graph.bridges(*pair)), None)
    if place is None:
        return None
    out = Chem.RWMol(graph.kekule)
    out.AddBond(place[0], place[1], BOND[1])
    return out


def open_ring(graph: Graph, rng: np.random.Generator) -> Chem.RWMol | None:
    """One bond of one ring less; bonds that two rings share stay."""
    places = [(i, j) for i, j, _ in graph.free_bonds if graph.ring_bonds.get(frozenset((i, j))) == 1]
    if not places:
        return None
    out = Chem.RWMol(graph.kekule)
    release(out, *pick(rng, places))
    return out


MUTATIONS: dict[str, Callable[[Graph, np.random.Generator], Chem.RWMol | None]] = {
    "append_atom": append_atom,
    "insert_atom": insert_atom,
    "delete_atom": delete_atom,
    "change_bond": change_bond,
    "change_atom": change_atom,
    "close_ring": close_ring,
    "open_ring": open_ring,
}
