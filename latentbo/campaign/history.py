"""What a campaign knows, as a pure function of its events.

    events --replay--> History: one Row an object, one Round an ask, one EncoderEvent a retrain

Values are kept as they were told; `sign` turns them into "larger is better" where the models are concerned
(law 4).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from statistics import fmean
from typing import Any, Literal

import torch

from latentbo.acquisition.region import TrustRegion
from latentbo.campaign.store import Event
from latentbo.codecs.base import KINDS
from latentbo.data.dataset import Measurements
from latentbo.errors import StoreError

Status = Literal["pending", "measured", "failed"]


@dataclass(frozen=True)
class Row:
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
    last: int = 0
    rows: Mapping[str, Row] = field(default_factory=dict)
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
    def column(self) -> str:
        """What tables call the column of the objects."""
        return KINDS[self.kind].column

    @property
    def encoder(self) -> str:
        """Id of the encoder that is live."""
        return self.lived[-1]

    @property
    def lived(self) -> list[str]:
        """Ids of the encoders that went live, in order; one that was rolled back to stands there again."""
        return [self.base_encoder, *(event.encoder for event in self.encoders if event.accepted)]

    def with_status(self, status: Status) -> list[Row]:
        return [row for row in self.rows.values() if row.status == status]

    def known(self) -> frozenset[str]:
        """Every object that came in: measured, failed or pending."""
        return frozenset(row.object for row in self.rows.values())

    def find(self, canonical: str) -> Row | None:
        """The row of an object."""
        return self._by_object().get(canonical)

    def _by_object(self) -> dict[str, Row]:
        return {row.object: row for row in self.rows.values()}

    def measurements(self) -> Measurements:
        """Measured objects with their values, larger is better."""
        measured = self.with_status("measured")
        values = [[self.sign * row.value] for row in measured if row.value is not None]
        return Measurements(
            tuple(row.object for row in measured), torch.tensor(values, dtype=torch.float64).reshape(-1, 1)
        )

    def best(self) -> Row | None:
        """The best measured row."""
        measured = self.with_status("measured")
        return max(measured, key=lambda row: self.sign * (row.value or 0.0), default=None)

    def since_best(self) -> int:
        """Tellings of measured objects since the best one was first told."""
        best = self.best()
        if best is None:
            return 0
        later = self.told[self.told.index(best.id) + 1 :]
        return sum(self.rows[identity].status == "measured" for identity in later)

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

    def outcomes(self) -> list[tuple[str, bool, Mapping[str, float]]]:
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


def replay(events: Iterable[Event], history: History | None = None) -> History:
    """Fold events into a history (a new one, or on top of `history`).

    Raises `StoreError` for an event it does not understand.
    """
    history = history or History()
    for event in events:
        step = _STEPS.get(event.kind)
        if step is None:
            raise StoreError(
                f"event {event.number} has the unknown kind {event.kind!r}: use the latentbo that wrote it"
            )
        try:
            history = replace(step(history, event.payload), last=event.number)
        except (KeyError, TypeError, AttributeError, ValueError) as error:
            raise StoreError(
                f"event {event.number} ({event.kind}) cannot be understood ({error}): "
                "use the latentbo that wrote it"
            ) from error
    return history


def _created(history: History, payload: Mapping[str, Any]) -> History:
    kind = payload.get("kind", "molecules")  # files from before there were others do not say
    if kind not in KINDS:
        raise ValueError(f"a campaign of {kind!r}")
    return replace(history, settings=payload["settings"], base_encoder=payload["encoder"], kind=kind)


def _asked(history: History, payload: Mapping[str, Any]) -> History:
    facts = dict(payload["round"])
    facts["region"] = TrustRegion(**facts["region"])
    facts["runners_up"] = tuple((proposer, name) for proposer, name in facts.get("runners_up", ()))
    new = {row["id"]: Row(**row) for row in payload["rows"]}
    return replace(history, rows={**history.rows, **new}, rounds=(*history.rounds, Round(**facts)))


def _queued(history: History, payload: Mapping[str, Any]) -> History:
    return replace(history, rows={**history.rows, **{row["id"]: Row(**row) for row in payload["rows"]}})


def _told(history: History, payload: Mapping[str, Any]) -> History:
    rows = dict(history.rows)
    for told in payload["rows"]:
        row = rows.get(told["id"]) or Row(told["id"], told["object"])
        if told.get("corrects"):
            row = replace(row, values=(), failure=None)
        if told["value"] is not None:
            row = replace(row, values=(*row.values, told["value"]))
        else:
            row = replace(row, failure=told["reason"])
        rows[row.id] = row
    order = (*history.told, *(told["id"] for told in payload["rows"]))
    return replace(history, rows=rows, told=order, refused=(*history.refused, *payload["refused"]))


def _retrained(history: History, payload: Mapping[str, Any]) -> History:
    return replace(history, encoders=(*history.encoders, EncoderEvent(**payload)))


_STEPS = {"created": _created, "asked": _asked, "queued": _queued, "told": _told, "retrained": _retrained}
