"""Pictures of QM9's space, legible at half size."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.figure import Figure

from latentbo.report.style import BLUE, INK, MUTED, VERMILLION, canvas, styled

SIZE = 20  # of text, so that it can be read when a page shows the picture at half its size


@styled
def curve(found: Mapping[str, Sequence[float]]) -> Figure:
    """The head's held-out NLL, from before the first round on, and the reconstruction loss, round by round."""
    figure = canvas(900, 480)
    left = figure.subplots()
    right = left.twinx()
    rounds = range(len(found["head"]))
    left.plot(rounds, found["head"], "o-", color=BLUE, ms=8, lw=2.5, label="head, held out (left)")
    right.plot(
        rounds[1 : 1 + len(found["rebuilding"])], found["rebuilding"], "s--", color=VERMILLION, ms=8, lw=2.5,
        label="reconstruction (right)",
    )  # fmt: skip
    kept = int(found["kept"][0])
    left.axvline(kept, color=INK, lw=1.5, ls=":", label=f"kept: round {kept}")
    left.set_xlabel("round of training", size=SIZE)
    left.set_ylabel("NLL of watched values\n(nats a molecule)", size=SIZE)
    right.set_ylabel("reconstruction loss\n(nats a molecule)", size=SIZE)
    for axes in (left, right):
        axes.tick_params(labelsize=SIZE - 4, labelcolor=MUTED)
    right.grid(visible=False)
    lines = [*left.get_lines(), *right.get_lines()]
    figure.legend(
        lines,
        [str(line.get_label()) for line in lines],
        loc="outside upper center",
        ncols=3,
        fontsize=SIZE - 3,
    )
    return figure


@styled
def bars(errors: Mapping[str, tuple[float, float]], bar: float) -> Figure:
    """RMSE of each baseline and head with its spread over seeds, on a log scale, and the bar to reach."""
    figure = canvas(1000, 90 + 56 * len(errors))
    axes = figure.subplots()
    places = np.arange(len(errors))[::-1]
    means, spreads = zip(*errors.values(), strict=True)
    colors = [VERMILLION if name.startswith("ours") else BLUE for name in errors]
    axes.barh(places, means, xerr=spreads, color=colors, ecolor=INK, height=0.6)
    axes.axvline(bar, color=INK, lw=1.5, ls=":")
    axes.set_xscale("log")
    axes.set_yticks(places, list(errors), size=SIZE - 3)
    axes.set_xlabel(f"RMSE of total enthalpy (Hartree; dotted: {bar:g})", size=SIZE)
    axes.tick_params(axis="x", labelsize=SIZE - 4, labelcolor=MUTED)
    axes.grid(visible=False, axis="y")
    return figure


@styled
def tradeoff(
    weights: Sequence[float], exact: Sequence[float], latent: Sequence[float], full: Sequence[float]
) -> Figure:
    """Errors of two heads against the share of molecules that come back, a mark for each weight of N."""
    figure = canvas(900, 520)
    axes = figure.subplots()
    share = 100 * np.asarray(exact)
    for errors, colour, mark, label in (
        (latent, BLUE, "o", "latents of SELFIES alone"),
        (full, VERMILLION, "s", "and features of the graph"),
    ):
        small = 1000 * np.asarray(errors)
        axes.plot(share, small, f"{mark}-", color=colour, ms=10, lw=2.0, label=label)
        for x, y, weight in zip(share, small, weights, strict=True):
            axes.annotate(f"{weight:g}", (x, y), xytext=(6, 8), textcoords="offset points", fontsize=SIZE - 5)
    axes.set_xlabel("molecules that come back whole (%; marks: weight of N)", size=SIZE)
    axes.set_ylabel("RMSE of total enthalpy\n(thousandths of a Hartree)", size=SIZE)
    axes.tick_params(labelsize=SIZE - 4, labelcolor=MUTED)
    figure.legend(loc="outside upper center", ncols=2, fontsize=SIZE - 3)
    return figure
