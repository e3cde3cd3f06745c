"""Genetic algorithms: children of the best molecules so far, by edits of their graphs or of their SELFIES.

Parents are drawn as in Mol GA (Tripp & Hernández-Lobato 2023, arXiv:2310.09267), and little else makes it better than its
forerunners: the best molecules get most children, and every molecule of the population gets some.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from heapq import nlargest

import numpy as np
from jaxtyping import Float

from latentbo.baselines.base import Record, nothing_told
from latentbo.chemistry.edits import MAX_HEAVY_ATOMS, GraphEdits
from latentbo.chemistry.selfies_edits import edit_selfies
from latentbo.codecs.molecules import ALPHABET
from latentbo.errors import InputError
from latentbo.rng import numpy_stream

Breed = Callable[[Sequence[str], Float[np.ndarray, " p"], int, np.random.Generator], list[str]]
"""At most n children of some parents, who are drawn in proportion to their weights."""

LEVELS = np.logspace(-3, 0, 25)  # shares of the population, from the best thousandth to all
EDITS = GraphEdits()
ROBUST = tuple(sorted(symbol for symbol in ALPHABET if "H" not in symbol))
"""SELFIES' own robust alphabet, STONED's, without hydrogen."""


@dataclass(frozen=True)
class GeneticSettings:
    """Parents are the `population` best molecules; an ask breeds at most `patience` times for what is missing.

    Raises `InputError` for values that mean nothing.
    """

    population: int = 500
    patience: int = 50

    def __post_init__(self) -> None:
        if min(self.population, self.patience) < 1:
            raise InputError(f"population and patience must be at least 1: {self}")


SETTINGS = GeneticSettings()


class GeneticSearch:
    """The population is the best that was told; each ask is a generation of new molecules, known to nobody."""

    def __init__(self, breed: Breed, rng: np.random.Generator, settings: GeneticSettings) -> None:
        self._breed, self._rng, self._settings = breed, rng, settings
        self._record = Record()

    def ask(self, n: int) -> list[str]:
        """Fewer than n where patience runs out. Raises `InputError` where no molecule has a value yet."""
        population = fittest(self._record.values, self._settings.population)
        if not population:
            raise nothing_told()
        parents = [smiles for _, smiles in population]
        weights = quantile_weights(np.array([value for value, _ in population]))
        found: list[str] = []
        for _ in range(self._settings.patience):
            if len(found) >= n:
                break
            children = self._breed(parents, weights, n - len(found), self._rng)
            found += [child for child in children if self._record.claim(child)]
        return found

    def tell(self, objects: Sequence[str], values: Sequence[float | None]) -> None:
        self._record.tell(objects, values)


def GraphGA(seed: int, settings: GeneticSettings = SETTINGS, edits: GraphEdits = EDITS) -> GeneticSearch:
    """Mutants and crosses of molecular graphs."""

    def breed(
        parents: Sequence[str], weights: Float[np.ndarray, " p"], n: int, rng: np.random.Generator
    ) -> list[str]:
        return edits(parents, n, rng, weights=weights.tolist())

    return GeneticSearch(breed, numpy_stream(seed, "graph_ga"), settings)


def SelfiesGA(
    seed: int, settings: GeneticSettings = SETTINGS, alphabet: Sequence[str] = ROBUST
) -> GeneticSearch:
    """One symbol of a SELFIES replaced, inserted or deleted, as in STONED (Nigam et al. 2021)."""

    def breed(
        parents: Sequence[str], weights: Float[np.ndarray, " p"], n: int, rng: np.random.Generator
    ) -> list[str]:
        drawn = rng.choice(len(parents), size=n, p=weights)
        children = [
            edit_selfies(parents[row], alphabet, rng, max_heavy_atoms=MAX_HEAVY_ATOMS) for row in drawn
        ]
        return [child for child in children if child is not None]

    return GeneticSearch(breed, numpy_stream(seed, "selfies_ga"), settings)


def fittest(values: Mapping[str, float], size: int) -> list[tuple[float, str]]:
    """The best molecules with their values, best first; of equal values the SMILES that sorts last comes first."""
    return nlargest(size, ((value, smiles) for smiles, value in values.items()))


def quantile_weights(values: Float[np.ndarray, " p"]) -> Float[np.ndarray, " p"]:
    """How likely each molecule of a population is drawn as a parent by Mol GA; the sum is 1.

    One of 25 shares of the population, log-spaced from a thousandth to all, is drawn; then one of the molecules
    that are no worse than the quantile that cuts this share off.

    symbol  meaning                                   shape
    q_l     1 - 10^(-3 ... 0), the quantiles          25
    e_l     value >= quantile q_l of all values       25 x p
    w       mean over l of e_l / sum(e_l)             p
    """
    eligible = values >= np.quantile(values, 1 - LEVELS)[:, None]
    shares: Float[np.ndarray, "l p"] = eligible / eligible.sum(1, keepdims=True)
    weights: Float[np.ndarray, " p"] = shares.mean(0)
    return weights
