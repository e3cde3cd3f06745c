"""Random screening's band against enumeration, simulation and its own limits."""

from __future__ import annotations

import math
from itertools import combinations

import numpy as np
import pytest

from latentbo.baselines.screening import screening_band
from latentbo.errors import InputError


def exact_quantile(values: list[float], k: int, q: float) -> float:
    """By enumeration of all draws: the smallest value v with P(best <= v) >= q."""
    best = sorted(max(draw) for draw in combinations(values, k))
    return best[math.ceil(q * len(best) - 1e-9) - 1]


@pytest.mark.parametrize("values", [[3.0, -1.0, 2.0, 8.0, 0.5, 7.0], [1.0, 1.0, 2.0, 2.0, 2.0, 5.0], [4.0]])
def test_quantiles_are_those_of_all_possible_draws(values: list[float]) -> None:
    band = screening_band(np.array(values), len(values), low=0.2, high=0.75)
    assert band["calls"].tolist() == list(range(1, len(values) + 1))
    for name, q in (("low", 0.2), ("median", 0.5), ("high", 0.75)):
        expected = [exact_quantile(values, k, q) for k in band["calls"]]
        assert band[name].tolist() == expected


def test_band_agrees_with_simulated_screening() -> None:
    rng = np.random.default_rng(0)
    values = rng.gumbel(size=2_000)
    runs = np.array([np.maximum.accumulate(rng.choice(values, 100, replace=False)) for _ in range(2_000)])
    band = screening_band(values, 100)
    for name, q in (("low", 0.1), ("median", 0.5), ("high", 0.9)):
        # The share of runs at or below the quantile is q, up to binomial noise of the runs (4 sd) and ties.
        at_most, below = (runs <= band[name].to_numpy()).mean(0), (runs < band[name].to_numpy()).mean(0)
        noise = 4 * math.sqrt(q * (1 - q) / len(runs))
        assert (at_most >= q - noise).all()
        assert (below <= q + noise).all()


def test_ties_of_the_distribution_are_not_decided_by_rounding() -> None:
    for n in (10, 100, 1_000, 20_000):
        band = screening_band(np.arange(1.0, n + 1), 1)
        assert band.loc[0, ["low", "median", "high"]].tolist() == [n / 10, n / 2, 9 * n / 10]


def test_screening_the_whole_pool_finds_its_best_and_more_calls_are_never_worse() -> None:
    values = np.random.default_rng(1).normal(size=500)
    band = screening_band(values, 500)
    assert band.iloc[-1][["low", "median", "high"]].tolist() == [values.max()] * 3
    assert (band[["low", "median", "high"]].diff().dropna() >= 0).all(axis=None)
    assert (band["low"] <= band["median"]).all()
    assert (band["median"] <= band["high"]).all()


def test_failed_molecules_cost_calls_and_bring_no_value() -> None:
    values = np.array([np.nan] * 6 + [1.0, 2.0, 3.0, 4.0])
    band = screening_band(values, 10)
    assert band.loc[0, ["low", "median"]].isna().all()  # 60 % of first draws fail
    assert band.loc[0, "high"] == 3.0
    known = band["calls"][band["low"].notna()]  # P(no value in k calls) is 60, 33, 17 and then 7 %
    assert known.tolist() == list(range(4, 11))
    assert band.iloc[-1].tolist() == [10, 4.0, 4.0, 4.0]


def test_a_large_pool_takes_no_time_to_speak_of() -> None:
    band = screening_band(np.linspace(0, 1, 250_000), 1_000)
    assert band["median"].iloc[-1] == pytest.approx(0.5 ** (1 / 1_000), abs=1e-4)


@pytest.mark.parametrize(
    ("values", "calls", "options", "message"),
    [
        ([1.0, 2.0], 3, {}, "from 1 to the 2 values"),
        ([1.0, 2.0], 0, {}, "from 1 to the 2 values"),
        ([], 1, {}, "from 1 to the 0 values"),
        ([1.0, np.inf], 1, {}, "finite"),
        ([1.0, 2.0], 1, {"low": 0.9, "high": 0.1}, "0 < low < high < 1"),
    ],
)
def test_what_cannot_be_answered_is_refused(
    values: list[float], calls: int, options: dict[str, float], message: str
) -> None:
    with pytest.raises(InputError, match=message):
        screening_band(np.array(values), calls, **options)
