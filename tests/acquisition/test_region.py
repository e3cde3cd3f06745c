"""The trust region against its table of transitions, and its laws under any history."""

from __future__ import annotations

from dataclasses import asdict, replace

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from latentbo.acquisition.region import TrustRegion
from latentbo.errors import InputError

REGION = TrustRegion(success_tolerance=3, failure_tolerance=2)


def moved(region: TrustRegion, history: str) -> TrustRegion:
    """After batches that each won (w) or lost (l)."""
    for letter in history:
        region = region.update(best_before=1.0, best_of_batch=2.0 if letter == "w" else 0.5)
    return region


@pytest.mark.parametrize(
    ("history", "length", "successes", "failures", "restarts"),
    [
        ("", 0.8, 0, 0, 0),
        ("w", 0.8, 1, 0, 0),
        ("ww", 0.8, 2, 0, 0),
        ("www", 1.6, 0, 0, 0),
        ("wwwwww", 1.6, 0, 0, 0),  # never above the longest
        ("l", 0.8, 0, 1, 0),
        ("ll", 0.4, 0, 0, 0),
        ("wwl", 0.8, 0, 1, 0),  # a failure ends a run of successes
        ("wwlww", 0.8, 2, 0, 0),
        ("lwl", 0.8, 0, 1, 0),  # and the other way round
        ("llll", 0.2, 0, 0, 0),
        ("llllllll", 0.05, 0, 0, 0),  # the shortest itself is allowed
        ("lllllllll", 0.05, 0, 1, 0),
        ("llllllllll", 0.8, 0, 0, 1),
    ],
)
def test_counters_move_the_length(
    history: str, length: float, successes: int, failures: int, restarts: int
) -> None:
    region = moved(REGION, history)
    assert region.length == pytest.approx(length, rel=1e-12)
    assert (region.successes, region.failures, region.restarts) == (successes, failures, restarts)


def test_an_update_leaves_the_old_region_alone() -> None:
    before = asdict(REGION)
    moved(REGION, "wwwllllll")
    assert asdict(REGION) == before


@pytest.mark.parametrize("best", [1000.0, -1000.0])
def test_a_success_is_a_gain_of_a_thousandth(best: float) -> None:
    assert REGION.update(best_before=best, best_of_batch=best + 0.999).failures == 1
    assert REGION.update(best_before=best, best_of_batch=best + 1.001).successes == 1
    assert REGION.update(best_before=0.0, best_of_batch=1e-9).successes == 1
    assert REGION.update(best_before=0.0, best_of_batch=0.0).failures == 1


def test_it_restarts_at_the_length_it_was_made_with() -> None:
    small = TrustRegion(length=0.2, shortest=0.15, longest=0.3, failure_tolerance=1)
    assert moved(small, "l").length == 0.2
    # Stored and read again half-way, it still knows.
    kept = TrustRegion(**asdict(TrustRegion(length=0.2, failure_tolerance=1)))
    again = TrustRegion(**asdict(moved(kept, "l")))
    assert (again.length, moved(again, "ll").length, moved(again, "ll").restarts) == (0.1, 0.2, 1)


@given(
    st.text("wl", max_size=60),
    st.integers(1, 5),
    st.integers(1, 5),
    st.floats(0.01, 0.5),
    st.floats(0.5, 1.0),
    st.floats(1.0, 3.0),
)
def test_the_length_stays_within_its_limits(
    history: str, wins: int, losses: int, shortest: float, length: float, longest: float
) -> None:
    region = TrustRegion(
        length, success_tolerance=wins, failure_tolerance=losses, shortest=shortest, longest=longest
    )
    for letter in history:
        region = moved(region, letter)
        assert shortest <= region.length <= longest
        assert 0 <= region.successes < wins
        assert 0 <= region.failures < losses
        assert not (region.successes and region.failures)


@pytest.mark.parametrize(
    "bad",
    [
        {"length": 2.0},
        {"length": 0.01},
        {"shortest": 0.0},
        {"first": 5.0},
        {"length": float("nan")},
        {"success_tolerance": 0},
        {"failure_tolerance": 0},
    ],
)
def test_what_cannot_be_a_region_is_refused(bad: dict[str, float]) -> None:
    with pytest.raises(InputError):
        replace(REGION, **bad)


def test_the_box_is_long_where_the_value_varies_slowly() -> None:
    generator = torch.Generator().manual_seed(0)
    lengthscales = torch.rand(5, generator=generator, dtype=torch.float64) + 0.1
    bounds = torch.tensor([[-1.0], [3.0]], dtype=torch.float64).repeat(1, 5)
    bounds[1, 2] = 7.0  # this axis is twice as wide
    centre = torch.randn(5, generator=generator, dtype=torch.float64)
    low, high = TrustRegion(0.4).box(centre, lengthscales, bounds)
    torch.testing.assert_close((low + high) / 2, centre)
    relative = (high - low) / (bounds[1] - bounds[0])
    assert float(relative.log().mean().exp()) == pytest.approx(0.4)  # ARD keeps the volume
    torch.testing.assert_close(relative / lengthscales, (relative / lengthscales)[0].expand(5))
