"""From events to what a campaign knows: a pure function, one step a kind of event.

events --replay--> History
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from latentbo.campaign.history import EncoderEvent, History, ObjectRecord, Round
from latentbo.campaign.store import Event
from latentbo.errors import StoreError

COLUMNS_0_1 = {"molecules": "smiles", "images": "image"}  # of the kinds of 0.1, whose files do not say


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
    kind = payload.get("kind", "molecules")  # the first files had no other
    column = payload["column"] if "column" in payload else COLUMNS_0_1[kind]
    return replace(
        history, settings=payload["settings"], base_encoder=payload["encoder"], kind=kind, column=column
    )


def _asked(history: History, payload: Mapping[str, Any]) -> History:
    new = {row["id"]: ObjectRecord(**row) for row in payload["rows"]}
    return replace(
        history, rows={**history.rows, **new}, rounds=(*history.rounds, Round.from_dict(payload["round"]))
    )


def _queued(history: History, payload: Mapping[str, Any]) -> History:
    return replace(
        history, rows={**history.rows, **{row["id"]: ObjectRecord(**row) for row in payload["rows"]}}
    )


def _told(history: History, payload: Mapping[str, Any]) -> History:
    rows = dict(history.rows)
    for told in payload["rows"]:
        row = rows.get(told["id"]) or ObjectRecord(told["id"], told["object"])
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
