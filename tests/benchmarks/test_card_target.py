"""Cards are read back as they were drawn, and what is no card has no value."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.cards.drawing import SUITS, draw_cards, render
from benchmarks.cards.target import FITS, CardTarget, see_cards
from latentbo.codecs.images import image_name
from latentbo.errors import InputError


def test_cards_are_read_back() -> None:
    cards = draw_cards(6, seed=3)
    seen = see_cards(cards.images)
    assert seen.suit == cards.suit
    assert np.abs(seen.angle - cards.angle).max() < 0.3
    assert np.abs(seen.shear - cards.shear).max() < 0.6
    assert np.abs(seen.shift - cards.shift).max() < 0.06
    assert seen.error.max() < 0.002


def test_a_blurred_card_is_still_read_and_noise_is_not() -> None:
    card = draw_cards(1, seed=0)
    soft = sum(np.roll(card.images.astype(float), (i, j), (1, 2)) for i in (-1, 0, 1) for j in (-1, 0, 1)) / 9
    seen = see_cards(np.rint(soft).astype(np.uint8))
    assert seen.suit == card.suit
    assert np.abs(seen.angle - card.angle).max() < 2.0
    noise = np.random.default_rng(0).integers(0, 256, (3, 48, 48)).astype(np.uint8)
    dark = np.zeros((1, 48, 48), dtype=np.uint8)
    assert (see_cards(np.concatenate([noise, dark])).error > 3 * FITS).all()
    assert see_cards(card.images[:0]).suit == ()


def test_the_target_counts_degrees_of_its_own_suit() -> None:
    images = render(
        ("hearts", "hearts", "clubs"), *np.array([[10.0, -5.0, 10.0], [0.0] * 3]), np.zeros((3, 2))
    )
    values = CardTarget("hearts", 12.0)([image_name(image) for image in images])
    assert values[0] == pytest.approx(2.0, abs=0.2)
    assert values[1] == pytest.approx(17.0, abs=0.2)
    assert values[2] is None
    assert CardTarget("hearts", 12.0)([]) == []
    across = CardTarget("diamonds", 89.0)(
        [image_name(render(("diamonds",), *np.array([[-89.0], [0.0]]), np.zeros((1, 2)))[0])]
    )
    assert across[0] == pytest.approx(2.0, abs=0.3)
    with pytest.raises(InputError, match="did you mean 'hearts'"):
        CardTarget("heart", 0.0)
    with pytest.raises(InputError, match="within -90 and 90"):
        CardTarget("hearts", 120.0)
    assert len(SUITS) == 4
