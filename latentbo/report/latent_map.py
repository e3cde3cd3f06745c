"""The map of a latent space: objects on two axes, coloured by a value.

Drawn of nothing (it says what is missing) as well as of ten thousand objects (marks become an image).
"""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize

from latentbo.diagnostics.maps import SHARE, Axis, LatentMap
from latentbo.report import style
from latentbo.report.style import Picture, percent, plain, written

START_DATA, PROPOSALS = "start data", "proposals"
MARKS = {START_DATA: ("s", 18), PROPOSALS: ("o", 34)}  # any other group is drawn like proposals


@style.styled
def latent_map(
    found: LatentMap, name: str, *, best: bool = True, noun: str = "measured molecule", width: int = 560
) -> Picture:
    """`name` is what the values are; with `best` larger ones are better, and the best has a star. `noun` is what one of
    the objects is called; `width` is in pixels.
    """
    figure = style.canvas(width, 450)
    axes = figure.add_subplot()
    if not found.objects:
        style.nothing(axes, f"no {noun} yet")
        return style.picture(
            figure, "map", f"Latent map: there is no {noun} yet.", f"There is no {noun} yet."
        )
    axes.set(xlabel=axis_label(found.axes[0]), ylabel=axis_label(found.axes[1]))
    order = found.values.argsort(kind="stable")  # the highest are drawn last, on top
    points, values = found.points[order], found.values[order]
    norm = colours(values)
    _draw_points(axes, points, values, np.array(found.groups)[order], norm)
    if best:
        axes.scatter(
            points[-1:, 0], points[-1:, 1], s=230, color=style.VERMILLION, marker="*", edgecolors="white", lw=0.9, clip_on=False,
            label=f"best ({written(values[-1])})",
        )  # fmt: skip
    axes.set(xlim=style.around(points[:, 0]), ylim=style.around(points[:, 1]))
    style.coloured(
        figure, axes, ScalarMappable(norm, style.VALUES), name, lower=values[0] < float(norm.vmin or 0.0)
    )
    style.keyed(figure, axes)
    alt = f"{len(values)} {noun}{'s' * (len(values) > 1)} in the latent space, coloured by {plain(name)}."
    return style.picture(figure, "map", alt, _caption(found.axes))


def colours(values: np.ndarray) -> Normalize:
    """The range of the colours: without the lowest 2 %, which would squeeze the rest."""
    norm = Normalize(float(np.quantile(values, 0.02)), float(values.max()))
    return norm if norm.vmin != norm.vmax else Normalize(*style.limits(float(values[0]), float(values[0])))


def axis_label(axis: Axis) -> str:
    if axis.kind == SHARE:
        return f"{axis.name}, latent units ({percent(axis.figure)} of variance)"
    return f"{axis.name}, latent units (lengthscale {written(axis.figure, 2)} of the box)"


def _caption(axes: tuple[Axis, Axis]) -> str:
    if axes[0].kind == SHARE:
        held = percent(axes[0].figure + axes[1].figure)
        return (
            f"The two main directions hold {held} of the latent variance: "
            "points that are close here may be apart in the other directions."
        )
    return (
        "The two latent dimensions along which the surrogate says that the value changes fastest. Lengthscales are in units "
        "of its box, 3.5 standard deviations of the prior; the other dimensions are not seen here."
    )


def _draw_points(
    axes: Axes, points: np.ndarray, values: np.ndarray, groups: np.ndarray, norm: Normalize
) -> None:
    for group in sorted(set(groups.tolist()), reverse=True):  # start data below proposals
        marker, size = MARKS.get(group, MARKS[PROPOSALS])
        use = groups == group
        axes.scatter(
            points[use, 0], points[use, 1], s=size, c=values[use], marker=marker, cmap=style.VALUES, norm=norm, lw=0.3,
            edgecolors="white", rasterized=len(values) > style.MANY,
        )  # fmt: skip
        axes.scatter([], [], s=size, color=style.MUTED, marker=marker, lw=0, label=group)
