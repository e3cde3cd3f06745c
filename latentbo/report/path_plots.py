"""A path of `diagnostics.paths`: the objects on the way, and below each what is known of its place."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import PercentFormatter

from latentbo.diagnostics.paths import LINE, Path
from latentbo.kinds.base import Raster
from latentbo.report import style
from latentbo.report.object_cells import HOME, draw_cell, frames, judged
from latentbo.report.style import Picture, percent, plain

WIDTH, DRAWN = 1160, 7
WAYS = {LINE: "straight line", "sphere": "great arc about the prior's mean"}
SHADES: tuple[dict[str, Any], ...] = (  # a hatch besides the colour, for readers who see little of it
    {"label": "dead zone", "facecolor": "#f6d5c3", "edgecolor": "#e9a583", "hatch": "////", "lw": 0},
    {"label": "decoder undecided", "facecolor": "#fbeccb", "lw": 0},
)


@style.styled
def path(found: Path, raster: Raster, *, name: str = "", likeness: str = "Tanimoto similarity") -> Picture:
    """`name` is the predicted property, where one is predicted; `likeness` what the similarity is called."""
    panels = [_likeness, *([_predicted] if found.predicted is not None else []), _reencoding, _entropy]
    figure = style.canvas(WIDTH, 190 + 118 * len(panels))
    top, *below = figure.subplots(len(panels) + 1, 1, sharex=True, height_ratios=[1.15, *[1.0] * len(panels)])
    _draw_objects(top, found, raster)
    for axes, panel in zip(below, panels, strict=True):
        panel(axes, found, name if panel is _predicted else likeness)
        _shade(axes, found)
        axes.yaxis.set_label_coords(-0.052, 0.5)
    below[-1].set_xlabel(f"share of the way ({WAYS[found.way]})")
    below[-1].xaxis.set_major_formatter(PercentFormatter(1, symbol=" %"))
    half = 0.5 / (DRAWN - 1)
    top.set(xlim=(-half, 1 + half), xticks=np.linspace(0, 1, DRAWN))
    top.tick_params(bottom=False, labelbottom=False)
    below[-1].plot([], [], color=style.INK, lw=1.0, ls=(0, (4, 3)), label="limit")
    for shade in SHADES:
        below[-1].fill_between([], [], [], **shade)
    style.keyed(figure, *below, columns=7)
    return style.picture(figure, f"path-{found.way}", _alt(found), _caption(found, name))


def _draw_objects(axes: Axes, found: Path, raster: Raster) -> None:
    """Those of `DRAWN` evenly spaced steps, each over its place."""
    names, edges = found.decodes.objects, frames(found.decodes)
    rows = sorted(set(np.linspace(0, len(names) - 1, min(DRAWN, len(names))).round().astype(int).tolist()))
    for row in rows:
        frame = HOME if row in (0, len(names) - 1) else edges[row]
        draw_cell(
            axes,
            (float(found.share[row]), 0.5),
            (0.94 / (DRAWN - 1), 0.96),
            (1060 // DRAWN, 125),
            names[row],
            raster,
            frame,
        )
    axes.set(ylim=(0, 1), yticks=[], ylabel="decoded")
    axes.yaxis.set_label_coords(-0.052, 0.5)
    axes.grid(False)
    axes.spines[["left", "bottom"]].set_visible(False)


def _likeness(axes: Axes, found: Path, name: str) -> None:
    for column, colour, label in ((0, style.BLUE, "to the first"), (1, style.PURPLE, "to the last")):
        _line(axes, found, found.likeness[:, column], colour, label)
    axes.set(ylabel=name.replace(" ", "\n", 1), ylim=(-0.03, 1.05))


def _predicted(axes: Axes, found: Path, name: str) -> None:
    assert found.predicted is not None
    axes.fill_between(
        found.share, found.predicted.low, found.predicted.high, step="mid", color=style.SKY, alpha=0.35, lw=0,
        label="95 % interval",
    )  # fmt: skip
    _line(axes, found, found.predicted.mean, style.GREEN, "predicted mean")
    axes.set(ylabel=f"predicted\n{plain(name, 20)}")


def _reencoding(axes: Axes, found: Path, _: str) -> None:
    far = np.where(np.isfinite(found.decodes.reencoding_distance), found.decodes.reencoding_distance, np.nan)
    _line(axes, found, far, style.INK)
    axes.plot(found.share, found.decodes.stranger, color=style.INK, lw=1.0, ls=(0, (4, 3)))
    axes.set(ylabel="distance on\nre-encoding\n(prior sd)")
    axes.set_ylim(0, 1.08 * max(float(np.nanmax(far, initial=0.0)), float(found.decodes.stranger.max())))


def _entropy(axes: Axes, found: Path, _: str) -> None:
    _line(axes, found, found.decodes.entropy, style.INK)
    axes.axhline(found.decodes.usual, color=style.INK, lw=1.0, ls=(0, (4, 3)))
    axes.set(ylabel="decoder\nentropy\n(nats/token)")
    axes.set_ylim(0, 1.08 * max(float(found.decodes.entropy.max()), found.decodes.usual))


def _line(axes: Axes, found: Path, values: np.ndarray, colour: str, label: str | None = None) -> None:
    axes.plot(found.share, values, color=colour, lw=2.0, drawstyle="steps-mid", label=label)


def _shade(axes: Axes, found: Path) -> None:
    """Each point stands for the way half to its neighbours; what is dead is not called undecided too."""
    dead = found.decodes.dead
    edges = np.concatenate([[0.0], (found.share[1:] + found.share[:-1]) / 2, [1.0]])
    for rows, shade in zip((dead, found.decodes.undecided & ~dead), SHADES, strict=True):
        for first, last in _runs(rows):
            axes.axvspan(edges[first], edges[last + 1], zorder=-2, **{**shade, "label": None})


def _runs(rows: np.ndarray) -> list[tuple[int, int]]:
    """First and last place of each run of true ones."""
    steps = np.diff(np.concatenate([[False], rows, [False]]).astype(int))
    return list(
        zip(np.flatnonzero(steps == 1).tolist(), (np.flatnonzero(steps == -1) - 1).tolist(), strict=True)
    )


def _caption(found: Path, name: str) -> str:
    first, last = found.decodes.objects[0], found.decodes.objects[-1]
    changed = [end for end, there in zip(found.ends, (first, last), strict=True) if end != there]
    changed = changed if found.decodes.exact else []
    lost = (
        f" {' and '.join(plain(end, 120) for end in changed)} itself does not come back from its own point."
        if changed
        else ""
    )
    predicted = (
        "" if found.predicted is None
        else f" The interval is that of {plain(name)} itself, without the noise of a measurement."
    )  # fmt: skip
    different = f"{found.decodes.distinct} different objects in " if found.decodes.exact else ""
    return f"{different}{len(found.share)} steps.{lost}{predicted} {judged(found.decodes)}"


def _alt(found: Path) -> str:
    first, last = (plain(end, 120) for end in found.ends)
    return (
        f"Path from {first} to {last} along the {WAYS[found.way]}: decoded objects, similarity to either end, decode - "
        f"re-encode distance and decoder entropy; {percent(float(found.decodes.dead.mean()))} of the points are dead."
    )
