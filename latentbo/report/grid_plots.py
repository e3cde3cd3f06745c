"""The grids of `diagnostics.grids`, each point as the object that is decoded there."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.figure import Figure

from latentbo.diagnostics.grids import Neighbourhood, Slice
from latentbo.kinds.base import Raster
from latentbo.report import style
from latentbo.report.latent_map import colours
from latentbo.report.object_cells import (
    HOME,
    PALE,
    REENCODING_DISTANCE,
    Frame,
    draw_cell,
    frames,
    judged,
    key_frames,
)
from latentbo.report.style import Picture, percent, plain, written

WIDTH = 1160
LEFT = 1000  # of it for the cells
HIGH = 3**0.5 / 2  # of an equilateral triangle of side 1


@style.styled
def neighbourhood(found: Neighbourhood, raster: Raster, likeness: str = "Tanimoto similarity") -> Picture:
    """The grid about one object; in each cell its similarity to the centre, called `likeness`."""
    side, step = len(found.offsets), float(found.offsets[1] - found.offsets[0])
    figure = style.canvas(WIDTH, 90 + 150 * side)
    axes = figure.add_subplot()
    norm, edges = Normalize(0.0, 1.0), frames(found.decodes)
    middle = len(edges) // 2
    edges[middle] = HOME
    for i, (name, frame, alike) in enumerate(zip(found.decodes.objects, edges, found.likeness, strict=True)):
        row, column = divmod(i, side)
        tint = PALE(norm(alike)) if np.isfinite(alike) else "white"
        draw_cell(
            axes, (float(found.offsets[column]), float(found.offsets[row])), (0.94 * step, 0.92 * step),
            (LEFT // side, 150), name,
            raster, frame, tint=tint, text=_two(alike),
        )  # fmt: skip
    reach = found.offsets[-1] + 0.52 * step
    axes.set(
        xlim=(-reach, reach), ylim=(-reach, reach), aspect="auto", xticks=found.offsets, yticks=found.offsets,
        xlabel="first random direction (standard deviations of the prior)",
        ylabel="second random direction (sd of the prior)",
    )  # fmt: skip
    _finish(figure, axes, edges, ScalarMappable(norm, PALE), f"{likeness} to the centre")
    others = np.delete(found.likeness, middle)
    typical = written(float(np.nanmedian(others)), 2) if np.isfinite(others).any() else "–"
    distinct = f"; {found.decodes.distinct} different objects" if found.decodes.exact else ""
    alt = (
        f"{side} by {side} grid of decoded objects about {plain(found.centre, 120)}{distinct}; "
        f"median {likeness} to the centre {typical}; {int(found.decodes.dead.sum())} of {len(edges)} points are dead zones."
    )
    changed = found.decodes.exact and found.decodes.objects[middle] != found.centre
    home = " The centre decodes to another object." if changed else ""
    caption = f"Numbers and tint: {likeness} to the centre (median {typical}){distinct}.{home} "
    return style.picture(figure, "neighbourhood", alt, caption + judged(found.decodes))


@style.styled
def convex_slice(found: Slice, raster: Raster, name: str = "") -> Picture:
    """The triangle between three objects, tinted by the predicted property, called `name`; without predictions by the
    decode - re-encode distance.
    """
    side = round((2 * len(found.weights) + 0.25) ** 0.5 - 1.5)  # steps, from (s + 1) (s + 2) / 2 points
    figure = style.canvas(WIDTH, 100 + 140 * (side + 1))
    axes = figure.add_subplot()
    values = found.decodes.reencoding_distance if found.predicted is None else found.predicted.mean
    label = REENCODING_DISTANCE if found.predicted is None else f"predicted {name}"
    known = values[np.isfinite(values)]
    norm = colours(known) if len(known) else Normalize(0.0, 1.0)
    edges = frames(found.decodes)
    for i, (w, object_, value) in enumerate(zip(found.weights, found.decodes.objects, values, strict=True)):
        place = w[0] * 0.5 + w[2], w[0] * HIGH  # the first object on top, then left and right
        tint = PALE(norm(value)) if np.isfinite(value) else "white"
        if w.max() == 1.0:
            edges[i] = HOME
        draw_cell(
            axes, (float(place[0]), float(place[1])), (0.94 / side, 0.92 * HIGH / side),
            (LEFT // (side + 1), 140), object_, raster, edges[i],
            tint=tint, text=_two(value) if found.predicted is None else written(float(value), 2),
        )  # fmt: skip
    axes.set(
        xlim=(-0.55 / side, 1 + 0.55 / side), ylim=(-0.55 * HIGH / side, HIGH * (1 + 0.55 / side)),
        yticks=[HIGH * i / side for i in range(side + 1)], yticklabels=[percent(i / side) for i in range(side + 1)],
        xticks=[i / side for i in range(side + 1)], xticklabels=[percent(i / side) for i in range(side + 1)],
        ylabel="share of the top object", xlabel="share of the right object (in the lowest row; the rest is the left one's)",
    )  # fmt: skip
    _finish(figure, axes, edges, ScalarMappable(norm, PALE), label)
    top, left, right = (plain(corner, 120) for corner in found.corners)
    alt = (
        f"Triangle of decoded objects between {top}, {left} and {right}, tinted by {plain(label)}; "
        f"{int(found.decodes.dead.sum())} of {len(edges)} points are dead zones."
    )
    caption = (
        f"Numbers and tint: {label}. Each point is a convex combination of the latents of the three corners. "
    )
    return style.picture(figure, "slice", alt, caption + judged(found.decodes))


def _finish(figure: Figure, axes: Axes, edges: list[Frame], values: ScalarMappable, label: str) -> None:
    axes.grid(False)
    axes.spines[["left", "bottom"]].set_visible(False)
    key_frames(axes, edges)
    style.coloured(figure, axes, values, label)
    style.keyed(figure, axes)


def _two(value: float) -> str:
    """Two digits behind the point; nothing of what is not known."""
    return f"{value:.2f}" if np.isfinite(value) else ""
