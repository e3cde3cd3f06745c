"""Cards: the true card at any angle, and data sets of them."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.cards.drawing import SUITS, draw_cards, render
from latentbo.errors import InputError

ALL = tuple(SUITS)


def cards(angle: float = 0.0, shear: float = 0.0, right: float = 0.0, up: float = 0.0) -> np.ndarray:
    n = len(ALL)
    return render(ALL, np.full(n, angle), np.full(n, shear), np.tile([[right, up]], (n, 1)))


def test_a_quarter_turn_is_a_quarter_turn_counter_clockwise() -> None:
    assert np.array_equal(cards(angle=90.0 + 20.0), np.rot90(cards(angle=20.0), axes=(1, 2)))


@pytest.mark.parametrize("angle", [7.0, 33.0, -45.0])
def test_a_turn_keeps_the_area_and_the_spread_about_the_middle(angle: float) -> None:
    def moments(images: np.ndarray) -> np.ndarray:
        share, at = images / 255.0, np.arange(images.shape[1]) - (images.shape[1] - 1) / 2.0
        return np.stack([share.sum((1, 2)), (share * (at[:, None] ** 2 + at**2)).sum((1, 2))])

    assert moments(cards(angle=angle)) == pytest.approx(moments(cards()), rel=0.01)


def test_upright_cards_are_their_own_mirror_image_and_turned_ones_are_not() -> None:
    assert np.array_equal(cards(), cards()[:, :, ::-1])
    assert (cards(angle=7.0) != cards(angle=7.0)[:, :, ::-1]).any((1, 2)).all()
    assert np.array_equal(cards(angle=-7.0, shear=-5.0), cards(angle=7.0, shear=5.0)[:, :, ::-1])


def test_a_shift_of_whole_pixels_moves_the_card_right_and_up() -> None:
    assert np.array_equal(cards(right=2.0, up=1.0), np.roll(cards(), (-1, 2), axis=(1, 2)))


def test_shear_moves_the_top_to_the_right_and_keeps_the_area() -> None:
    upright, sheared = cards().astype(float), cards(shear=20.0).astype(float)
    assert sheared.sum((1, 2)) == pytest.approx(upright.sum((1, 2)), rel=0.01)
    columns = np.arange(upright.shape[2])
    top = slice(0, upright.shape[1] // 2)
    middle = [(part[:, top].sum(1) @ columns) / part[:, top].sum((1, 2)) for part in (upright, sheared)]
    assert (middle[1] > middle[0] + 1.0).all()


def test_only_a_diamond_looks_the_same_after_half_a_turn() -> None:
    same = [np.array_equal(a, b) for a, b in zip(cards(), cards(angle=180.0), strict=True)]
    assert same == [name == "diamonds" for name in ALL]


def test_a_data_set_is_what_its_numbers_say() -> None:
    drawn = draw_cards(5, seed=3, angle=(-30.0, 45.0), shear=8.0, shift=1.5)
    assert len(drawn) == 20
    assert [drawn.suit.count(name) for name in ALL] == [5] * 4
    assert np.array_equal(drawn.images, render(drawn.suit, drawn.angle, drawn.shear, drawn.shift))
    assert -30.0 <= drawn.angle.min() < drawn.angle.max() <= 45.0
    assert np.abs(drawn.shear).max() <= 8.0
    assert np.abs(drawn.shift).max() <= 1.5
    assert np.array_equal(
        drawn.images, draw_cards(5, seed=3, angle=(-30.0, 45.0), shear=8.0, shift=1.5).images
    )
    assert not np.array_equal(drawn.angle, draw_cards(5, seed=4, angle=(-30.0, 45.0)).angle)


def test_no_card_is_cut_off_at_the_default_ranges() -> None:
    images = draw_cards(100, seed=0).images
    frame = np.concatenate(
        [images[:, [0, -1]].reshape(len(images), -1), images[:, :, [0, -1]].reshape(len(images), -1)], 1
    )
    assert (frame == 0).all()


def test_angles_are_left_out_in_a_split() -> None:
    drawn = draw_cards(50, seed=0)
    outside, inside = drawn.split_angles(0.0, 15.0)
    assert len(outside) + len(inside) == len(drawn)
    assert len(inside) > 10
    assert ((inside.angle >= 0.0) & (inside.angle <= 15.0)).all()
    assert ((outside.angle < 0.0) | (outside.angle > 15.0)).all()
    assert np.array_equal(inside.images, render(inside.suit, inside.angle, inside.shear, inside.shift))


@pytest.mark.parametrize("size", [1, 7, 48])
def test_other_sizes_and_none_at_all(size: int) -> None:
    assert draw_cards(1, seed=0, side=size).images.shape == (4, size, size)
    assert render((), np.empty(0), np.empty(0), np.empty((0, 2)), side=size).shape == (0, size, size)


def test_bad_input_says_what_was_expected() -> None:
    with pytest.raises(InputError, match=r"clubs, spades, diamonds, hearts.*unknown: stars"):
        render(("stars",), np.zeros(1), np.zeros(1), np.zeros((1, 2)))
    with pytest.raises(InputError, match="as many angles"):
        render(("clubs",), np.zeros(2), np.zeros(2), np.zeros((2, 2)))
    with pytest.raises(InputError, match="at least 1 card"):
        draw_cards(0, seed=0)
    with pytest.raises(InputError, match=r"\(low, high\)"):
        draw_cards(1, seed=0, angle=(5.0, -5.0))
