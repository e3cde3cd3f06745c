"""Mol GA (Tripp & Hernández-Lobato 2023, arXiv:2310.09267) by its authors' own package, behind ask and tell.

Sampling of parents and breeding are the package's; selection is its `heapq.nlargest`. The loop is taken apart so
that somebody else may measure. What differs: SMILES are made canonical, children of more than 100 heavy atoms are passed
over, and what has no value joins no population.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from latentbo.baselines.base import Record, nothing_told
from latentbo.baselines.genetic import fittest
from latentbo.codecs.molecules import canonical
from latentbo.errors import InputError
from latentbo.rng import derive

Sample = Callable[[list[tuple[float, str]], int, random.Random], list[str]]
Breed = Callable[[list[str], int, random.Random], set[str]]


@dataclass(frozen=True)
class MolGASettings:
    """The authors' sizes for 1,000 calls. At most `patience` generations in a row may bring nothing new.

    Raises `InputError` for values that mean nothing.
    """

    population: int = 500
    offspring: int = 5
    patience: int = 200

    def __post_init__(self) -> None:
        if min(self.population, self.offspring, self.patience) < 1:
            raise InputError(f"population, offspring and patience must be at least 1: {self}")


SETTINGS = MolGASettings()


class MolGA:
    """One generation of `offspring` children at a time; the next is bred when all of them were asked for.

    Asked for `offspring` molecules and told of all of them each time, it is the package's own loop.
    """

    def __init__(self, seed: int, settings: MolGASettings = SETTINGS) -> None:
        self._sample, self._breed = _package()
        self._rng = random.Random(derive(seed, "mol_ga"))
        self._settings = settings
        self._record = Record()
        self._born: list[str] = []

    def ask(self, n: int) -> list[str]:
        """At most the rest of one generation, without children that are known; none where patience runs out.

        Raises `InputError` where no molecule has a value yet.
        """
        for _ in range(self._settings.patience):
            if self._born or n < 1:
                break
            self._born = self._generation()
        asked, self._born = self._born[:n], self._born[n:]
        return asked

    def tell(self, objects: Sequence[str], values: Sequence[float | None]) -> None:
        self._record.tell(objects, values)

    def _generation(self) -> list[str]:
        """The new children of one generation, sorted: a set of strings has another order in every process."""
        population = fittest(self._record.values, self._settings.population)
        if not population:
            raise nothing_told()
        parents = self._sample(population, 2 * self._settings.offspring, self._rng)
        children = self._breed(parents, self._settings.offspring, self._rng)
        readable = (canonical(child)[0] for child in sorted(children))
        return [child for child in readable if child is not None and self._record.claim(child)]


def _package() -> tuple[Sample, Breed]:
    try:
        from mol_ga.graph_ga.gen_candidates import graph_ga_blended_generation
        from mol_ga.sample_population import uniform_quantile_sampling
    except ModuleNotFoundError as error:
        raise InputError(
            f"Mol GA needs the package mol_ga, but {error.name} is not installed: pip install 'latentbo[bench]'"
        ) from error
    return uniform_quantile_sampling, graph_ga_blended_generation
