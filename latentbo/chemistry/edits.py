"""Children of molecules: mutants and crosses, for genetic baselines and as neighbours of elite molecules.

Every child is one canonical, sanitised fragment without radicals, made by `mutations` and by `crossover`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from rdkit import rdBase

from latentbo.chemistry.crossover import cross_chains, cross_rings
from latentbo.chemistry.graphs import Graph, child_of, read
from latentbo.chemistry.mutations import MUTATIONS
from latentbo.errors import InputError
from latentbo.rng import pick

TRIES = 10  # of one mutation or crossover, as in Jensen's
MAX_HEAVY_ATOMS = 60


@dataclass(frozen=True)
class GraphEdits:
    """Up to n distinct children of a set of parents.

    A child is a mutant of one parent with probability `mutation_rate`; otherwise it is a cross of two, which
    is mutated as well with probability `mutate_crosses`. At most `attempts` times n children are tried. Raises
    `InputError` for values that mean nothing.
    """

    mutation_rate: float = 0.75
    mutate_crosses: float = 0.1
    max_heavy_atoms: int = MAX_HEAVY_ATOMS
    attempts: int = 4

    def __post_init__(self) -> None:
        for name in ("mutation_rate", "mutate_crosses"):
            if not 0 <= getattr(self, name) <= 1:
                raise InputError(f"{name} is a probability from 0 to 1, not {getattr(self, name)!r}")
        for name in ("max_heavy_atoms", "attempts"):
            if getattr(self, name) < 1:
                raise InputError(f"{name} must be at least 1, not {getattr(self, name)!r}")

    def __call__(
        self,
        parents: Sequence[str],
        n: int,
        rng: np.random.Generator,
        *,
        weights: Sequence[float] | None = None,
    ) -> list[str]:
        """Canonical SMILES, none of them a parent's; fewer than n where the attempts run out.

        Parents are drawn uniformly, or in proportion to their `weights`. Raises `InputError` for a parent
        that is no molecule, for weights that do not fit, and for a negative n.
        """
        if n < 0:
            raise InputError(f"n must be 0 or more, not {n!r}")
        chances = _probabilities(parents, weights)
        graphs = [read(parent) for parent in parents]
        seen = {graph.smiles for graph in graphs}
        children: list[str] = []
        with rdBase.BlockLogs():
            for i, j in rng.choice(len(graphs), size=(self.attempts * n, 2), p=chances):
                if len(children) == n:
                    break
                child = self._child(graphs[i], graphs[j], rng)
                if child is not None and child.smiles not in seen:
                    seen.add(child.smiles)
                    children.append(child.smiles)
        return children

    def _child(self, a: Graph, b: Graph, rng: np.random.Generator) -> Graph | None:
        kinds = tuple(MUTATIONS)
        if rng.random() < self.mutation_rate:
            return _mutant(a, rng, kinds, self.max_heavy_atoms)
        child = _cross(a, b, rng, self.max_heavy_atoms)
        if child is not None and rng.random() < self.mutate_crosses:
            return _mutant(child, rng, kinds, self.max_heavy_atoms)
        return child


def _probabilities(parents: Sequence[str], weights: Sequence[float] | None) -> np.ndarray | None:
    if isinstance(parents, str) or not len(parents):
        raise InputError(f"parents must be a list of one SMILES or more, not {parents!r}")
    if weights is None:
        return None
    chances = np.asarray(weights, dtype=float)
    if chances.shape != (len(parents),):
        raise InputError(f"one weight a parent was expected ({len(parents)}), not shape {chances.shape}")
    if not np.isfinite(chances).all() or (chances < 0).any() or not chances.any():
        raise InputError("weights must be finite and not negative, and one of them above 0")
    shares: np.ndarray = chances / chances.sum()
    return shares


def _mutant(
    graph: Graph, rng: np.random.Generator, kinds: Sequence[str], max_heavy_atoms: int
) -> Graph | None:
    for _ in range(TRIES):
        edited = MUTATIONS[pick(rng, kinds)](graph, rng)
        child = child_of(edited, (graph,), max_heavy_atoms)
        if child is not None:
            return child
    return None


def _cross(a: Graph, b: Graph, rng: np.random.Generator, max_heavy_atoms: int) -> Graph | None:
    for _ in range(TRIES):
        cross = cross_chains if rng.random() < 0.5 else cross_rings
        child = child_of(cross(a, b, rng), (a, b), max_heavy_atoms)
        if child is not None:
            return child
    return None
