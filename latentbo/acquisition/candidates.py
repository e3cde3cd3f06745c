"""Candidates and what became of the others: filtered, counted, scored as what they decode to; and the batch in the end."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import torch
from jaxtyping import Float
from torch import Tensor

from latentbo.codecs.base import Reading
from latentbo.errors import InputError
from latentbo.kinds.base import Check


@dataclass(frozen=True)
class Counts:
    """What became of everything the proposers made: `made` = kept + passed_over + invalid + duplicate + filtered.

    Passed over are those of the surplus that promised less than others.
    """

    made: int = 0
    duplicate: int = 0
    invalid: Mapping[str, int] = field(default_factory=dict)
    filtered: Mapping[str, int] = field(default_factory=dict)
    passed_over: int = 0

    def __add__(self, other: Counts) -> Counts:
        return Counts(
            self.made + other.made,
            self.duplicate + other.duplicate,
            dict(Counter(self.invalid) + Counter(other.invalid)),
            dict(Counter(self.filtered) + Counter(other.filtered)),
            self.passed_over + other.passed_over,
        )

    def __str__(self) -> str:
        # The codec and the rules share some codes (`too_many_atoms`), so they are added up.
        reasons = Counter(self.invalid) + Counter(self.filtered)
        listed = ", ".join(f"{reason} {count}" for reason, count in reasons.most_common())
        rest = f", {self.passed_over} passed over" if self.passed_over else ""
        return f"{self.made} made, {self.duplicate} duplicate{rest}, refused: {listed or 'none'}"


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

    def shortlist(self, k: int, capped: Collection[str]) -> Pool:
        """The k highest scores, best first; at most half of them by proposers whose picks are `capped`, if there are others."""
        order = self.scores.argsort(descending=True, stable=True).tolist()
        of_capped = [row for row in order if self.candidates[row].proposer in capped]
        others = len(order) - len(of_capped)
        left_out = set(of_capped[max(k // 2, k - others) :])
        return self.rows([row for row in order if row not in left_out][:k])


def filter_candidates(
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


@dataclass(frozen=True)
class Proposal:
    """One object to measure, with what was predicted for it (posterior mean and sd of the value)."""

    object: str
    mean: float | None
    sd: float | None
    p_feasible: float
    proposer: str


@dataclass(frozen=True)
class Batch:
    """At most `asked` proposals; fewer is a shortfall, and `counts` says where the others went.

    `runners_up` are the best candidates (proposer, object) that were not picked: the next pool begins with them.
    `shares` of the candidates were to be made by each proposer.
    """

    asked: int
    proposals: tuple[Proposal, ...]
    counts: Counts
    runners_up: tuple[tuple[str, str], ...] = ()
    shares: Mapping[str, float] = field(default_factory=dict)

    @property
    def shortfall(self) -> int:
        return self.asked - len(self.proposals)
