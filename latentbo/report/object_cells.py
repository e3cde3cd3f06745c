"""Objects as small pictures inside a figure: a frame says whether to believe the place, a tint what the object is worth.

`Raster` gives an object's pixels (grey h x w, or RGBA) for a place of so many by so many CSS pixels, or None where it
has no picture and is written out: `Kind.raster` is that of each kind.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.colors import ListedColormap
from matplotlib.patches import Rectangle

from latentbo.diagnostics.dead_zones import Decodes
from latentbo.kinds.base import Raster
from latentbo.report import style

LETTER = 13  # pixels, of an object's text
REENCODING_DISTANCE = "decode - re-encode distance (prior sd)"


class Frame(NamedTuple):
    """How the edge of a cell is drawn, and what that means."""

    colour: str
    width: float
    line: str
    label: str


SOUND = Frame("#9aa5b1", 0.8, "-", "decoder knows the place")
UNDECIDED = Frame(style.ORANGE, 2.4, "-", "decoder undecided")
DEAD = Frame(style.VERMILLION, 2.8, (0, (2.2, 1.6)), "dead zone")  # type: ignore[arg-type]
HOME = Frame(style.BLUE, 4.0, "-", "an object's own point")
PALE = ListedColormap(1.0 - 0.5 * (1.0 - colormaps[style.VALUES](np.linspace(0.0, 1.0, 256))[:, :3]), "pale")


def frames(decodes: Decodes) -> list[Frame]:
    """The frame of each point; a dead one is dead whether or not the decoder is decided."""
    return [
        DEAD if dead else UNDECIDED if undecided else SOUND
        for dead, undecided in zip(decodes.dead, decodes.undecided, strict=True)
    ]


def draw_cell(
    axes: Axes,
    centre: tuple[float, float],
    size: tuple[float, float],
    pixels: tuple[int, int],
    name: str | None,
    raster: Raster,
    frame: Frame,
    *,
    tint: object = "white",
    text: str = "",
) -> None:
    """An object in a rectangle of data units about `centre`, below `text`; `pixels` is about the rectangle's size."""
    (x, y), (width, height) = centre, size
    edge = Rectangle(
        (x - width / 2, y - height / 2), width, height, facecolor=tint, edgecolor=frame.colour, lw=frame.width,
        ls=frame.line, joinstyle="miter", zorder=2 + 0.1 * frame.width,
    )  # fmt: skip
    axes.add_patch(edge)
    above = 0.13 if text else 0.0  # share of the height
    room = round(0.94 * pixels[0]), round((0.94 - above) * pixels[1])
    picture = None if name is None else raster(name, *room)
    if name is None:
        axes.text(x, y, "nothing", ha="center", va="center", color=style.MUTED, zorder=4)
    elif picture is None:
        axes.text(x, y, _lines(name, room), ha="center", va="center", fontsize=LETTER, zorder=4)
    else:
        scale = min(room[0] / picture.shape[1], room[1] / picture.shape[0])
        half = (
            0.5 * picture.shape[1] * scale * width / pixels[0],
            0.5 * picture.shape[0] * scale * height / pixels[1],
        )
        middle = y - 0.5 * above * height
        axes.imshow(
            picture, extent=(x - half[0], x + half[0], middle - half[1], middle + half[1]), cmap="gray", vmin=0,
            vmax=255, interpolation="none", aspect="auto", zorder=4,
        )  # fmt: skip
    axes.text(
        x - 0.46 * width,
        y + 0.45 * height,
        text,
        ha="left",
        va="top",
        fontsize=17,
        fontweight="bold",
        zorder=5,
    )


def _lines(name: str, room: tuple[int, int]) -> str:
    """An object's text, broken wherever a line is full; of one that is too long the beginning."""
    across, down = (
        max(1, int(side / size)) for side, size in zip(room, (0.75 * LETTER, 1.3 * LETTER), strict=True)
    )
    text = style.plain(name, across * down)
    return "\n".join(text[place : place + across] for place in range(0, len(text), across))


def key_frames(axes: Axes, shown: list[Frame]) -> None:
    """Entries of the legend for the frames that are there."""
    for frame in (HOME, SOUND, UNDECIDED, DEAD):
        if frame in shown:
            axes.plot([], [], color=frame.colour, lw=frame.width, ls=frame.line, label=frame.label)


def judged(decodes: Decodes) -> str:
    """How many points are dead or undecided, and what that means, for captions."""
    n = len(decodes.readings)
    return (
        f"Dead zones ({int(decodes.dead.sum())} of {n}): what is decoded there encodes as far from the point as 5 % of the "
        f"known objects lie. Undecided ({int(decodes.undecided.sum())} of {n}): more than {decodes.usual:.2f} nats a token, "
        "which 5 % of the places of known objects exceed."
    )
