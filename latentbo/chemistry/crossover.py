"""The crossover of Jensen's genetic algorithm (Chem. Sci. 2019, 10, 3567): a part of either molecule, joined at one
bond outside rings or at two bonds of a ring.
"""

from __future__ import annotations

import numpy as np
from rdkit import Chem

from latentbo.chemistry.bonds import attach, release
from latentbo.chemistry.graphs import Cut, Graph
from latentbo.rng import pick

SMALLEST_SHARE = 0.5  # of the smaller parent's atoms that a cross must have
JOINT_RING = (5, 6)  # atoms of a ring closed from two halves

Part = tuple[frozenset[int], tuple[Cut, ...]]  # the atoms kept, and where they were cut off


def cross_chains(a: Graph, b: Graph, rng: np.random.Generator) -> Chem.RWMol | None:
    """One side of a single bond outside rings of each molecule, joined by that bond."""
    if not a.chain_bonds or not b.chain_bonds:
        return None
    parts = []
    for graph in (a, b):
        i, j = pick(rng, graph.chain_bonds)
        parts.append(_part(graph, ((i, j, 1),) if rng.random() < 0.5 else ((j, i, 1),)))
    return _join(a, parts[0], b, parts[1])


def cross_rings(a: Graph, b: Graph, rng: np.random.Generator) -> Chem.RWMol | None:
    """An arc of a ring of each molecule with all that hangs on it, joined to a ring of five or six atoms.

    The new bonds have the order that both cut bonds can give, so that halves of aromatic rings can make one
    again.
    """
    size = pick(rng, JOINT_RING)
    lengths = [length for length, arcs in a.arcs.items() if size - length in b.arcs for _ in arcs]
    if not lengths:
        return None
    length = pick(rng, lengths)
    cuts, others = pick(rng, a.arcs[length]), pick(rng, b.arcs[size - length])
    return _join(a, _part(a, cuts), b, _part(b, others if rng.random() < 0.5 else others[::-1]))


def _part(graph: Graph, cuts: tuple[Cut, ...]) -> Part | None:
    """What hangs together on the kept side of the cuts; None where another way leads across."""
    ways = {(kept, lost) for kept, lost, _ in cuts}
    start = cuts[0][0]
    atoms, todo = {start}, [start]
    while todo:
        here = todo.pop()
        fresh = [x for x in graph.neighbours[here] if x not in atoms and (here, x) not in ways]
        atoms.update(fresh)
        todo += fresh
    return None if any(lost in atoms for _, lost, _ in cuts) else (frozenset(atoms), cuts)


def _join(a: Graph, part_a: Part | None, b: Graph, part_b: Part | None) -> Chem.RWMol | None:
    """The two parts in one graph, bonded cut to cut; None where that would be a crumb of both parents."""
    if part_a is None or part_b is None:
        return None
    shift = len(a.elements)
    if len(part_a[0]) + len(part_b[0]) < SMALLEST_SHARE * min(shift, len(b.elements)):
        return None
    out = Chem.RWMol(a.kekule)
    out.InsertMol(b.kekule)
    for (i, lost_i, order_i), (j, lost_j, order_j) in zip(part_a[1], part_b[1], strict=True):
        if not a.bondable(i, b.elements[j]):
            return None
        release(out, i, lost_i)
        release(out, shift + j, shift + lost_j)
        attach(out, i, shift + j, min(order_i, order_j))
    kept = part_a[0] | {shift + atom for atom in part_b[0]}
    out.BeginBatchEdit()
    for atom in range(out.GetNumAtoms()):
        if atom not in kept:
            out.RemoveAtom(atom)
    out.CommitBatchEdit()
    return out
