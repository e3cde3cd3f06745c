"""The pictures that have one point or bar a round; of many rounds, a group of rounds."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, PercentFormatter

from latentbo.report import style
from latentbo.report.numbers import grouped, number
from latentbo.report.style import Picture, percent, written

BARS = 60  # rounds drawn one by one; more are drawn in groups
FATES = (
    ("kept", style.BLUE, "kept"),
    ("passed_over", style.SKY, "passed over"),
    ("filtered", style.BAND, "filtered out"),
    ("duplicate", style.ORANGE, "duplicate"),
    ("invalid", style.VERMILLION, "invalid"),
)
QUALITIES = (
    ("nll", style.BLUE, "NLL per point"),
    ("coverage", style.GREEN, "coverage"),
    ("region_length", style.PURPLE, "region length"),
)


@style.styled
def candidates(rounds: pd.DataFrame, switches: Sequence[int]) -> Picture:
    """What became of all candidates of a round: counts, and above them the share that are valid objects."""
    figure = style.canvas(560, 430)
    if rounds.empty:
        return _no_rounds(figure, "candidates", "Candidates by round")
    fates = _fates(rounds)
    shown, size = grouped(fates, BARS)
    made = shown[[name for name, _, _ in FATES]].sum(axis=1)
    upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=(1, 2.2))
    upper.plot(
        shown["round"], 1 - shown["invalid"] / made.where(made > 0), color=style.GREEN, lw=2, marker="o", ms=4
    )
    upper.set(ylabel="valid", ylim=(0, 1.05))
    upper.yaxis.set_major_formatter(PercentFormatter(1, symbol=" %"))
    base = 0.0 * made
    for name, colour, label in FATES:
        lower.bar(shown["round"], shown[name], 0.8 * size, bottom=base, color=colour, label=label)
        base = base + shown[name]
    lower.set(ylabel="candidates", xlabel=_round_label(size))
    _by_round([upper, lower], rounds, switches)
    upper.set_yticks([0.0, 0.5, 1.0])
    style.keyed(figure, lower, columns=5)
    counts = {name: int(fates[name].sum()) for name, _, _ in FATES}
    everything = max(1, sum(counts.values()))
    listed = ", ".join(
        f"{counts[name]:,} {label} ({percent(counts[name] / everything)})"
        for name, _, label in FATES
        if counts[name] or name == "kept"
    )
    caption = f"All rounds: {listed}. Of those kept, {int(number(rounds['asked']).sum()):,} were asked for."
    return style.picture(figure, "candidates", f"Candidates by round ({_span(rounds)}): {listed}.", caption)


def _fates(rounds: pd.DataFrame) -> pd.DataFrame:
    """Counts a round; kept are those that nothing spoke against (of `made`, where the column is there), passed over those that
    promised less than others.
    """
    lost = ("filtered", "duplicate", "invalid", "passed_over")
    there = [name for name in ("round", *lost) if name in rounds]
    fates = pd.DataFrame({name: number(rounds[name]) for name in there}).reindex(columns=["round", *lost])
    fates = fates.fillna(dict.fromkeys(lost, 0.0))
    asked = number(rounds["asked"]).fillna(0.0)
    gone = fates[list(lost)].sum(axis=1)
    made = number(rounds["made"]).fillna(asked + gone) if "made" in rounds else asked + gone
    fates["kept"] = (made - gone).clip(lower=0.0)
    return fates


@style.styled
def model_by_round(rounds: pd.DataFrame, switches: Sequence[int]) -> Picture:
    """Whether the model predicts what it has not seen, and how large a region it trusts."""
    figure = style.canvas(560, 430)
    if rounds.empty:
        return _no_rounds(figure, "model", "Model quality by round")
    shown, size = grouped(rounds, BARS)
    panels = list(figure.subplots(len(QUALITIES), 1, sharex=True))
    for axes, (name, colour, label) in zip(panels, QUALITIES, strict=True):
        axes.set_ylabel(label)
        axes.plot(shown["round"], shown[name], color=colour, lw=2, marker="o", ms=4)
    panels[1].axhline(0.95, color=style.INK, lw=0.9, ls=":", label="95 % wanted")
    panels[1].yaxis.set_major_formatter(PercentFormatter(1, symbol=" %"))
    panels[1].set_ylim(0, 1.05)
    panels[2].set_ylim(bottom=0)
    panels[2].set_xlabel(_round_label(size))
    _by_round(panels, rounds, switches)
    panels[1].set_yticks([0.0, 0.5, 1.0])
    for axes, (name, _, _) in zip(panels, QUALITIES, strict=True):
        if shown[name].isna().all():
            style.nothing(axes, "not known", x=False)
    style.keyed(figure, panels[1])
    last = ", ".join(
        f"{label} {written(float(number(rounds[name]).iloc[-1]), 3)}" for name, _, label in QUALITIES
    )
    caption = (
        "NLL: negative log predictive density of new values, predicted before they were measured (lower is better). "
        "Coverage: share of new values inside their 95 % interval."
    )
    return style.picture(figure, "model", f"Model quality by round ({_span(rounds)}); last: {last}.", caption)


def _by_round(panels: Sequence[Axes], rounds: pd.DataFrame, switches: Sequence[int]) -> None:
    """A whole-number axis that one round fills sensibly, and a line where a retrained encoder went live."""
    places = number(rounds["round"])
    for axes in panels:
        for i, place in enumerate(switches):
            label = "new encoder" if i == 0 else None
            axes.axvline(place, color=style.INK, lw=1, ls=(0, (4, 3)), label=label, zorder=3)
        axes.set_xlim(float(places.min()) - 0.7, float(places.max()) + 0.7)
        axes.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
        axes.yaxis.set_major_locator(MaxNLocator(4))


def _span(rounds: pd.DataFrame) -> str:
    return f"{len(rounds)} round{'s' * (len(rounds) != 1)}"


def _round_label(size: int) -> str:
    return "round" if size == 1 else f"round (means of {size} rounds)"


def _no_rounds(figure: Figure, name: str, title: str) -> Picture:
    style.nothing(figure.add_subplot(), "no round yet")
    return style.picture(figure, name, f"{title}: there is no round yet.", "There is no round yet.")
