"""What the model expected of the molecules, and what was found: drawn of nothing (it says what is missing) as well as of
ten thousand rows (marks become an image).
"""

from __future__ import annotations

import numpy as np

from latentbo.report import style
from latentbo.report.numbers import Z95, Calibration
from latentbo.report.style import Picture, percent, plain, written


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
    ends = style.around(np.concatenate([checked.measured, checked.mean]))
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
