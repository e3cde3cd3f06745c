"""Bayesian optimisation with a Gaussian process on fingerprints, its acquisition maximised by a genetic algorithm.

The recipe of Tripp & Hernández-Lobato (2024, "Diagnosing and fixing common problems in Bayesian optimization for
molecule design"): nothing is fitted, and values are used as they are, so they should be of order one, as scores in
[0, 1] are. It is the strongest published method at small budgets that learns no space.

symbol    meaning                                                        shape
a, b      Morgan counts of two molecules                                 2048
k(a, b)   MinMax (Tanimoto) kernel, sum min(a, b) / sum max(a, b)        scalar
K         k among the molecules with values, plus 1e-4 on the diagonal   n x n
W         inverse of the lower Cholesky factor of K: K^-1 = W' W         n x n
V         W k(measured, candidates)                                      n x m
mean      V' W y                                                         m
var       1 - column sums of V^2, without noise                          m
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from latentbo.baselines.base import Record, nothing_told
from latentbo.baselines.genetic import EDITS, quantile_weights
from latentbo.chemistry.descriptors import sparse_morgan_counts
from latentbo.chemistry.edits import GraphEdits
from latentbo.codecs.molecules import canonical
from latentbo.errors import InputError
from latentbo.rng import numpy_stream

RADIUS, SIZE = 3, 2048
NOISE = 1e-4
BLOCK = 1_000  # candidates whose covariances are in memory at a time
LOG_BETA = (-2.0, 0.0)  # log10 of the weight of the standard deviation: 0.01 exploits, 1 explores


@dataclass(frozen=True)
class TanimotoSettings:
    """Effort of one ask: `generations` of `offspring` children. They start from all molecules with values and from
    `sample` molecules of the pool, which are drawn once.

    The authors drew 10,000 of the pool anew for each molecule, and stopped there. Raises `InputError` for values that
    mean nothing.
    """

    generations: int = 5
    offspring: int = 200
    sample: int = 2_000

    def __post_init__(self) -> None:
        if min(self.generations, self.offspring, self.sample) < 0:
            raise InputError(f"generations, offspring and sample must be 0 or more: {self}")


SETTINGS = TanimotoSettings()


class TanimotoGP:
    """Upper confidence bound mean + beta sd, with beta = 10^U(-2, 0) drawn for each molecule that is asked for."""

    def __init__(
        self,
        pool: Sequence[str],
        seed: int,
        settings: TanimotoSettings = SETTINGS,
        edits: GraphEdits = EDITS,
    ) -> None:
        self._rng = numpy_stream(seed, "tanimoto_gp")
        self._settings, self._edits = settings, edits
        self._start = _drawn(pool, settings.sample, self._rng)
        self._posterior = TanimotoPosterior()
        self._record = Record()

    def ask(self, n: int) -> list[str]:
        """For each of n betas in turn the best molecule that is not known; fewer where the candidates run out.

        Raises `InputError` where there is neither a pool nor a molecule with a value.
        """
        if n < 1:
            return []
        betas = 10.0 ** self._rng.uniform(*LOG_BETA, size=n)
        names = list(dict.fromkeys([*self._start, *self._record.values]))
        if not names:
            raise nothing_told()
        bounds = self._bounds(names, betas)
        for _ in range(self._settings.generations):
            children = self._children(names, bounds)
            names += children
            bounds = np.hstack([bounds, self._bounds(children, betas)])
        return [name for row in bounds if (name := self._best_new(names, row)) is not None]

    def tell(self, objects: Sequence[str], values: Sequence[float | None]) -> None:
        self._record.tell(objects, values)
        self._posterior.update(self._record.values)

    def _bounds(self, names: Sequence[str], betas: Float[np.ndarray, " q"]) -> Float[np.ndarray, "q m"]:
        mean, sd = self._posterior.predict(names)
        bounds: Float[np.ndarray, "q m"] = mean + betas[:, None] * sd
        return bounds

    def _children(self, names: Sequence[str], bounds: Float[np.ndarray, "q m"]) -> list[str]:
        """New children of candidates, whose fitness is their best rank under any beta."""
        ranks = (-bounds).argsort(1, kind="stable").argsort(1).min(0)
        weights = quantile_weights(-ranks.astype(float))
        drawn = self._rng.choice(len(names), size=2 * self._settings.offspring, p=weights)
        if not len(drawn):
            return []
        known = set(names)
        children = self._edits([names[row] for row in drawn], self._settings.offspring, self._rng)
        return [child for child in children if child not in known]

    def _best_new(self, names: Sequence[str], bound: Float[np.ndarray, " m"]) -> str | None:
        ordered = (names[row] for row in (-bound).argsort(kind="stable"))
        return next((name for name in ordered if self._record.claim(name)), None)


class TanimotoPosterior:
    """The Gaussian process on what has a value. Each molecule adds a row to W, at a cost of n^2."""

    def __init__(self) -> None:
        self._rows: dict[str, int] = {}
        self._values = np.zeros(0)
        self._columns = np.zeros(
            (SIZE, 0), dtype=np.uint16
        )  # counts, one column a molecule, and room for more
        self._totals = np.zeros(0)
        self._factor = np.zeros((0, 0))

    def update(self, values: dict[str, float]) -> None:
        """The process on all of these values; a molecule that has been there stays where it is."""
        fresh = [smiles for smiles in values if smiles not in self._rows]
        self._grow(len(self._rows) + len(fresh))
        for smiles in fresh:
            self._append(smiles)
        self._values = np.array([values[smiles] for smiles in self._rows])

    def predict(self, smiles: Sequence[str]) -> tuple[Float[np.ndarray, " m"], Float[np.ndarray, " m"]]:
        """Mean and standard deviation of the noiseless value of each canonical SMILES."""
        n = len(self._rows)
        factor = self._factor[:n, :n]
        target = factor @ self._values
        mean, variance = np.empty(len(smiles)), np.empty(len(smiles))
        for start in range(0, len(smiles), BLOCK):
            part = slice(start, start + BLOCK)
            v = factor @ self.kernel(smiles[part])
            mean[part], variance[part] = target @ v, 1.0 - np.square(v).sum(0)
        return mean, np.sqrt(variance.clip(min=0.0))

    def kernel(self, smiles: Sequence[str]) -> Float[np.ndarray, "n m"]:
        """MinMax kernel between the molecules with values and others.

        Only columns where a molecule's count is not zero add to sum(min); and sum(max) is sum(a + b) - sum(min).
        """
        n = len(self._rows)
        shared = np.empty((len(smiles), n))
        totals = np.empty((len(smiles), 1))
        for row, text in enumerate(smiles):
            columns, held = sparse_morgan_counts(text, radius=RADIUS, size=SIZE)
            shared[row] = np.minimum(self._columns[columns, :n], held[:, None]).sum(0, dtype=np.uint16)
            totals[row] = held.sum()
        return (shared / (totals + self._totals[:n] - shared)).T

    def _append(self, smiles: str) -> None:
        """The next row of W, by block inversion of the extended Cholesky factor [[L, 0], [l', d]]."""
        n = len(self._rows)
        old = self._factor[:n, :n]
        l = old @ self.kernel([smiles])[:, 0]  # noqa: E741
        d = np.sqrt(1.0 + NOISE - l @ l)
        self._factor[n, :n], self._factor[n, n] = -(l @ old) / d, 1.0 / d
        columns, held = sparse_morgan_counts(smiles, radius=RADIUS, size=SIZE)
        self._columns[columns, n], self._totals[n] = held, held.sum()
        self._rows[smiles] = n

    def _grow(self, wanted: int) -> None:
        """Room for that many molecules, at least half as much again as there was."""
        room = len(self._totals)
        if wanted <= room:
            return
        more = max(wanted, room + room // 2) - room
        self._columns = np.pad(self._columns, ((0, 0), (0, more)))
        self._totals = np.pad(self._totals, (0, more))
        self._factor = np.pad(self._factor, ((0, more), (0, more)))


def _drawn(pool: Sequence[str], size: int, rng: np.random.Generator) -> tuple[str, ...]:
    """Distinct molecules of a pool, drawn without replacement; what is no molecule is passed over."""
    found: dict[str, None] = {}
    for row in rng.permutation(len(pool)):
        if len(found) >= size:
            break
        smiles, _ = canonical(pool[row])
        if smiles is not None:
            found[smiles] = None
    return tuple(found)
