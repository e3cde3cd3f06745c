"""From rows to what they say: mean and spread a task, sums over the 17, paired wins.

Methods are compared on seeds that both have run, because a seed is a set of start molecules and those alone move an AUC by
0.05. The spread is the sample standard deviation over seeds.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import fmean, stdev
from typing import Any

from benchmarks.arena.methods import OURS, VARIANTS
from benchmarks.arena.single_run import MARKS, PACES
from benchmarks.arena.tasks import PUBLISHED_BEST, SEVENTEEN, Setting

Rows = Sequence[Mapping[str, Any]]
SCORE = {"low_budget": "best"}  # what a protocol compares, where it is not AUC-top10


def setting_of(row: Mapping[str, Any]) -> Setting:
    """The setting of a run."""
    return Setting(*(row[name] for name in Setting._fields))


def of_setting(rows: Rows, setting: Setting) -> list[Mapping[str, Any]]:
    """The rows of that setting."""
    return [row for row in rows if setting_of(row) == setting]


def by_seed(rows: Rows, task: str, method: str, score: str) -> dict[int, float]:
    """seed -> score of a method on a task; runs without a score are left out."""
    mine = (row for row in rows if row["task"] == task and row["method"] == method)
    return {row["seed"]: row[score] for row in mine if row[score] is not None}


def sums(rows: Rows, method: str, tasks: Sequence[str], score: str) -> dict[int, float]:
    """seed -> sum over the tasks, for the seeds that have all of them."""
    found = [by_seed(rows, task, method, score) for task in tasks]
    whole = set.intersection(*map(set, found)) if found else set()
    return {seed: sum(values[seed] for values in found) for seed in sorted(whole)}


def difference(rows: Rows, task: str, ours: str, theirs: str, score: str) -> float | None:
    """Mean of ours less theirs over the seeds that both have; None where there are none."""
    a, b = by_seed(rows, task, ours, score), by_seed(rows, task, theirs, score)
    both = a.keys() & b.keys()
    return fmean(a[seed] - b[seed] for seed in sorted(both)) if both else None


def wins(rows: Rows, ours: str, theirs: str, tasks: Sequence[str], score: str) -> tuple[int, int]:
    """(tasks that ours wins by the mean difference, tasks compared)."""
    found = [difference(rows, task, ours, theirs, score) for task in tasks]
    compared = [value for value in found if value is not None]
    return sum(value > 0 for value in compared), len(compared)


def markdown(rows: Rows, setting: Setting) -> str:
    """The tables of one setting: scores a task, the same of our method's variants, paired wins, and what runs cost."""
    protocol, budget, start_count = setting
    mine, score = of_setting(rows, setting), SCORE.get(protocol, "auc_top10")
    if not mine:
        return f"No run of {protocol} at {budget} calls from {start_count} start molecules yet.\n"
    methods = _distinct(mine, "method")
    variants = [method for method in methods if method in VARIANTS]
    main = [method for method in methods if method not in variants or method == OURS]
    title = f"{protocol}: {score} at {budget} calls from {start_count} start molecules"
    lines = [f"## {title}, mean ± sd over seeds (number of seeds)", ""]
    lines += _scores(mine, main, score, published=protocol == "low_budget") if main else []
    lines += _scores(mine, variants, score) if set(variants) - {OURS} else []
    return "\n".join([*lines, *_paired(mine, methods, score), *_costs(mine, methods)]) + "\n"


def _scores(rows: Rows, methods: Sequence[str], score: str, *, published: bool = False) -> list[str]:
    """A task a line, a method a column, over the tasks that one of them other than ours has; their sum where they are the
    17.
    """
    asked = [row for row in rows if row["method"] in methods and (row["method"] != OURS or len(methods) == 1)]
    tasks = _distinct(asked, "task")
    lines = _header(["task", *methods, *(["published Mol GA / GP+GA"] if published else [])])
    for task in tasks:
        cells = [_spread(list(by_seed(rows, task, method, score).values())) for method in methods]
        bar = PUBLISHED_BEST.get(task, (None, None)) if published else ()
        bars = [" / ".join("–" if value is None else f"{value:.3f}" for value in bar)] if published else []
        lines.append(_row([task, *cells, *bars]))
    if set(SEVENTEEN) <= set(tasks):
        sum17 = [_spread(list(sums(rows, method, SEVENTEEN, score).values())) for method in methods]
        lines.append(_row(["**sum of 17**", *sum17, *([""] if published else [])]))
    return [*lines, ""]


def _paired(rows: Rows, methods: Sequence[str], score: str) -> list[str]:
    """Ours against each other method: tasks won by the mean over common seeds (and by that of the best value at the end),
    runs won, and sums won.
    """
    if OURS not in methods or len(methods) == 1:
        return []
    tasks = _distinct(rows, "task")
    among = [task for task in tasks if task in SEVENTEEN]
    lines = _header(
        [
            f"{OURS} against",
            "tasks won",
            "of the 17",
            "by the best value",
            "runs won",
            "mean difference",
            "seeds whose sum is won",
        ]
    )
    for method in methods:
        if method == OURS:
            continue
        pairs = [
            by_seed(rows, task, OURS, score)[seed] - value
            for task in tasks
            for seed, value in by_seed(rows, task, method, score).items()
            if seed in by_seed(rows, task, OURS, score)
        ]
        ours, theirs = (sums(rows, name, SEVENTEEN, score) for name in (OURS, method))
        both = ours.keys() & theirs.keys()
        won = f"{sum(ours[seed] > theirs[seed] for seed in both)} of {len(both)}" if both else "–"
        compared = ((tasks, score), (among, score), (tasks, "best"))
        parts = ["{} of {}".format(*wins(rows, OURS, method, group, by)) for group, by in compared]
        runs = f"{sum(pair > 0 for pair in pairs)} of {len(pairs)}"
        lines.append(_row([method, *parts, runs, f"{fmean(pairs):+.3f}" if pairs else "–", won]))
    return [*lines, ""]


def _costs(rows: Rows, methods: Sequence[str]) -> list[str]:
    """Top-10 on the way, and what the runs took."""
    shown = {f"top10_{mark}": f"top-10 at {mark}" for mark in MARKS}
    shown |= {f"seconds_per_proposal_{near}": f"s a proposal at {near}" for near in PACES}
    shown = {name: title for name, title in shown.items() if any(row[name] is not None for row in rows)}
    shown |= {
        "wall_seconds": "wall s",
        "cpu_seconds": "CPU s",
        "invalid": "invalid",
        "duplicates": "duplicates",
    }
    lines = _header(["mean over its runs", *shown.values()])
    for method in methods:
        mine = [row for row in rows if row["method"] == method]
        lines.append(_row([method, *(_mean(mine, name) for name in shown)]))
    return lines


def _mean(rows: Rows, name: str) -> str:
    found = [row[name] for row in rows if row[name] is not None]
    return f"{fmean(found):.3g}" if found else "–"


def _spread(values: Sequence[float]) -> str:
    if not values:
        return "–"
    spread = f" ± {stdev(values):.3f}" if len(values) > 1 else ""
    return f"{fmean(values):.3f}{spread} ({len(values)})"


def _distinct(rows: Rows, name: str) -> list[str]:
    return list(dict.fromkeys(row[name] for row in rows))


def _header(names: Sequence[str]) -> list[str]:
    return [_row(names), _row(["---"] * len(names))]


def _row(parts: Sequence[str]) -> str:
    return f"| {' | '.join(parts)} |"
