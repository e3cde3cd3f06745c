"""A trend is what least squares say, also where counts go together."""

from __future__ import annotations

import pytest
import torch

from benchmarks.qm9.trend import LinearTrend
from latentbo.errors import InputError

U = torch.randint(0, 5, (40, 3), generator=torch.Generator().manual_seed(0)).double()


def test_a_sum_over_counts_is_found() -> None:
    y = U @ torch.tensor([[1.0], [-37.5], [0.0]], dtype=torch.float64) + 4.0
    found = LinearTrend.fitted(U, y)
    torch.testing.assert_close(found(U), y)
    assert found.intercept == pytest.approx(4.0)
    torch.testing.assert_close(found(U[:0]), y[:0])


def test_residuals_are_those_of_least_squares() -> None:
    y = U.square().sum(1, keepdim=True)
    rest = y - LinearTrend.fitted(U, y)(U)
    torch.testing.assert_close(
        torch.cat([U, torch.ones(40, 1)], 1).T @ rest, torch.zeros(4, 1, dtype=torch.float64)
    )


def test_counts_that_go_together_are_no_problem() -> None:
    twice = torch.cat([U, U[:, :1] + U[:, 1:2], torch.ones(40, 1)], dim=1)
    y = U.square().sum(1, keepdim=True)
    torch.testing.assert_close(LinearTrend.fitted(twice, y)(twice), LinearTrend.fitted(U, y)(U))


def test_bad_input_is_named() -> None:
    y = torch.zeros(40, 1)
    with pytest.raises(InputError, match="as many rows"):
        LinearTrend.fitted(U[:3], y)
    with pytest.raises(InputError, match="finite"):
        LinearTrend.fitted(U / 0.0, y)
    with pytest.raises(InputError, match="over 3 numbers was asked for objects with 2"):
        LinearTrend.fitted(U, y)(U[:, :2])
