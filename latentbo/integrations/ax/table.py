"""A table of objects into an experiment: those with values are known at once, the others are measured next."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd
from ax.api.client import Client

from latentbo.errors import InputError
from latentbo.integrations.ax.client import attach_object, experiment_of, space_of


@dataclass(frozen=True)
class Attached:
    """What became of the rows of a table; a line for each that could not be used."""

    measured: int
    failed: int
    abandoned: int
    pending: int
    problems: tuple[str, ...]

    def __str__(self) -> str:
        text = f"{self.measured} measured, {self.failed} failed, {self.abandoned} abandoned, {self.pending} pending"
        return "\n".join([text, *self.problems])


def attach_table(client: Client, frame: pd.DataFrame) -> Attached:
    """Rows of a table as trials: the column of the objects (`smiles`), and one for each metric that is known.

    The `summarize()` of another experiment is such a table. `trial_status` says of rows without values whether they
    failed, were abandoned, or are still running; left out, they are running: to be measured next. Rows that cannot be
    used are listed, and the others go on. Raises `InputError` for a table without the columns that it needs.
    """
    column, known = space_of(client).kind.column, experiment_of(client).metrics
    metrics = [name for name in known if name in frame.columns]
    if column not in frame.columns or not (metrics or "trial_status" in frame.columns):
        raise InputError(
            f"a table needs the column {column!r} and at least one of the metrics {', '.join(known)}, "
            f"but has {', '.join(map(str, frame.columns))}"
        )
    counts = dict.fromkeys(("measured", "failed", "abandoned", "pending"), 0)
    problems = []
    for number, cells in enumerate(frame.itertuples(index=False, name=None), start=1):
        row = dict(zip(map(str, frame.columns), cells, strict=True))
        try:
            counts[_attach_row(client, row, column, metrics)] += 1
        except InputError as error:
            problems.append(f"row {number}: {error}")
    return Attached(**counts, problems=tuple(problems))


def _attach_row(client: Client, row: Mapping[str, Any], column: str, metrics: Sequence[str]) -> str:
    """What became of the row."""
    given = {name: _number(name, row[name]) for name in metrics if pd.notna(row[name])}
    values = {name: value for name, value in given.items() if math.isfinite(value)}
    status = str(row.get("trial_status")).upper()
    index = attach_object(client, str(row[column]), values if status not in ("FAILED", "ABANDONED") else None)
    if status == "ABANDONED":
        client.mark_trial_abandoned(index)
        return "abandoned"
    if status == "FAILED" or (given and not values):
        reason = row.get("status_reason")
        client.mark_trial_failed(index, str(reason) if isinstance(reason, str) else f"values were {given}")
        return "failed"
    if values:
        return "measured"
    if status in ("COMPLETED", "EARLY_STOPPED"):
        client.complete_trial(index)
        return "measured"
    return "pending"


def _number(metric: str, cell: Any) -> float:
    try:
        return float(cell)
    except (TypeError, ValueError):
        raise InputError(
            f"{metric} is {cell!r}, which is no number: leave the cell empty where nothing was measured"
        ) from None
