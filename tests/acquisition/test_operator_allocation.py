"""Shares that follow success, and whole numbers that follow shares."""

from __future__ import annotations

import math
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from latentbo.acquisition.operator_allocation import (
    FLOOR,
    HALF_LIFE,
    allocate,
    standing_shares,
    success_shares,
)

NAMES = ("a", "b", "c")
EVEN = dict.fromkeys(NAMES, 1 / 3)
shares_then = st.dictionaries(st.sampled_from([*NAMES, "stranger"]), st.floats(0.0, 1.0))
outcomes = st.lists(
    st.tuples(st.sampled_from([*NAMES, "stranger"]), st.booleans(), shares_then), max_size=100
)
Outcome = tuple[str, bool, dict[str, float]]


@given(outcomes)
def test_shares_sum_to_one_and_none_is_starved(told: list[Outcome]) -> None:
    shares = success_shares(NAMES, told)
    assert list(shares) == list(NAMES)
    assert sum(shares.values()) == pytest.approx(1.0)
    assert min(shares.values()) > FLOOR / len(NAMES)


@given(outcomes)
def test_shares_against_the_formula(told: list[Outcome]) -> None:
    known = [each for each in told if each[0] != "stranger"]
    weights = [0.5 ** (age / HALF_LIFE) for age in range(len(known) - 1, -1, -1)]
    yields = {}
    for name in NAMES:
        wins = sum(w for w, (n, success, _) in zip(weights, known, strict=True) if n == name and success)
        effort = sum(w * then.get(name, 0.0) for w, (_, _, then) in zip(weights, known, strict=True))
        yields[name] = (1 + wins) / (2 + effort)
    for name, share in success_shares(NAMES, told).items():
        expected = FLOOR / 3 + (1 - FLOOR) * yields[name] / sum(yields.values())
        assert share == pytest.approx(expected)


def test_nothing_told_means_equal_shares() -> None:
    assert success_shares(NAMES, []) == pytest.approx(EVEN)


def test_success_is_answered_quickly_and_forgotten_in_time() -> None:
    early = [("a", True, EVEN)] * 5 + [("b", False, EVEN)] * 10
    won = success_shares(NAMES, early)
    assert won["a"] > 1.8 * won["b"]
    later = success_shares(NAMES, [*early, *[("a", False, EVEN), ("b", True, EVEN), ("c", False, EVEN)] * 20])
    assert later["b"] > 1.5 * later["a"]


def test_much_effort_must_bring_more() -> None:
    """Equal successes, but one made nine tenths of the candidates."""
    told = [(name, True, {"a": 0.9, "b": 0.1}) for name in ("a", "b")] * 10
    shares = success_shares(("a", "b"), told)
    assert shares["b"] > 2 * shares["a"]


def test_who_makes_the_best_makes_more_and_none_is_starved() -> None:
    made = {"a": 19, "b": 9, "c": 0}
    shares = standing_shares(["a"] * 9 + ["b"] * 9 + ["stranger"] * 5, made)
    # yields 10 / 20, 10 / 10, 1 / 1
    assert shares == pytest.approx({"a": 0.2 / 3 + 0.16, "b": 0.2 / 3 + 0.32, "c": 0.2 / 3 + 0.32})
    assert standing_shares([], dict.fromkeys(NAMES, 0)) == pytest.approx(EVEN)
    starved = standing_shares(["a"] * 100, {"a": 10, "b": 10_000})
    assert starved["b"] == pytest.approx(FLOOR / 2, abs=1e-3)


positive = st.lists(st.floats(1e-3, 1.0), min_size=1, max_size=6)


@given(st.integers(0, 300), positive, st.integers(0, 2**32 - 1))
def test_whole_numbers_sum_to_n_and_keep_to_their_shares(n: int, weights: list[float], seed: int) -> None:
    shares = {str(i): weight for i, weight in enumerate(weights)}
    sizes = allocate(n, shares, np.random.default_rng(seed))
    assert list(sizes) == list(shares)
    assert sum(sizes.values()) == n
    for name, size in sizes.items():
        exact = n * shares[name] / sum(weights)
        assert math.floor(exact - 1e-9) <= size <= math.ceil(exact + 1e-9)


@settings(max_examples=30)
@given(st.integers(1, 12), positive)
def test_on_average_the_sizes_are_the_shares(n: int, weights: list[float]) -> None:
    shares = {str(i): weight for i, weight in enumerate(weights)}
    ticks = 100
    total = dict.fromkeys(shares, 0)
    for tick in range(ticks):  # every value of the one random number, evenly
        even = SimpleNamespace(random=lambda tick=tick: (tick + 0.5) / ticks)
        for name, size in allocate(n, shares, even).items():
            total[name] += size
    for name, count in total.items():
        assert count / ticks == pytest.approx(n * shares[name] / sum(weights), abs=2 / ticks)


def test_the_same_stream_gives_the_same_sizes() -> None:
    shares = {"a": 0.5, "b": 0.3, "c": 0.2}
    drawn = [allocate(7, shares, np.random.default_rng(seed)) for seed in (1, 1, 2, 3, 4, 5)]
    assert drawn[0] == drawn[1]
    assert any(sizes != drawn[0] for sizes in drawn[2:])
