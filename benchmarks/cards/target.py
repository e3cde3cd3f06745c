"""Playing cards read back: which suit an image shows, and how far it is turned. The oracle of image campaigns.

An image is compared with cards as `cards.drawing` draws them: first with a bank of all suits and angles, laid over the
image's own centre of brightness; then the two likeliest suits are moved to the least squares (Gauss-Newton, damped).

symbol   meaning                                                             shape
y        images as brightness within 0 and 1                                 n x h x w
p        angle and shear (degrees), shift right and up (pixels)              n x 4
r        y minus the card drawn at p                                         n x hw
J        how the card changes with p, by central differences of `STEPS`      n x hw x 4
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
from jaxtyping import Float, Int, UInt8

from benchmarks.cards.drawing import SUITS, render
from latentbo.codecs.image_files import pixels
from latentbo.errors import InputError, unknown_name

ANGLES = np.arange(-90.0, 90.0, 4.0)
SHEARS = (-8.0, 0.0, 8.0)
STEPS = np.array([1.0, 1.0, 0.25, 0.25])
ITERATIONS = 12
DAMPING = 1e-3
LIKELY = 2  # suits that are fitted closely
FITS = 0.04  # mean square of r, relative to the image's own, up to which it is that card; a good decoder leaves 0.01
Images = UInt8[np.ndarray, "n h w"]


@dataclass(frozen=True, eq=False)
class CardsSeen:
    """What was read; one row an image. `error` is the mean square of r as a share of the image's own mean square: 0 for
    a card, about 1 for what is none.
    """

    suit: tuple[str, ...]
    angle: Float[np.ndarray, " n"]
    shear: Float[np.ndarray, " n"]
    shift: Float[np.ndarray, "n 2"]
    error: Float[np.ndarray, " n"]


def see_cards(images: Images) -> CardsSeen:
    """The card that each image is most like. Angles lie within 90 degrees: a diamond looks the same after half a turn."""
    if not len(images):
        return CardsSeen((), *(np.zeros(shape) for shape in (0, 0, (0, 2), 0)))
    y = images / 255.0
    starts = [_nearest(y, suit) for suit in SUITS]
    likely = np.argsort([error for _, error in starts], axis=0)[:LIKELY]
    best = np.full(len(y), np.inf)
    found, suits = np.zeros((len(y), 4)), np.zeros(len(y), dtype=int)
    for number, suit in enumerate(SUITS):
        rows = np.flatnonzero((likely == number).any(0))
        if not len(rows):
            continue
        p, error = _fitted(y[rows], suit, starts[number][0][rows])
        better = error < best[rows]
        best[rows[better]], found[rows[better]], suits[rows[better]] = error[better], p[better], number
    angle = (found[:, 0] + 90.0) % 180.0 - 90.0
    names = tuple(SUITS)
    return CardsSeen(tuple(names[k] for k in suits), angle, found[:, 1], found[:, 2:], best)


@dataclass(frozen=True)
class CardTarget:
    """An objective: how many degrees an image is from the wanted card, smaller is better. What reads as another suit, or
    as no card, has no value.

    Raises `InputError` for an unknown suit or an angle beyond 90 degrees.
    """

    suit: str
    angle: float

    def __post_init__(self) -> None:
        if self.suit not in SUITS:
            raise unknown_name("suit", self.suit, SUITS)
        if not -90.0 <= self.angle < 90.0:
            raise InputError(f"an angle within -90 and 90 degrees was expected, not {self.angle}")

    def __call__(self, names: Sequence[str]) -> list[float | None]:
        if not names:
            return []
        seen = see_cards(pixels(names))
        away = np.abs((seen.angle - self.angle + 90.0) % 180.0 - 90.0)
        rows = zip(seen.suit, seen.error, away.tolist(), strict=True)
        return [degrees if suit == self.suit and error <= FITS else None for suit, error, degrees in rows]


def _fitted(
    y: Float[np.ndarray, "n h w"], suit: str, p: Float[np.ndarray, "n 4"]
) -> tuple[Float[np.ndarray, "n 4"], Float[np.ndarray, " n"]]:
    """The best p of one suit near a first one, and what it leaves."""
    power = np.maximum((y**2).mean((1, 2)), 1e-9)
    r = y - _drawn(suit, p, y.shape[1])
    left = (r**2).mean((1, 2))
    for _ in range(ITERATIONS):
        slopes = [
            (_drawn(suit, p + step, y.shape[1]) - _drawn(suit, p - step, y.shape[1])) / (2 * step.sum())
            for step in np.diag(STEPS)
        ]
        j = np.stack(slopes, axis=-1).reshape(len(y), -1, 4) * STEPS  # in units of the steps
        normal = j.transpose(0, 2, 1) @ j
        normal += DAMPING * np.trace(normal, axis1=1, axis2=2)[:, None, None] * np.eye(4)
        move = np.linalg.solve(normal, j.transpose(0, 2, 1) @ r.reshape(len(y), -1, 1))[..., 0] * STEPS
        trial = p + np.clip(move, -6 * STEPS, 6 * STEPS)
        trial[:, 1] = np.clip(trial[:, 1], -45.0, 45.0)
        r_trial = y - _drawn(suit, trial, y.shape[1])
        left_trial = (r_trial**2).mean((1, 2))
        better = left_trial < left
        if not better.any():
            break
        p, left = np.where(better[:, None], trial, p), np.where(better, left_trial, left)
        r = np.where(better[:, None, None], r_trial, r)
    return p, left / power


def _nearest(
    y: Float[np.ndarray, "n h w"], suit: str
) -> tuple[Float[np.ndarray, "n 4"], Float[np.ndarray, " n"]]:
    """The nearest card of the bank, laid over the image's centre of brightness, and the mean square it leaves."""
    p, cards, centres = _bank(suit, y.shape[1])
    shift = _centre(y)[:, None] - centres  # n x m x 2, right and up
    whole: Int[np.ndarray, "n m 2"] = np.rint(shift).astype(int)
    chosen, left = np.zeros((len(y), 4)), np.zeros(len(y))
    for row, image in enumerate(y):
        moves = zip(cards, whole[row], strict=True)
        moved = np.stack([np.roll(card, (-up, right), (0, 1)) for card, (right, up) in moves])
        errors = ((moved - image) ** 2).mean((1, 2))
        k = int(errors.argmin())
        chosen[row], left[row] = (*p[k, :2], *shift[row, k]), errors[k]
    return chosen, left


@cache
def _bank(
    suit: str, side: int
) -> tuple[Float[np.ndarray, "m 4"], Float[np.ndarray, "m h w"], Float[np.ndarray, "m 2"]]:
    p = np.array([(angle, shear, 0.0, 0.0) for angle in ANGLES for shear in SHEARS])
    cards = _drawn(suit, p, side)
    return p, cards, _centre(cards)


def _centre(y: Float[np.ndarray, "n h w"]) -> Float[np.ndarray, "n 2"]:
    """Centre of brightness, pixels right of and above the middle; the middle where all is dark."""
    mass = np.maximum(y.sum((1, 2)), 1e-9)
    places = np.arange(y.shape[1]) - (y.shape[1] - 1) / 2.0
    return np.stack([(y.sum(1) * places).sum(1) / mass, -(y.sum(2) * places).sum(1) / mass], axis=1)


def _drawn(suit: str, p: Float[np.ndarray, "n 4"], side: int) -> Float[np.ndarray, "n h w"]:
    return render((suit,) * len(p), p[:, 0], p[:, 1], p[:, 2:], side=side) / 255.0
