"""Candidates and what became of the others: sifted, counted, and scored as what they decode to."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import torch
from jaxtyping import Float
from torch import Tensor

from latentbo.acquisition.region import TrustRegion
from latentbo.codecs.base import Reading
from latentbo.data.dataset import Measurements
from latentbo.errors import InputError
from latentbo.models.dkl_vae import DKLVAE
from latentbo.models.several import LatentGPs
from latentbo.models.surrogate import LatentGP
from latentbo.validity.feasibility import Feasibility

Check = Callable[[Sequence[str]], Sequence[str | None]]


@dataclass(frozen=True, eq=False)
class Situation:
    """All that a proposal rests on: the live model, its surrogate, what was measured, what may be asked.

    Where several outcomes are measured, the surrogate has them all, and `data` says how good each object is on the
    whole (`aims.merits`): that ranks the parents, and the acquisition knows better.
    """

    model: DKLVAE
    surrogate: LatentGP | LatentGPs
    data: Measurements
    known: frozenset[str]
    """Measured, failed and pending objects: none of them is proposed again."""
    region: TrustRegion
    feasibility: Feasibility
    check: Check
    """A reason code per canonical object that is not worth measuring, None for the others."""
    runners_up: tuple[tuple[str, str], ...] = ()
    """(proposer, object) of candidates that scored well at the last ask and were not asked for."""
    believed: float = -math.inf
    """The largest value that was believed instead of measured."""

    @property
    def best(self) -> float:
        """The largest value measured or believed."""
        return max(self.believed, float(self.data.values.max()))

    @torch.no_grad()
    def believing(self, x: Float[Tensor, "k dp"]) -> Situation:
        """As if the surrogate's own mean had been measured at each row of x ("kriging believer": Ginsbourger et al.
        2010): it is surer there, and where the mean (of the first outcome) is above the best, that is no improvement
        any more.
        """
        mean = float(self.surrogate.posterior(x).mean[..., 0].max())
        return replace(self, surrogate=self.surrogate.believing(x), believed=max(self.believed, mean))

    @property
    def spread(self) -> float:
        """Standard deviation of the measured values, 1 where they are all the same."""
        return float(self.data.values.std(correction=0)) or 1.0

    def elites(self, k: int) -> list[Reading]:
        """The k best measured objects, best first."""
        order = self.data.values[:, 0].argsort(descending=True, stable=True)[:k].tolist()
        return self.model.codec.read([self.data.objects[row] for row in order])

    def remembered(self) -> list[tuple[str, Reading]]:
        """The runners-up, read again."""
        readings = self.model.codec.read([name for _, name in self.runners_up])
        return [(proposer, reading) for (proposer, _), reading in zip(self.runners_up, readings, strict=True)]


@dataclass(frozen=True)
class Counts:
    """What became of everything the proposers made: `made` = kept + invalid + duplicate + filtered."""

    made: int = 0
    duplicate: int = 0
    invalid: Mapping[str, int] = field(default_factory=dict)
    filtered: Mapping[str, int] = field(default_factory=dict)

    def __add__(self, other: Counts) -> Counts:
        return Counts(
            self.made + other.made,
            self.duplicate + other.duplicate,
            dict(Counter(self.invalid) + Counter(other.invalid)),
            dict(Counter(self.filtered) + Counter(other.filtered)),
        )

    def __str__(self) -> str:
        # The codec and the rules share some codes (`too_many_atoms`), so they are added up.
        reasons = Counter(self.invalid) + Counter(self.filtered)
        listed = ", ".join(f"{reason} {count}" for reason, count in reasons.most_common())
        return f"{self.made} made, {self.duplicate} duplicate, refused: {listed or 'none'}"


@dataclass(frozen=True)
class Candidate:
    """An object worth scoring, and who proposed it."""

    reading: Reading
    proposer: str

    @property
    def object(self) -> str:
        return self.reading.object or ""


@dataclass(frozen=True, eq=False)
class Pool:
    """Candidates so far, their surrogate inputs and scores, row by row."""

    candidates: tuple[Candidate, ...]
    x: Float[Tensor, "m dp"]
    scores: Float[Tensor, " m"]

    @property
    def objects(self) -> tuple[str, ...]:
        return tuple(candidate.object for candidate in self.candidates)

    def joined(self, other: Pool) -> Pool:
        return Pool(
            self.candidates + other.candidates,
            torch.cat([self.x, other.x]),
            torch.cat([self.scores, other.scores]),
        )

    def rows(self, rows: Sequence[int]) -> Pool:
        return replace(
            self, candidates=tuple(self.candidates[i] for i in rows), x=self.x[rows], scores=self.scores[rows]
        )

    def best(self, k: int) -> Pool:
        """The k highest scores, best first."""
        return self.rows(self.scores.argsort(descending=True, stable=True)[:k].tolist())


def sift(
    proposed: Iterable[tuple[str, Reading]], known: set[str], check: Check
) -> tuple[list[Candidate], Counts]:
    """Keep what is readable, new and admissible, in order.

    `known` grows by what was kept or filtered, so that nothing is looked at twice. Raises `InputError` for a
    check that does not answer with one reason (or None) an object.
    """
    invalid: Counter[str] = Counter()
    fresh: list[Candidate] = []
    made = duplicate = 0
    for proposer, reading in proposed:
        made += 1
        if reading.object is None:
            invalid[reading.reason or "unknown"] += 1
        elif reading.object in known:
            duplicate += 1
        else:
            known.add(reading.object)
            fresh.append(Candidate(reading, proposer))
    reasons = check([candidate.object for candidate in fresh]) if fresh else []
    if len(reasons) != len(fresh):
        raise InputError(
            f"a check must give one reason or None for each of {len(fresh)} objects, but gave {len(reasons)}"
        )
    kept = [candidate for candidate, reason in zip(fresh, reasons, strict=True) if reason is None]
    filtered = Counter(reason for reason in reasons if reason is not None)
    return kept, Counts(made, duplicate, dict(invalid), dict(filtered))
