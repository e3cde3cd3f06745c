"""Playing cards as grey images: four suits drawn from shapes, turned, sheared and shifted (after arXiv:2503.02978).

A card is its suit and these numbers, so any number of cards can be drawn, and the true card at any angle:

symbol   meaning                                                       unit
a        angle: the shape is turned counter-clockwise                  degrees
s        shear: before that, a point moves right by y tan(s)           degrees
r, u     shift: after that, the shape moves right and up               pixels
x, y     place in the shape's own frame, upright, within [-1, 1]
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields

import numpy as np
from jaxtyping import Bool, Float, UInt8

from latentbo.errors import InputError
from latentbo.rng import numpy_stream

SIDE = 48  # pixels
REACH = 0.75  # of half a side, that a length of 1 in the shape's frame is drawn as
Places = Float[np.ndarray, "*n"]
Inside = Bool[np.ndarray, "*n"]


def _disc(x: Places, y: Places, radius: float) -> Inside:
    return x * x + y * y <= radius * radius


def _stem(x: Places, y: Places) -> Inside:
    """From the middle down, wider at its foot."""
    return (np.abs(x) <= 0.06 + 0.25 * np.clip(-0.35 - y, 0.0, None)) & (y >= -1.0) & (y <= 0.0)


def _clubs(x: Places, y: Places) -> Inside:
    leaves = _disc(x, y - 0.5, 0.42) | _disc(np.abs(x) - 0.45, y + 0.2, 0.42)
    return leaves | _stem(x, y)


def _spades(x: Places, y: Places) -> Inside:
    return _hearts(1.05 * x, 0.2 - 1.05 * y) | _stem(x, y)


def _diamonds(x: Places, y: Places) -> Inside:
    return np.abs(x) / 0.65 + np.abs(y) / 0.95 <= 1.0


def _hearts(x: Places, y: Places) -> Inside:
    """(x^2 + y^2 - 1)^3 <= x^2 y^3, smaller and moved into the frame."""
    x, y = 1.35 * x, 1.25 * y + 0.05
    left = x * x + y * y - 1.0
    return left * left * left <= x * x * y * y * y


SUITS: dict[str, Callable[[Places, Places], Inside]] = {
    "clubs": _clubs,
    "spades": _spades,
    "diamonds": _diamonds,
    "hearts": _hearts,
}


@dataclass(frozen=True, eq=False)
class Cards:
    """Cards and what they were drawn from; one row a card."""

    images: UInt8[np.ndarray, "n h w"]
    suit: tuple[str, ...]
    angle: Float[np.ndarray, " n"]
    shear: Float[np.ndarray, " n"]
    shift: Float[np.ndarray, "n 2"]

    def __len__(self) -> int:
        return len(self.images)

    def where(self, keep: Bool[np.ndarray, " n"]) -> Cards:
        """The rows that `keep` marks."""
        rows = np.flatnonzero(keep)
        parts = {each.name: getattr(self, each.name) for each in fields(self) if each.name != "suit"}
        return Cards(
            suit=tuple(self.suit[row] for row in rows), **{name: part[rows] for name, part in parts.items()}
        )

    def split_angles(self, low: float, high: float) -> tuple[Cards, Cards]:
        """Cards turned by less than `low` or more than `high` degrees, and those between."""
        between = (low <= self.angle) & (self.angle <= high)
        return self.where(~between), self.where(between)


def draw_cards(
    per_suit: int,
    *,
    seed: int,
    angle: tuple[float, float] = (-60.0, 60.0),
    shear: float = 10.0,
    shift: float = 2.0,
    side: int = SIDE,
) -> Cards:
    """`per_suit` cards of each suit: angles uniform within `angle`, shears and shifts within plus and minus.

    A diamond looks the same when it is turned by half a turn: within 180 degrees every angle can be read off the
    card. Raises `InputError` for numbers that mean nothing.
    """
    if per_suit < 1 or not angle[0] <= angle[1] or not 0.0 <= shear < 90.0 or shift < 0.0:
        raise InputError(
            "at least 1 card per suit, angles (low, high), shear within 0 and 90 degrees and a shift of 0 or more were "
            f"expected, not {per_suit}, {angle}, {shear}, {shift}"
        )
    rng = numpy_stream(seed, "cards")
    suit = tuple(name for name in SUITS for _ in range(per_suit))
    angles = rng.uniform(*angle, len(suit))
    shears = rng.uniform(-shear, shear, len(suit))
    shifts = rng.uniform(-shift, shift, (len(suit), 2))
    return Cards(render(suit, angles, shears, shifts, side=side), suit, angles, shears, shifts)


def render(
    suit: tuple[str, ...],
    angle: Float[np.ndarray, " n"],
    shear: Float[np.ndarray, " n"],
    shift: Float[np.ndarray, "n 2"],
    *,
    side: int = SIDE,
    samples: int = 4,
) -> UInt8[np.ndarray, "n side side"]:
    """The cards, white on black, row 0 at the top. A pixel is the share of its samples x samples points that lie inside.

    Raises `InputError` for unknown suits and lists of different lengths.
    """
    unknown = sorted({*suit} - {*SUITS})
    if unknown or not len(suit) == len(angle) == len(shear) == len(shift):
        raise InputError(
            f"{len(suit)} suits out of {', '.join(SUITS)} need as many angles, shears and shifts, but there are "
            f"{len(angle)}, {len(shear)}, {len(shift)}"
            + (f"; unknown: {', '.join(unknown)}" if unknown else "")
        )
    points = (np.arange(side * samples) + 0.5) / samples - side / 2.0  # pixels right of the middle
    out = np.empty((len(suit), side, side), dtype=np.uint8)
    for row, name in enumerate(suit):  # one at a time: a card's points stay in the processor's cache
        x, y = _own_frame(points, float(angle[row]), float(shear[row]), shift[row], REACH * side / 2.0)
        out[row] = np.rint(255.0 * SUITS[name](x, y).reshape(side, samples, side, samples).mean((1, 3)))
    return out


def _own_frame(
    points: Float[np.ndarray, " p"], angle: float, shear: float, shift: Float[np.ndarray, 2], unit: float
) -> tuple[Float[np.ndarray, "p p"], Float[np.ndarray, "p p"]]:
    """x and y of every point of the card: the shift, the turn and the shear undone, in this order."""
    cos, sin = np.cos(np.deg2rad(angle)), np.sin(np.deg2rad(angle))
    right = (points[None, :] - shift[0]) / unit
    up = (-points[:, None] - shift[1]) / unit
    y = cos * up - sin * right
    return cos * right + sin * up - y * np.tan(np.deg2rad(shear)), y
