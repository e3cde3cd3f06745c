"""The same objects in several spaces: before and after a retrain, and through a training."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float
from matplotlib.cm import ScalarMappable
from matplotlib.collections import LineCollection

from latentbo.diagnostics.motion import Motion, Strip
from latentbo.errors import InputError
from latentbo.report import style
from latentbo.report.latent_map import axis_label, colours
from latentbo.report.style import Picture, plain, written

COLUMNS = 4


@style.styled
def motion(found: Motion, *, width: int = 560) -> Picture:
    """Where each object was, where it is, and a line between."""
    figure = style.canvas(width, 450)
    axes = figure.add_subplot()
    axes.set(xlabel=axis_label(found.axes[0]), ylabel=axis_label(found.axes[1]))
    n = len(found.objects)
    many = n > style.MANY
    segments = list(np.stack([found.before, found.after], axis=1))
    axes.add_collection(
        LineCollection(segments, colors=style.MUTED, lw=0.9, alpha=0.45, zorder=1, rasterized=many)
    )
    axes.scatter(
        found.before[:, 0], found.before[:, 1], s=20, facecolors="white", edgecolors=style.MUTED, lw=1.1,
        label="before", zorder=2, rasterized=many,
    )  # fmt: skip
    axes.scatter(
        found.after[:, 0],
        found.after[:, 1],
        s=20,
        color=style.BLUE,
        lw=0,
        label="after",
        zorder=3,
        rasterized=many,
    )
    both = np.concatenate([found.before, found.after])
    axes.set(xlim=style.around(both[:, 0]), ylim=style.around(both[:, 1]))
    mean, most = written(found.mean_moved, 2), written(float(found.moved.max()), 2)
    axes.text(
        0.03, 0.97, f"mean motion {mean} of the spread\nlargest {most}", transform=axes.transAxes, va="top", linespacing=1.5,
        bbox={"facecolor": "white", "edgecolor": "none", "alpha": 0.85, "pad": 3},
    )  # fmt: skip
    style.keyed(figure, axes)
    alt = f"{n} objects before and after, joined by lines: mean motion {mean}, largest {most}."
    caption = (
        "Turned, mirrored and shifted so that the same objects lie nearest; what is left is motion. It is measured in all "
        "dimensions; 1 is as far as a typical object lay from the middle before."
    )
    return style.picture(figure, "motion", alt, caption)


@style.styled
def strip(
    found: Strip, titles: Sequence[str], values: Float[np.ndarray, " n"] | None = None, name: str = ""
) -> Picture:
    """A panel for each state, on common axes, under its title; coloured by `values` (of the objects in order).

    Raises `InputError` for another number of titles or values.
    """
    frames = len(found.frames)
    if len(titles) != frames or (values is not None and len(values) != len(found.objects)):
        raise InputError(
            f"{frames} titles and {len(found.objects)} values are needed, not {len(titles)} and "
            f"{None if values is None else len(values)}"
        )
    columns = min(COLUMNS, frames)
    rows = -(-frames // columns)
    figure = style.canvas(1160 if columns > 2 else 560, 70 + 270 * rows)
    grid = figure.subplots(rows, columns, sharex=True, sharey=True, squeeze=False)
    everything = found.frames.reshape(-1, 2)
    norm = None if values is None else colours(values)
    order = np.arange(len(found.objects)) if values is None else values.argsort(kind="stable")
    for axes, points, title in zip(grid.flat, found.frames, titles, strict=False):
        axes.scatter(
            points[order, 0], points[order, 1], s=16, c=style.BLUE if values is None else values[order],
            cmap=None if values is None else style.VALUES, norm=norm, lw=0.2, edgecolors="white",
            rasterized=frames * len(points) > style.MANY,
        )  # fmt: skip
        axes.set_title(plain(title), fontsize="medium", loc="left")
        axes.set(xlim=style.around(everything[:, 0]), ylim=style.around(everything[:, 1]))
    for axes in grid.flat[frames:]:
        axes.set_axis_off()
    figure.supxlabel(axis_label(found.axes[0]), fontsize="medium")
    figure.supylabel(axis_label(found.axes[1]), fontsize="medium")
    if norm is not None:
        style.coloured(figure, grid.ravel().tolist(), ScalarMappable(norm, style.VALUES), name)
    alt = f"{len(found.objects)} objects in {frames} states of a model: {', '.join(titles)}."
    caption = "The same objects, each state turned, mirrored and shifted towards the next, in the main plane of the last."
    return style.picture(figure, "strip", alt, caption)
