"""What a campaign knows, as a pure function of its events.

    events --replay--> History: one Row an object, one Round an ask, one EncoderEvent a retrain

Values are kept as they were told; `sign` turns them into "larger is better" where the models are concerned
(law 4).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from statistics import fmean
from typing import Any, Literal

from latentbo.acquisition.region import TrustRegion

Status = Literal["pending", "measured", "failed"]


@dataclass(frozen=True)
class ObjectRecord:
    """One object: how it came in, what was predicted for it, what was found. `round` is 0 for objects the
    user brought.
    """

    id: str
    object: str
    round: int = 0
    proposer: str | None = None
    mean: float | None = None
    sd: float | None = None
    p_feasible: float | None = None
    encoder: str | None = None
    values: tuple[float, ...] = ()
    failure: str | None = None

    @property
    def status(self) -> Status:
        if self.values:
            return "measured"
        return "failed" if self.failure is not None else "pending"

    @property
    def value(self) -> float | None:
        """Mean of the values told for it, in the user's own sign."""
        return fmean(self.values) if self.values else None


@dataclass(frozen=True)
class Round:
    """One ask: how many were asked for, what the pool lost, and what it rested on.

    `best` is the best value before it and `threshold` the tenth best, both larger is better; `threshold` is
    None where no surrogate stood behind the ask. `runners_up` are (proposer, object) of the best candidates that were
    not asked for, `shares` those of the proposers in the candidates.
    """

    number: int
    asked: int
    proposed: int
    counts: Mapping[str, Any]
    region: TrustRegion
    best: float | None
    threshold: float | None
    seconds: float
    encoder: str
    surrogate: Mapping[str, Any]
    runners_up: tuple[tuple[str, str], ...] = ()
    shares: Mapping[str, float] = field(default_factory=dict)

    @classmethod
    def from_dict(cls, facts: Mapping[str, Any]) -> Round:
        """As an event stores it."""
        region = TrustRegion(**facts["region"])
        runners_up = tuple((proposer, name) for proposer, name in facts.get("runners_up", ()))
        return cls(**{**facts, "region": region, "runners_up": runners_up})


@dataclass(frozen=True)
class EncoderEvent:
    """A retrain: what it made, whether that went live, and why or why not."""

    round: int
    encoder: str
    accepted: bool
    detail: str
    measured: int


@dataclass(frozen=True)
class History:
    """The state of a campaign after its events."""

    settings: Mapping[str, Any] = field(default_factory=dict)
    base_encoder: str = ""
    kind: str = "molecules"
    column: str = "smiles"
    """What tables call the column of the objects."""
    last: int = 0
    """Number of the last event."""
    rows: Mapping[str, ObjectRecord] = field(default_factory=dict)
    rounds: tuple[Round, ...] = ()
    encoders: tuple[EncoderEvent, ...] = ()
    told: tuple[str, ...] = ()
    """Ids in the order they were told, once a telling."""
    refused: tuple[Mapping[str, Any], ...] = ()
    """Told rows that could not be read as objects, kept word for word."""

    @property
    def sign(self) -> float:
        return -1.0 if self.settings.get("minimise") else 1.0

    @property
    def encoder(self) -> str:
        """Id of the encoder that is live."""
        return self.live_encoders[-1]

    @property
    def live_encoders(self) -> list[str]:
        """Ids of the encoders that went live, in order; one that was rolled back to stands there again."""
        return [self.base_encoder, *(event.encoder for event in self.encoders if event.accepted)]

    def next_id(self, place: int = 0) -> str:
        """The id of the row that is written `place` rows after the last."""
        return f"p{len(self.rows) + place + 1:05d}"

    def with_status(self, status: Status) -> list[ObjectRecord]:
        return [row for row in self.rows.values() if row.status == status]

    def known(self) -> frozenset[str]:
        """Every object that came in: measured, failed or pending."""
        return frozenset(row.object for row in self.rows.values())

    def best(self) -> ObjectRecord | None:
        """The best measured row."""
        measured = self.with_status("measured")
        return max(measured, key=lambda row: self.sign * (row.value or 0.0), default=None)

    def region(self) -> TrustRegion:
        """The trust region for the next ask: the last one, moved by what came back for its proposals.

        It stays where it is while objects are proposed without a surrogate, and so without a region.
        """
        if not self.rounds:
            return TrustRegion()
        last = self.rounds[-1]
        rows = (row for row in self.rows.values() if row.round == last.number)
        found = [self.sign * row.value for row in rows if row.value is not None]
        if not found or last.best is None or last.threshold is None:
            return last.region
        return last.region.update(best_before=last.best, best_of_batch=max(found))

    def operator_outcomes(self) -> list[tuple[str, bool, Mapping[str, float]]]:
        """(proposer, success, shares of all proposers then) of each told proposal in order.

        A success came among the best ten known when it was proposed. What was proposed without a surrogate
        does not count.
        """
        rounds = {round_.number: round_ for round_ in self.rounds if round_.threshold is not None}
        outcomes = []
        for row in (self.rows[identity] for identity in dict.fromkeys(self.told)):
            round_ = rounds.get(row.round)
            if row.proposer is not None and round_ is not None and round_.threshold is not None:
                success = row.value is not None and self.sign * row.value > round_.threshold
                outcomes.append((row.proposer, success, round_.shares))
        return outcomes
