"""One look for all pictures.

Lengths are CSS pixels at the size a picture has on a 1,280-px page: 72 dots an inch make matplotlib's point
one pixel. Colours are those of Okabe and Ito (2008), which colour-blind readers can tell apart. Text stays
text, in the page's font.
"""

from __future__ import annotations

import functools
import io
import math
import re
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import ParamSpec, TypeVar

import matplotlib
import matplotlib.style
import numpy as np
from markupsafe import Markup
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.figure import Figure

from latentbo.codecs.base import brief

INK, MUTED, GRID = "#1b2430", "#5b6675", "#e3e7ec"
BLUE, VERMILLION, GREEN, ORANGE, SKY, PURPLE = (
    "#0072b2",
    "#d55e00",
    "#009e73",
    "#e69f00",
    "#56b4e9",
    "#cc79a7",
)
BAND = "#c3cad3"
VALUES = "viridis"
WIDE = 800  # pixels: a picture of more has a row of the page to itself
MANY = 600  # marks above which they are drawn as one embedded image: each costs 100 bytes as vectors

_LOOK = {
    "figure.facecolor": "none", "axes.facecolor": "none", "figure.dpi": 72, "savefig.dpi": 160,
    "font.size": 12, "font.sans-serif": ["DejaVu Sans"], "text.color": INK, "text.parse_math": False,
    "axes.edgecolor": "#9aa5b1", "axes.labelcolor": INK, "axes.labelsize": 12, "axes.linewidth": 0.8,
    "axes.spines.top": False, "axes.spines.right": False, "axes.grid": True, "axes.axisbelow": True,
    "axes.formatter.useoffset": False, "grid.color": GRID, "grid.linewidth": 0.8,
    "xtick.color": "#9aa5b1", "ytick.color": "#9aa5b1", "xtick.labelcolor": MUTED, "ytick.labelcolor": MUTED,
    "xtick.labelsize": 11, "ytick.labelsize": 11, "legend.frameon": False, "legend.fontsize": 11,
    "lines.solid_capstyle": "round", "svg.fonttype": "none", "svg.hashsalt": "latentbo",
}  # fmt: skip

_LARGE = {
    "font.size": 15, "axes.labelsize": 15, "xtick.labelsize": 14, "ytick.labelsize": 14, "legend.fontsize": 14,
}  # fmt: skip

P = ParamSpec("P")
T = TypeVar("T")


@dataclass(frozen=True)
class Picture:
    """An inline `<svg>` that carries its description for screen readers, a caption in plain text, and the figure itself,
    for print. `name` tells it from the other pictures of a page.
    """

    svg: Markup
    caption: str
    name: str
    figure: Figure = field(repr=False, compare=False)

    def write_png(self, path: Path) -> Path:
        """Write it as a PNG of twice its size on the page, on white."""
        with matplotlib.style.context(["default", _LOOK]), _any_glyph():
            self.figure.savefig(path, format="png", dpi=144, facecolor="white", metadata={"Software": None})
        return path


def styled(draw: Callable[P, T]) -> Callable[P, T]:
    """Run a function under the look, whatever the user's matplotlibrc says, and put the settings back."""

    @functools.wraps(draw)
    def inside(*args: P.args, **kwargs: P.kwargs) -> T:
        with matplotlib.style.context(["default", _LOOK]):
            return draw(*args, **kwargs)

    return inside


def canvas(width: int, height: int) -> Figure:
    """A figure of so many CSS pixels. What fills the page from side to side has larger letters, for it is shrunk on paper;
    `styled` puts them back.
    """
    if width > WIDE:
        matplotlib.style.use(_LARGE)
    return Figure(figsize=(width / 72, height / 72), layout="constrained")


def keyed(figure: Figure, *axes: Axes, columns: int = 4) -> None:
    """The legend of all axes in a row above them, where it hides nothing."""
    entries = [entry for each in axes for entry in zip(*each.get_legend_handles_labels(), strict=True)]
    if entries:
        figure.legend(
            *zip(*entries, strict=True), loc="outside upper left", ncols=columns, columnspacing=1.4, handletextpad=0.5,
            handlelength=1.4, borderaxespad=0.2,
        )  # fmt: skip


def coloured(
    figure: Figure, axes: Axes | Sequence[Axes], values: ScalarMappable, name: str, *, lower: bool = False
) -> None:
    """The bar of the colours, with what they stand for; `lower` where some values lie below it."""
    bar = figure.colorbar(values, ax=axes, pad=0.02, aspect=28, extend="min" if lower else "neither")
    bar.set_label(plain(name))
    bar.outline.set_visible(False)


def nothing(axes: Axes, message: str, *, x: bool = True) -> None:
    """Say in the axes why they are empty; `x=False` keeps the ticks of an x axis that others share."""
    axes.set_yticks([])
    if x:
        axes.set_xticks([])
    axes.text(0.5, 0.5, message, transform=axes.transAxes, ha="center", va="center", color=MUTED)


def limits(low: float, high: float) -> tuple[float, float]:
    """An axis range with a margin, which exists for a single value too."""
    span = high - low
    margin = 0.06 * span if span > 1e-9 * max(abs(low), abs(high)) else max(0.05 * abs(high), 0.05)
    return low - margin, high + margin


def around(values: np.ndarray) -> tuple[float, float]:
    """The axis range of finite values."""
    return limits(float(values.min()), float(values.max()))


def plain(text: str, most: int = 44) -> str:
    """One printable line of at most `most` characters; of images' names what tells them apart."""
    line = " ".join("".join(c if c.isprintable() else " " for c in brief(text)).split())
    return line if len(line) <= most else line[: most - 1] + "…"


def picture(figure: Figure, name: str, alt: str, caption: str) -> Picture:
    """The figure as inline SVG; `name` keeps its ids apart from those of the other pictures on the page."""
    buffer = io.StringIO()
    with _any_glyph():
        figure.savefig(
            buffer, format="svg", metadata={"Creator": None, "Date": None, "Format": None, "Type": None}
        )
    head, _, body = buffer.getvalue().partition("<svg")[2].partition(">")
    # An embedded image is called by its contents, so that two of the same would share an id; nothing refers to it.
    body = re.sub(r'(<image [^>]*?) id="[^"]*"', r"\1", body)
    body = re.sub(r'(\bid="|href="#|url\(#)', rf"\g<1>{name}-", body)
    box = re.search(r'viewBox="[^"]*"', head)
    opening = Markup('<svg class="plot" role="img" aria-label="{}" {}>').format(
        alt, Markup(box.group() if box else "")
    )
    return Picture(opening + Markup(body), caption, name, figure)


@contextmanager
def _any_glyph() -> Iterator[None]:
    """In SVG only the width of a text is measured with matplotlib's own font; the reader's browser has the glyph."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph .* missing from")
        yield


def written(value: float, digits: int = 4) -> str:
    """A value with so many significant digits; a dash where there is none."""
    if not math.isfinite(value):
        return "–"
    if value == 0:
        return "0"
    exponent = math.floor(math.log10(abs(value)))
    if not -4 <= exponent < 7:
        return f"{value:.{digits - 1}e}"
    return f"{value:.{max(0, digits - 1 - exponent)}f}"


def percent(share: float) -> str:
    """Whole percents, with a blank that lines do not break at."""
    return f"{100 * share:.0f}\u00a0%" if math.isfinite(share) else "–"
