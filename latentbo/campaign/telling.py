"""From a user's table to told events: every row is matched to an object, or kept with the reason why it could not be."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from latentbo.campaign.history import History
from latentbo.codecs.base import Codec
from latentbo.errors import InputError

OBJECT, VALUE, ID, REASON, STATUS, LINE = "smiles", "value", "id", "reason", "status", "line"


@dataclass(frozen=True)
class TellReport:
    """What became of a told table: counts, and a line for each row that could not be used as it was."""

    measured: int
    failed: int
    skipped: int
    problems: tuple[str, ...]

    def __str__(self) -> str:
        text = f"{self.measured} measured, {self.failed} failed, {self.skipped} without a value yet"
        return "\n".join([text, *self.problems])


@dataclass(frozen=True)
class Matched:
    """Rows ready for the event, and what goes into the report."""

    rows: list[dict[str, Any]]
    refused: list[dict[str, Any]]
    report: TellReport


def match(frame: pd.DataFrame, history: History, codec: Codec) -> Matched:
    """Match each row by object if it names one, else by id. A row without a value says nothing unless its status is "failed" or it has a
    reason. Rows that contradict themselves or cannot be read are refused one by one; the others go on. A column "line" says where rows
    stand in a file, for the report."""
    columns = {str(name).strip().lower(): name for name in frame.columns}
    if VALUE not in columns or not {OBJECT, ID} & columns.keys():
        raise InputError(
            f"told rows need a column {VALUE!r} and one of {OBJECT!r} or {ID!r}, but have {', '.join(map(str, frame.columns)) or 'none'}"
        )
    cells = [{key: _cell(record[name]) for key, name in columns.items()} for record in frame.to_dict("records")]
    readings = codec.read([cell[OBJECT] or "" if OBJECT in cell else "" for cell in cells])
    by_object = {row.object: row.id for row in history.rows.values()}
    rows: list[dict[str, Any]] = []
    refused: list[dict[str, Any]] = []
    problems: list[str] = []
    skipped = 0
    for number, (cell, reading) in enumerate(zip(cells, readings, strict=True), start=1):
        try:
            value, failure = _outcome(cell)
            if value is None and failure is None:
                skipped += 1
                continue
            identity, canonical = _identify(cell, reading.object, reading.reason, history, by_object)
        except InputError as error:
            place = f"line {cell[LINE]}" if cell.get(LINE) else f"row {number}"
            problems.append(f"{place}: {error}")
            refused.append({key: str(text) for key, text in cell.items() if text is not None} | {"problem": str(error)})
            continue
        by_object[canonical] = identity
        rows.append({"id": identity, "object": canonical, "value": value, "reason": failure})
    measured = sum(row["value"] is not None for row in rows)
    return Matched(rows, refused, TellReport(measured, len(rows) - measured, skipped, tuple(problems)))


def _identify(
    cell: Mapping[str, Any], canonical: str | None, refusal: str | None, history: History, by_object: Mapping[str, str]
) -> tuple[str, str]:
    """Id and canonical object of a row: the object decides, the id must agree."""
    known = history.rows.get(cell[ID]) if cell.get(ID) else None
    if cell.get(OBJECT):
        if canonical is None:
            raise InputError(f"{cell[OBJECT]!r} cannot be used ({refusal}): write it as SMILES that RDKit reads, or leave the row out")
        if known is not None and known.object != canonical:
            raise InputError(f"id {known.id} is {known.object}, but the row says {canonical}: correct one of them")
        return by_object.get(canonical) or f"u{len(by_object) + 1:05d}", canonical
    if known is None:
        raise InputError(f"id {cell.get(ID)!r} was never proposed here: give the {OBJECT} of the row")
    return known.id, known.object


def _outcome(cell: Mapping[str, Any]) -> tuple[float | None, str | None]:
    """(value, None), (None, reason of failure), or (None, None) for nothing to tell."""
    raw, reason = cell.get(VALUE), cell.get(REASON)
    if raw is None:
        failed = reason is not None or str(cell.get(STATUS) or "").lower() == "failed"
        return None, str(reason or "failed") if failed else None
    try:
        value = float(raw)
    except (TypeError, ValueError):
        raise InputError(f"value {raw!r} is not a number: leave it empty and give a reason if the measurement failed") from None
    if not math.isfinite(value):
        return None, str(reason or f"value was {value}")
    return value, None


def _cell(value: Any) -> Any:
    if isinstance(value, str):
        return value.strip() or None
    return None if value is None or (isinstance(value, float) and math.isnan(value)) or value is pd.NA else value
