"""Pictures of the spaces of cards, legible at half size."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from benchmarks.cards.drawing import SUITS, Cards
from latentbo.report.style import BLUE, GREEN, MUTED, ORANGE, VERMILLION, canvas, styled

SIZE = 20  # of text, so that it can be read when a page shows the picture at half its size
COLORS = dict(zip(SUITS, (GREEN, BLUE, ORANGE, VERMILLION), strict=True))
SYMBOLS = dict(zip(SUITS, ("o", "^", "D", "s"), strict=True))


@styled
def maps(spaces: Mapping[str, np.ndarray], cards: Cards) -> Figure:
    """A row for each space (n x 2 latents of the same cards): coloured by suit, and by angle."""
    figure = canvas(1000, 440 * len(spaces) + 60)
    grid = figure.subplots(len(spaces), 2, squeeze=False)
    suits = np.asarray(cards.suit)
    for row, (name, z) in zip(grid, spaces.items(), strict=True):
        for suit in SUITS:
            mine = z[suits == suit]
            row[0].scatter(*mine.T, s=14, marker=SYMBOLS[suit], color=COLORS[suit], alpha=0.7, linewidths=0)
        shown = row[1].scatter(*z.T, s=14, c=cards.angle, cmap="viridis", linewidths=0)
        bar = figure.colorbar(shown, ax=row[1])
        bar.set_label("angle (degrees)", size=SIZE)
        bar.ax.tick_params(labelsize=SIZE - 4)
        for axes in row:
            _labelled(axes, "latent 1", "latent 2")
            axes.set_title(name, size=SIZE)
    marks = [
        Line2D([], [], ls="", marker=SYMBOLS[suit], color=COLORS[suit], ms=11, label=suit) for suit in SUITS
    ]
    figure.legend(handles=marks, loc="outside upper center", ncols=len(SUITS), fontsize=SIZE)
    return figure


@styled
def pairs(rows: Mapping[str, np.ndarray], columns: Sequence[str], title: str) -> Figure:
    """Images in rows (name -> n x h x w), one column each."""
    figure = canvas(60 + 150 * len(columns), 70 + 160 * len(rows))
    grid = figure.subplots(len(rows), len(columns), squeeze=False)
    for (name, images), line in zip(rows.items(), grid, strict=True):
        for column, (axes, image) in enumerate(zip(line, images, strict=True)):
            axes.imshow(image, cmap="gray", vmin=0, vmax=255)
            axes.set_xticks([])
            axes.set_yticks([])
            axes.grid(visible=False)
            if column == 0:
                axes.set_ylabel(name, size=SIZE - 2)
            if axes in grid[0]:
                axes.set_title(columns[column], size=SIZE - 2)
    figure.suptitle(title, size=SIZE)
    return figure


@styled
def sweep(weights: Sequence[float], rmse: Sequence[float], ssim: Sequence[float]) -> Figure:
    """Both errors against the weight of N."""
    figure = canvas(820, 460)
    left = figure.subplots()
    right = left.twinx()
    left.plot(weights, rmse, "o-", color=BLUE, ms=9, lw=2.5, label="angle RMSE (left)")
    right.plot(weights, ssim, "s--", color=VERMILLION, ms=9, lw=2.5, label="SSIM, worst suit (right)")
    left.set_xscale("log")
    left.set_yscale("log")
    _labelled(left, "weight of the GP's loss", "angle RMSE (degrees)")
    right.set_ylabel("SSIM, worst suit", size=SIZE)
    right.tick_params(labelsize=SIZE - 4)
    right.grid(visible=False)
    lines = [*left.get_lines(), *right.get_lines()]
    figure.legend(
        lines, [str(line.get_label()) for line in lines], loc="outside upper center", ncols=2, fontsize=SIZE
    )
    return figure


def _labelled(axes: Axes, x: str, y: str) -> None:
    axes.set_xlabel(x, size=SIZE)
    axes.set_ylabel(y, size=SIZE)
    axes.tick_params(labelsize=SIZE - 4, labelcolor=MUTED)
