"""Against calculations by hand, and against PMO's own loop written out again."""

from __future__ import annotations

import math

import numpy as np
import pytest

from benchmarks.arena.metrics import (
    auc_top_k,
    best_at,
    best_so_far,
    improved_trace,
    improvements,
    regret,
    top_k_at,
)
from latentbo.errors import InputError

NAN = math.nan


def published(values: list[float], k: int, finish: bool, frequency: int, budget: int) -> float:
    """`top_auc` of github.com/wenhao-gao/mol_opt, with a list of values in order of calls for its buffer."""
    total, previous, called = 0.0, 0.0, 0
    for i in range(frequency, min(len(values), budget), frequency):
        now = float(np.mean(sorted(values[:i], reverse=True)[:k]))
        total += frequency * (now + previous) / 2
        previous, called = now, i
    now = float(np.mean(sorted(values, reverse=True)[:k]))
    total += (len(values) - called) * (now + previous) / 2
    if finish and len(values) < budget:
        total += (budget - len(values)) * now
    return total / budget


def test_a_constant_trace_loses_half_the_first_trapezoid() -> None:
    assert auc_top_k([0.6] * 1_000, 10, 1_000) == pytest.approx(0.6 * (1 - 0.5 * 100 / 1_000))


def test_by_hand() -> None:
    # t(2) = 1, t(4) = mean(3, 1) = 2, t(5) = mean(3, 2) = 2.5; knots 0, 2, 4, 5, then held to 8
    trace = [1.0, 1.0, 0.0, 3.0, 2.0]
    area = 2 * (0 + 1) / 2 + 2 * (1 + 2) / 2 + 1 * (2 + 2.5) / 2 + 3 * 2.5
    assert auc_top_k(trace, 2, 8, frequency=2) == pytest.approx(area / 8)


@pytest.mark.parametrize("length", [1, 99, 100, 101, 250, 999, 1_000])
@pytest.mark.parametrize("k", [1, 10])
def test_it_is_the_published_loop(length: int, k: int) -> None:
    values = np.random.default_rng(length).random(length).tolist()
    assert auc_top_k(values, k, 1_000) == pytest.approx(published(values, k, True, 100, 1_000), abs=1e-12)


def test_a_call_without_a_value_counts_as_a_call() -> None:
    trace = [1.0, NAN, NAN, 3.0]
    assert top_k_at(trace, 2, 3) == 1.0
    assert top_k_at(trace, 2, 4) == 2.0
    assert auc_top_k(trace, 2, 4, frequency=2) == pytest.approx((2 * 0.5 + 2 * 1.5) / 4)
    assert auc_top_k([NAN] * 4, 2, 4) == 0.0


def test_nothing_is_worth_nothing() -> None:
    assert auc_top_k([], 10, 100) == 0.0
    assert top_k_at([], 10, 100) == 0.0
    assert math.isnan(best_at([], 10))


def test_fewer_than_k_values_are_averaged_over_those_there_are() -> None:
    assert top_k_at([1.0, 2.0], 10, 2) == 1.5


def test_best_and_regret_hold_their_last_value() -> None:
    trace = [NAN, 0.25, 0.0, 0.5]
    assert best_at(trace, 3) == 0.25
    assert best_at(trace, 99) == 0.5
    assert best_so_far(trace, 6) == pytest.approx([NAN, 0.25, 0.25, 0.5, 0.5, 0.5], nan_ok=True)
    assert regret(trace, 1.0, 4) == pytest.approx([NAN, 0.75, 0.75, 0.5], nan_ok=True)
    assert improvements(trace) == "2:0.25 4:0.5"
    assert best_so_far(improved_trace(improvements(trace)), 6) == pytest.approx(
        best_so_far(trace, 6), nan_ok=True
    )
    assert improved_trace(improvements([NAN])) == []
    assert best_so_far(trace, 2) == pytest.approx([NAN, 0.25], nan_ok=True)


def test_mistakes_are_named() -> None:
    with pytest.raises(InputError, match="at most 2 calls"):
        auc_top_k([1.0] * 3, 1, 2)
    with pytest.raises(InputError, match="at least 1"):
        auc_top_k([1.0], 0, 2)
