"""From a user's table into the log: every row is matched to an object, or kept with the reason why it could not be."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Any

import pandas as pd

from latentbo.campaign.history import History
from latentbo.campaign.log import EventLog
from latentbo.codecs.base import brief
from latentbo.errors import InputError
from latentbo.kinds.base import Kind, ObjectReader

VALUE, ID, REASON, STATUS, LINE = "value", "id", "reason", "status", "line"
CORRECTED = "corrected"
_NEARLY = "differs from the pending {} ({}) in {} alone: if that was made, tell it by its id"


@dataclass(frozen=True)
class TellReport:
    """What became of a told table: counts, a line for each row that could not be used as it was, and one for each that may
    not mean what it says: its object had a value before, or is nearly one that is pending.
    """

    measured: int
    failed: int
    skipped: int
    problems: tuple[str, ...]
    notes: tuple[str, ...] = ()

    def __str__(self) -> str:
        text = f"{self.measured} measured, {self.failed} failed, {self.skipped} without a value yet"
        return "\n".join([text, *self.problems, *self.notes])


@dataclass(frozen=True)
class Matched:
    """Rows ready for the event, and what goes into the report."""

    rows: list[dict[str, Any]]
    refused: list[dict[str, Any]]
    report: TellReport


def tell(log: EventLog, reader: ObjectReader, frame: pd.DataFrame) -> TellReport:
    """Record what a frame says (`Campaign.tell`). Committed before this returns."""
    matched = match(frame, log.history, reader)
    if matched.rows or matched.refused:
        log.append("told", {"rows": matched.rows, "refused": matched.refused})
    return matched.report


def queue(log: EventLog, reader: ObjectReader, objects: Sequence[str]) -> list[str]:
    """Record objects to be measured next; a line for each that cannot be used or is known."""
    rows: list[dict[str, Any]] = []
    problems = []
    known = set(log.history.known())
    for text, reading in zip(objects, reader.codec.read(objects), strict=True):
        if reading.object is None:
            problems.append(f"{brief(repr(text))} cannot be used ({reading.reason})")
        elif reading.object in known:
            problems.append(f"{brief(repr(text))} is known already")
        else:
            known.add(reading.object)
            row = {"id": log.history.next_id(len(rows)), "object": reading.object, "proposer": "start"}
            rows.append(row)
    if rows:
        log.append("queued", {"rows": rows})
    return problems


def match(frame: pd.DataFrame, history: History, reader: ObjectReader) -> Matched:
    """Match each row by object if it names one, else by id.

    A row without a value says nothing unless its status is "failed" or it has a reason. Values of one object are averaged,
    but those of a row whose status is "corrected" take the place of all that was told of it before. Rows that contradict
    themselves or cannot be read are refused one by one; the others go on. A column "line" says where rows
    stand in a file, for the report. Raises `InputError` where columns are missing or double.
    """
    column = history.column
    cells = _cells(frame, column)
    readings = reader.codec.read([cell.get(column) or "" for cell in cells])
    by_object = {row.object: row.id for row in history.rows.values()}
    rows: list[dict[str, Any]] = []
    refused: list[dict[str, Any]] = []
    problems: list[str] = []
    notes: list[str] = []
    values = {row.id: row.values for row in history.rows.values()}
    parent = reader.kind.parent
    nearly = {parent(row.object): row for row in history.with_status("pending")}
    skipped = 0
    for number, (cell, reading) in enumerate(zip(cells, readings, strict=True), start=1):
        place = f"line {cell[LINE]}" if cell.get(LINE) else f"row {number}"
        corrects = str(cell.get(STATUS)).lower() == CORRECTED
        try:
            value, failure = _outcome(cell)
            if value is None and failure is None:
                skipped += 1
                continue
            identity, canonical = _identify(
                cell, reading.object, reading.reason, history, by_object, reader.kind
            )
        except InputError as error:
            problems.append(f"{place}: {error}")
            told = {key: str(text) for key, text in cell.items() if text is not None}
            refused.append(told | {"problem": str(error)})
            continue
        if canonical not in by_object and (near := nearly.get(parent(canonical))) is not None:
            notes.append(
                f"{place}: {brief(canonical)} is new, and {_NEARLY.format(near.id, brief(near.object), reader.kind.left_out)}"
            )
        by_object[canonical] = identity
        row = {"id": identity, "object": canonical, "value": value, "reason": failure}
        rows.append(row | {"corrects": True} if corrects else row)
        before = () if corrects else values.get(identity, ())
        values[identity] = (*before, *([] if value is None else [value]))
        if before:
            notes.append(f"{place}: {_repeated(canonical, before, value)}")
    measured = sum(row["value"] is not None for row in rows)
    report = TellReport(measured, len(rows) - measured, skipped, tuple(problems), tuple(notes))
    return Matched(rows, refused, report)


def _repeated(canonical: str, before: Sequence[float], value: float | None) -> str:
    """What it means that an object has been told of again."""
    had = f"{brief(canonical)} had {', '.join(f'{each:g}' for each in before[:5])}{' ...' if before[5:] else ''}"
    if value is None:
        return f"{had} and keeps it (status {CORRECTED!r} makes a failure of it)"
    mean = fmean((*before, value))
    return f"{had}; with {value:g} it counts as the mean, {mean:g} (status {CORRECTED!r} replaces instead)"


def _cells(frame: pd.DataFrame, column: str) -> list[dict[str, Any]]:
    """The rows by column name, lower case but for that of the objects, with None for what is empty."""
    lower = [str(name).strip().lower() for name in frame.columns]
    names = [column if name == column.lower() else name for name in lower]
    listed = ", ".join(map(str, frame.columns)) or "none"
    if VALUE not in names or not {column, ID} & set(names):
        raise InputError(
            f"told rows need a column {VALUE!r} and one of {column!r} or {ID!r}, but have {listed}"
        )
    twice = [name for name in (column, VALUE, ID, REASON, STATUS, LINE) if names.count(name) > 1]
    if twice:
        raise InputError(
            f"told rows have the column {twice[0]!r} more than once ({listed}): rename all but one"
        )
    rows = frame.itertuples(index=False, name=None)
    return [{name: _cell(value) for name, value in zip(names, row, strict=True)} for row in rows]


def _identify(
    cell: Mapping[str, Any],
    canonical: str | None,
    refusal: str | None,
    history: History,
    by_object: Mapping[str, str],
    kind: Kind,
) -> tuple[str, str]:
    """Id and canonical object of a row: the object decides, the id must agree."""
    known = None if cell.get(ID) is None else history.rows.get(str(cell[ID]))
    written = cell.get(history.column)
    if written is not None:
        if canonical is None:
            raise InputError(
                f"{brief(repr(written))} cannot be used ({refusal}): "
                f"write it as {kind.expected}, or leave the row out"
            )
        if known is not None and known.object != canonical:
            raise InputError(
                f"id {known.id} is {brief(known.object)}, but the row says {brief(canonical)}: "
                "correct one of them"
            )
        return by_object.get(canonical) or f"u{len(by_object) + 1:05d}", canonical
    if cell.get(ID) is None:
        raise InputError(f"the row names no object: give its {history.column} or its {ID}")
    if known is None:
        raise InputError(f"id {cell.get(ID)!r} was never proposed here: give the {history.column} of the row")
    return known.id, known.object


def _outcome(cell: Mapping[str, Any]) -> tuple[float | None, str | None]:
    """(value, None), (None, reason of failure), or (None, None) for nothing to tell."""
    raw, reason = cell.get(VALUE), cell.get(REASON)
    failed = str(cell.get(STATUS)).lower() == "failed"
    if raw is None:
        told = failed or reason is not None
        return None, ("failed" if reason is None else str(reason)) if told else None
    try:
        value = float(raw)
    except (TypeError, ValueError, OverflowError):
        value = None
    if value is None or "_" in str(raw):  # Python takes 1_000 for a number, a chemist need not mean one
        raise InputError(
            f"value {raw!r} is not a number: leave it empty and give a reason if the measurement failed"
        )
    if not math.isfinite(value):
        return None, f"value was {value}" if reason is None else str(reason)
    if failed:
        raise InputError(f"status is 'failed', but there is a value {value}: delete one of them")
    return value, None


def _cell(value: Any) -> Any:
    if isinstance(value, str):
        return value.strip() or None
    return None if pd.api.types.is_scalar(value) and pd.isna(value) else value
