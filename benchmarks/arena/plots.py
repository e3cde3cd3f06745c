"""Pictures of an arena: best so far and regret against calls, and what each ingredient of our method is worth."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from statistics import fmean, stdev
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, NullFormatter, StrMethodFormatter

from benchmarks.arena import metrics
from benchmarks.arena.methods import OURS, VARIANTS
from benchmarks.arena.table import SCORE, by_seed, setting_of
from benchmarks.arena.tasks import UNBOUNDED
from latentbo.report.style import BLUE, GREEN, INK, MUTED, ORANGE, PURPLE, SKY, VERMILLION, canvas, styled

Rows = Sequence[Mapping[str, Any]]
COLORS = {
    OURS: VERMILLION, "tanimoto_gp": BLUE, "mol_ga": GREEN, "graph_ga": ORANGE, "random": MUTED, "prior": PURPLE,
    "selfies_ga": SKY,
}  # fmt: skip
SPARE = (INK, BLUE, GREEN, ORANGE, PURPLE, SKY)  # for other methods, with dashes
OPTIMUM = 1.0  # of every task in [0, 1]; out of reach for some, and then the regret has a floor
FLOOR = 1e-3  # of the regret shown
SIZE = 20  # of text, so that it is legible when a page shows the picture at half its size


def draw(rows: Rows, folder: Path) -> list[Path]:
    """Draw what the rows of one setting have; returns the files, PNG, in `folder`."""
    if not rows:
        return []
    stem = "_".join(map(str, setting_of(rows[0])))
    figures = {
        "best": curves(rows),
        "regret": curves(rows, regret=True),
        "ablation": ablation(rows),
    }
    files = []
    for name, figure in figures.items():
        if figure is not None:
            files.append(folder / f"{stem}_{name}.png")
            figure.savefig(files[-1], dpi=72, facecolor="white")
    return files


@styled
def curves(rows: Rows, *, regret: bool = False) -> Figure | None:
    """A panel a task: the mean over seeds of the best value so far, or of its regret, and their range as a band. Rows that
    an earlier version wrote hold no curve and are left out.
    """
    rows = [row for row in rows if row["improvements"]]
    tasks = [
        task for task in dict.fromkeys(row["task"] for row in rows) if not (regret and task in UNBOUNDED)
    ]
    methods = [
        name for name in dict.fromkeys(row["method"] for row in rows) if name == OURS or name not in VARIANTS
    ]
    if not (tasks and methods):
        return None
    columns = min(3, len(tasks))
    lines = math.ceil(len(tasks) / columns)
    figure = canvas(max(520 * columns, 900), 380 * lines + 120)
    panels = figure.subplots(lines, columns, squeeze=False, sharex=True).ravel()
    for panel in panels[len(tasks) :]:
        panel.set_visible(False)
    for i, (task, panel) in enumerate(zip(tasks, panels, strict=False)):
        for method, look in _looks(methods):
            mine = [row for row in rows if row["task"] == task and row["method"] == method]
            traces = [metrics.improved_trace(row["improvements"]) for row in mine]
            _curve(panel, traces, rows[0]["budget"], regret, look)
        panel.set_title(task.replace("_", " "), fontsize=SIZE)
        panel.tick_params(labelsize=SIZE - 2, labelbottom=i >= len(tasks) - columns)
        if regret:
            panel.set_yscale("log")
            narrow = panel.get_ylim()[0] > 0.3
            panel.yaxis.set_major_locator(LogLocator(subs=range(1, 10) if narrow else (1, 2, 3, 5, 7)))
            panel.yaxis.set_major_formatter(StrMethodFormatter("{x:g}"))
            panel.yaxis.set_minor_formatter(NullFormatter())
    figure.set_layout_engine("constrained", w_pad=0.12, h_pad=0.08)
    figure.supxlabel("oracle calls", fontsize=SIZE)
    name = "1 − best value so far" if regret else "best value so far"
    figure.supylabel(f"{name} (mean and range over seeds)", fontsize=SIZE)
    handles, labels = _handles(panels.tolist())
    figure.legend(
        handles, labels, loc="outside upper center", ncols=min(2 * columns, len(labels)), fontsize=SIZE
    )
    return figure


def _curve(
    panel: Axes, traces: Sequence[Sequence[float]], budget: int, regret: bool, look: Mapping[str, Any]
) -> None:
    if not traces:
        return
    if regret:
        lines = [np.maximum(metrics.regret(trace, OPTIMUM, budget), FLOOR) for trace in traces]
    else:
        lines = [metrics.best_so_far(trace, budget) for trace in traces]
    heights = np.array(lines)
    calls = np.arange(1, budget + 1)
    panel.plot(calls, heights.mean(axis=0), lw=2.5, **look)
    panel.fill_between(calls, heights.min(axis=0), heights.max(axis=0), color=look["color"], alpha=0.15, lw=0)


def _looks(methods: Sequence[str]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Each method with its colour and dash; ours last, on top."""
    spare = 0
    for method in sorted(methods, key=lambda method: (method == OURS, method)):
        look: dict[str, Any] = {"color": COLORS.get(method), "label": method}
        if method not in COLORS:
            look |= {"color": SPARE[spare % len(SPARE)], "ls": ("--", ":")[spare // len(SPARE) % 2]}
            spare += 1
        yield method, look


def _handles(panels: Sequence[Axes]) -> tuple[list[Any], list[str]]:
    """One legend entry a method, whichever panels have it."""
    found: dict[str, Any] = {}
    for panel in panels:
        for handle, label in zip(*panel.get_legend_handles_labels(), strict=True):
            found.setdefault(label, handle)
    return list(found.values()), list(found)


@styled
def ablation(rows: Rows) -> Figure | None:
    """Each variant of our method less the default, on the same task and seed: every difference and their mean."""
    score = SCORE.get(rows[0]["protocol"], "auc_top10") if rows else ""
    found = {variant: list(_differences(rows, variant, score)) for variant in VARIANTS if variant != OURS}
    found = {variant: values for variant, values in found.items() if values}
    if not found:
        return None
    figure = canvas(1_200, 80 * len(found) + 220)
    axes = figure.add_subplot()
    axes.axvline(0, color=INK, lw=1.5)
    for i, values in enumerate(found.values()):
        axes.plot(
            values,
            [i] * len(values),
            "o",
            color=MUTED,
            alpha=0.5,
            ms=9,
            label="a task and seed" if i == 0 else None,
        )
        error = stdev(values) / math.sqrt(len(values)) if len(values) > 1 else 0.0
        axes.errorbar(
            fmean(values), i, xerr=error, fmt="D", color=VERMILLION, ms=12, lw=3, capsize=7,
            label="mean ± standard error" if i == 0 else None,
        )  # fmt: skip
    names = [variant.removeprefix(f"{OURS}_").replace("_", " ") for variant in found]
    axes.set_yticks(range(len(found)), names, fontsize=SIZE, color=INK)
    axes.set_ylim(len(found) - 0.5, -0.5)
    axes.tick_params(axis="x", labelsize=SIZE - 2)
    name = {"auc_top10": "AUC-top10", "best": "best value"}[score]
    axes.set_xlabel(f"{name}: variant less default (left of 0: the default is better)", fontsize=SIZE)
    figure.legend(loc="outside upper center", ncols=2, fontsize=SIZE)
    return figure


def _differences(rows: Rows, variant: str, score: str) -> Iterator[float]:
    for task in dict.fromkeys(row["task"] for row in rows):
        default = by_seed(rows, task, OURS, score)
        for seed, value in by_seed(rows, task, variant, score).items():
            if seed in default:
                yield value - default[seed]
