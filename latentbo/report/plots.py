"""What the model makes of the molecules.

Each picture can be drawn of nothing (it says what is missing) and of ten thousand rows (marks become an
image).
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from jaxtyping import Float
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize

from latentbo.report import style
from latentbo.report.numbers import START, Z95, Calibration, plane
from latentbo.report.style import Picture, percent, plain, written


@style.styled
def latent_map(known: pd.DataFrame, latents: Float[np.ndarray, "m d"], objective: str) -> Picture:
    """The latents of rows that have a value, in their principal plane, coloured by it."""
    figure = style.canvas(560, 450)
    axes = figure.add_subplot()
    points, shares = plane(latents)
    if known.empty:
        style.nothing(axes, "no measured molecule yet")
        return style.picture(
            figure, "map", "Latent map: nothing is measured yet.", "Nothing is measured yet."
        )
    axes.set(
        xlabel=f"PC 1 ({percent(shares[0])} of variance)", ylabel=f"PC 2 ({percent(shares[1])} of variance)"
    )
    order = known["value"].to_numpy(dtype=float).argsort(kind="stable")  # the best are drawn last, on top
    known, points = known.iloc[order], points[order]
    values = known["value"].to_numpy(dtype=float)
    norm = Normalize(float(np.quantile(values, 0.02)), float(values[-1]))
    if norm.vmin == norm.vmax:
        norm = Normalize(*style.limits(values[-1], values[-1]))
    _draw_points(axes, points, values, (known["round"] > START).to_numpy(), norm)
    axes.set(xlim=style.limits(*_ends(points[:, 0])), ylim=style.limits(*_ends(points[:, 1])))
    extend = "min" if values[0] < float(norm.vmin or 0.0) else "neither"
    bar = figure.colorbar(ScalarMappable(norm, style.VALUES), ax=axes, pad=0.02, aspect=28, extend=extend)
    bar.set_label(plain(objective))
    bar.outline.set_visible(False)
    style.keyed(figure, axes)
    alt = f"{len(values)} measured molecules in the latent space, coloured by {plain(objective)}."
    caption = (
        f"The two main directions hold {percent(sum(shares))} of the latent variance: "
        "points that are close here may be apart in the other directions."
    )
    return style.picture(figure, "map", alt, caption)


def _draw_points(
    axes: Axes, points: np.ndarray, values: np.ndarray, new: np.ndarray, norm: Normalize
) -> None:
    x, y = points.T
    for use, marker, size, label in ((~new, "s", 18, "start data"), (new, "o", 34, "proposals")):
        if use.any():
            axes.scatter(
                x[use], y[use], s=size, c=values[use], marker=marker, cmap=style.VALUES, norm=norm, lw=0.3,
                edgecolors="white", rasterized=len(values) > style.MANY,
            )  # fmt: skip
            axes.scatter([], [], s=size, color=style.MUTED, marker=marker, lw=0, label=label)
    axes.scatter(
        x[-1:], y[-1:], s=230, color=style.VERMILLION, marker="*", edgecolors="white", lw=0.9, clip_on=False,
        label=f"best ({written(values[-1])})",
    )  # fmt: skip


@style.styled
def parity(checked: Calibration, objective: str) -> Picture:
    """Prediction at proposal time against measurement, with 95 % intervals."""
    figure = style.canvas(560, 450)
    axes = figure.add_subplot()
    axes.set(xlabel=f"measured {plain(objective)}", ylabel="predicted when proposed")
    n = len(checked.measured)
    if n == 0:
        message = "No measured proposal has a prediction yet."
        style.nothing(axes, "no measured proposal with a prediction yet")
        return style.picture(figure, "parity", f"Predicted against measured: {message}", message)
    inside = checked.inside
    for use, colour, label in (
        (inside, style.BLUE, "inside its 95 % interval"),
        (~inside, style.VERMILLION, "outside"),
    ):
        if use.any():
            x, y, reach = checked.measured[use], checked.mean[use], Z95 * checked.sd[use]
            axes.vlines(x, y - reach, y + reach, color=colour, lw=0.9, alpha=0.35, rasterized=n > style.MANY)
            axes.scatter(x, y, s=18, color=colour, lw=0, alpha=0.85, label=label, rasterized=n > style.MANY)
    ends = style.limits(*_ends(np.concatenate([checked.measured, checked.mean])))
    axes.plot(ends, ends, color=style.INK, lw=0.8, label="measured = predicted")
    axes.set(xlim=ends, ylim=ends, aspect="equal")
    share, rmse = (
        f"coverage {percent(checked.coverage)} ({inside.sum()} of {n})",
        f"RMSE {written(checked.rmse, 3)}",
    )
    axes.text(
        0.03, 0.97, f"{share}\n{rmse}", transform=axes.transAxes, va="top", linespacing=1.5,
        bbox={"facecolor": "white", "edgecolor": "none", "alpha": 0.85, "pad": 3},
    )  # fmt: skip
    style.keyed(figure, axes)
    alt = f"Predicted against measured {plain(objective)} for {n} proposals: {share}, {rmse}."
    caption = (
        "Bars: the model's 95 % interval before each measurement; 95 % of them should cross the diagonal."
    )
    return style.picture(figure, "parity", alt, caption)


def _ends(values: np.ndarray) -> tuple[float, float]:
    return float(values.min()), float(values.max())
