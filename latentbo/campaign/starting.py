"""Files of measurements into a campaign: what can be used goes in, other rows get a line saying why not."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pandas as pd

from latentbo.campaign.history import History
from latentbo.campaign.log import EventLog
from latentbo.campaign.telling import ID, LINE, REASON, STATUS, VALUE, TellReport, match, queue, tell
from latentbo.codecs.base import brief
from latentbo.data.tables import MISSING_OBJECT, Problem, Table, TableRow, read_table
from latentbo.errors import InputError
from latentbo.kinds.base import ObjectReader


@dataclass(frozen=True)
class Intake:
    """What became of the rows of a start file. `known` were in the campaign before, and stay as they are."""

    measured: int
    failed: int
    queued: int
    known: int
    problems: tuple[str, ...]

    def __str__(self) -> str:
        parts = [f"{self.measured} measured", f"{self.queued} to be measured first"]
        parts += [f"{self.failed} failed"] * bool(self.failed) + [f"{self.known} known already"] * bool(
            self.known
        )
        return ", ".join([*parts, f"{len(self.problems)} rows left out"] if self.problems else parts)


def start_from(log: EventLog, reader: ObjectReader, table: Table) -> Intake:
    """Tell the rows that have a value (or failed), queue the others. Done again, it adds only what is new."""
    before = log.history.known()
    readings = reader.codec.read([row.object for row in table.rows])
    problems = [str(problem) for problem in table.problems]
    fresh: list[TableRow] = []
    objects: dict[str, TableRow] = {}
    known = 0
    for row, reading in zip(table.rows, readings, strict=True):
        if reading.object in before:
            known += 1
        elif reading.object is None and not _has_outcome(row):
            problems.append(f"line {row.line}: {brief(repr(row.object))} cannot be used ({reading.reason})")
        elif _has_outcome(row):
            fresh.append(row)
        else:
            objects.setdefault(reading.object or "", row)
    column = log.history.column
    report = TellReport(0, 0, 0, ())
    if fresh:
        report = tell(log, reader, _frame(_records(fresh, column), column))
    known_now = log.history.known()
    waiting = [text for text in objects if text not in known_now]
    queue(log, reader, waiting)
    return Intake(report.measured, report.failed, len(waiting), known, (*problems, *report.problems))


def tell_file(
    log: EventLog,
    reader: ObjectReader,
    file: Path,
    object_column: str | None = None,
    value_column: str | None = None,
) -> TellReport:
    """`Campaign.tell` of a table: rows by object (`smiles`), and by `id` where none stands there. The columns of objects
    and of values may have other names.
    """
    column = log.history.column
    records, problems = _read(file, column, object_column, value_column or VALUE)
    report = tell(log, reader, _frame(records, column))
    return replace(report, problems=(*map(str, problems), *report.problems))


def untold(history: History, reader: ObjectReader, file: Path) -> int:
    """How many rows of a table say what came of an object that the campaign knows nothing of yet."""
    try:
        records, _ = _read(file, history.column)
    except InputError:  # no such table
        return 0
    found = match(_frame(records, history.column), history, reader).rows
    return sum(row["id"] not in history.rows or history.rows[row["id"]].status == "pending" for row in found)


def _read(
    file: Path, column: str, object_column: str | None = None, value_column: str = VALUE
) -> tuple[list[dict[str, Any]], Sequence[Problem]]:
    """Rows as `Campaign.tell` takes them, their objects under `column`; and what could not be read."""
    try:
        table = read_table(file, object_column=object_column or column, value_column=value_column)
    except InputError as error:
        if object_column is not None:
            raise
        try:
            table, column = read_table(file, object_column=ID, value_column=value_column), ID
        except InputError:
            raise error from None
    records, problems = _records(table.rows, column), list(table.problems)
    nameless = {problem.line for problem in problems if problem.reason == MISSING_OBJECT}
    if nameless and column != ID:
        with suppress(InputError):  # there is no column of ids
            by_id = read_table(file, object_column=ID, value_column=value_column)
            named = [row for row in by_id.rows if row.line in nameless]
            records += _records(named, ID)
            problems = [each for each in problems if each.line not in {row.line for row in named}]
    return records, problems


def _records(rows: Sequence[TableRow], column: str) -> list[dict[str, Any]]:
    """What `Campaign.tell` knows of each row, with the line of the file where it stands."""
    records: list[dict[str, Any]] = []
    for row in rows:
        extra = _lower(row)
        kept = {name: extra[name] for name in (ID, REASON, STATUS) if extra.get(name)}
        records.append({**kept, column: row.object, VALUE: row.value, LINE: row.line})
    return records


def _frame(records: Sequence[dict[str, Any]], column: str) -> pd.DataFrame:
    return pd.DataFrame(records, columns=[column, VALUE, LINE, ID, REASON, STATUS], dtype=object)


def _has_outcome(row: TableRow) -> bool:
    """Whether a row says what came of its object."""
    extra = _lower(row)
    return row.value is not None or bool(extra.get(REASON)) or extra.get(STATUS, "").lower() == "failed"


def _lower(row: TableRow) -> dict[str, str]:
    return {name.strip().lower(): text for name, text in row.extra.items()}
