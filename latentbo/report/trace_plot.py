"""How far the campaign has come: the best value so far, against random screening."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from latentbo.report import style
from latentbo.report.numbers import START, after
from latentbo.report.style import Picture, plain, written

BAND_POINTS = 400  # places at which the edges of the random band are drawn


@style.styled
def trace(tried: pd.DataFrame, objective: str, band: pd.DataFrame | None) -> Picture:
    """Best value so far of `numbers.calls`, and of random screening (columns calls, low, median, high)."""
    figure = style.canvas(700, 430)
    axes = figure.add_subplot()
    axes.set(
        xlabel="calls to the objective (start data included)", ylabel=f"{plain(objective)} (larger is better)"
    )
    if tried["value"].isna().all():
        style.nothing(axes, "no measured value yet")
        return style.picture(
            figure, "trace", "Best value so far: nothing is measured yet.", "Nothing is measured yet."
        )
    start, last = int(tried["start"].sum()), len(tried)
    first = max(1, 2 * start - last) if last > start else 1  # start data take at most half of the picture
    shown = _within(band, first, last)
    _draw_calls(axes, tried, last)
    _draw_band(axes, shown)
    if 0 < start < last:
        _mark_start(axes, first, start)
    low, high = _range(tried, shown, first)
    axes.set(xlim=(first - 0.5, last + max(0.5, 0.02 * (last - first))), ylim=(low, high))
    axes.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
    style.keyed(figure, axes, columns=6)
    hidden = int((tried["value"][tried["call"] >= first] < low).sum())
    below = f" {hidden} low value{'s' * (hidden > 1)} below the axis not drawn." if hidden else ""
    random, end = _random(band, last), written(float(tried["best"].iloc[-1]))
    alt = f"Line of the best {plain(objective)} so far over {last} calls; it ends at {end}. {random}"
    caption = f"Line: best value after each call; dots: single calls.{below} {random}"
    return style.picture(figure, "trace", alt, caption)


def _draw_calls(axes: Axes, tried: pd.DataFrame, last: int) -> None:
    steps = tried[(tried["best"] != tried["best"].shift()) | (tried["call"] == last)]
    axes.plot(
        steps["call"], steps["best"], color=style.BLUE, lw=2.4, drawstyle="steps-post", marker="o", ms=5,
        markevery=[-1], label="best so far", zorder=3,
    )  # fmt: skip
    proposed = tried["round"] > START
    for which, colour, label in (
        (tried["start"], style.MUTED, "start data"),
        (~tried["start"] & ~proposed, style.GREEN, "own rows"),
        (proposed, style.SKY, "proposals"),
    ):
        rows = tried[tried["value"].notna() & which]
        if len(rows):
            axes.scatter(
                rows["call"], rows["value"], s=13, color=colour, alpha=0.65, lw=0, label=label,
                rasterized=last > style.MANY,
            )  # fmt: skip
    failed = tried["call"][tried["value"].isna()]
    if len(failed):
        axes.scatter(
            failed, np.full(len(failed), 0.02), s=22, marker="x", lw=1.1, color=style.VERMILLION,
            label="failed", transform=axes.get_xaxis_transform(), rasterized=len(failed) > style.MANY,
        )  # fmt: skip


def _draw_band(axes: Axes, shown: pd.DataFrame) -> None:
    if shown.empty:
        axes.plot([], [], color=style.MUTED, lw=1.4, ls="--", label="random screening: not known")
        return
    axes.plot(
        shown["calls"],
        shown["median"],
        color=style.MUTED,
        lw=1.4,
        ls="--",
        label="random: median",
        zorder=1.8,
    )
    axes.fill_between(
        shown["calls"], shown["low"], shown["high"], color=style.BAND, alpha=0.6, lw=0, zorder=0.9,
        label="random: 10 to 90 %",
    )  # fmt: skip


def _mark_start(axes: Axes, first: int, start: int) -> None:
    axes.axvspan(first - 0.5, start + 0.5, color="#f1f4f7", zorder=-2, lw=0)
    axes.text(
        (first + start) / 2, 1.01, "start data", transform=axes.get_xaxis_transform(), ha="center",
        va="bottom", fontsize=11, color=style.MUTED,
    )  # fmt: skip


def _range(tried: pd.DataFrame, shown: pd.DataFrame, first: int) -> tuple[float, float]:
    """The axis without the climb of the first calls and the worst values: they would squeeze the rest."""
    from_here = first + 0.05 * (len(tried) - first)
    edge = shown[shown["calls"] >= from_here]
    ends = pd.concat([tried["best"][tried["call"] >= from_here], edge["low"], edge["high"]]).astype(float)
    values = tried["value"][tried["call"] >= first].dropna()
    top = float(max(ends.max(), values.max()) if len(values) else ends.max())
    reach = top - 1.5 * (top - values.quantile(0.25))
    return style.limits(float(np.nanmin([ends.min(), values[values >= reach].min()])), top)


def _within(band: pd.DataFrame | None, first: int, last: int) -> pd.DataFrame:
    """The part of the band that is shown, thinned: densely where it rises, at the beginning."""
    if band is None or band.empty:
        return pd.DataFrame(columns=["calls", "low", "median", "high"], dtype=float)
    rows = band[(band["calls"] >= first) & (band["calls"] <= last)]
    keep = np.unique(np.geomspace(1, max(1, len(rows)), BAND_POINTS).round().astype(int)) - 1
    return rows.iloc[keep[keep < len(rows)]]


def _random(band: pd.DataFrame | None, last: int) -> str:
    if band is None or band.empty:
        return "What random screening would reach on this objective is not known."
    found = after(band, last)
    if found is None:
        return "Grey: the best of as many random draws, as far as that is known."
    low, median, high = map(written, found)
    reach = f"{median} after {last} (10 to 90 %: {low} to {high})"
    return f"Grey: the best of as many random draws: {reach}."
