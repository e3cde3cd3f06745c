"""Values are modelled as they are where that will do; otherwise in a unit of their size, or by their ranks."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy.stats import norm
from torch import Tensor

from latentbo.data.outcome_transforms import (
    IDENTITY,
    NormalScores,
    OutcomeTransform,
    Unit,
    outcome_transform_of,
)


def column(*values: float) -> Tensor:
    return torch.tensor(values, dtype=torch.float64).reshape(-1, 1)


@pytest.mark.parametrize(
    ("values", "size"),
    [
        ((0.0, 1e-2), 1.0),
        ((-500.0, 1e5), 1.0),
        ((7.0, 7.0), 1.0),
        ((3e-9, 5e-9), 2.0**-29),
        ((5.0, 5.0 + 2.0**-12), 2.0**-12),
        ((0.0, 2e6), 2.0**20),
        ((0.0, 5e-324), 2.0**-1074),
        ((3.0,), 1.0),
        ((), 1.0),
    ],
)
def test_values_of_no_ordinary_range_are_counted_in_another_unit(
    values: tuple[float, ...], size: float
) -> None:
    outcome_transform = outcome_transform_of(column(*values))
    assert outcome_transform == Unit(size)
    transformed = outcome_transform.transform(column(*values))
    assert (transformed * size).tolist() == column(*values).tolist(), "nothing is rounded"
    assert outcome_transform_of(transformed) == IDENTITY
    assert outcome_transform.inverse_transform(2.0, 0.5) == (2.0 * size, 0.5 * size)


@pytest.mark.parametrize(
    ("tail", "ranked"),
    [
        ((4.9e-36, 1.5e-41), True),
        ((1.0, 1e-12), True),
        ((0.3, 1e-6, 1e-7) * 5, True),
        ((0.3, 0.1, 0.01) * 5, False),
        ((), False),
    ],
)
def test_where_nearly_all_are_alike_their_order_is_left(tail: tuple[float, ...], ranked: bool) -> None:
    values = column(*([0.0] * 98), *tail)
    outcome_transform = outcome_transform_of(values)
    assert isinstance(outcome_transform, NormalScores) == ranked
    if ranked:
        transformed = outcome_transform.transform(values)[:, 0]
        assert transformed.argsort(stable=True).tolist() == values[:, 0].argsort(stable=True).tolist()
        assert transformed.unique().numel() == values.unique().numel()
        most = float((values == values.max()).sum())
        assert float(transformed.max()) == pytest.approx(norm.ppf(1 - most / 2 / len(values)))


def test_equal_values_share_the_middle_of_their_ranks() -> None:
    outcome_transform = NormalScores.of(np.array([3.0, 1.0, 1.0, 2.0]))
    assert outcome_transform.values.tolist() == [1.0, 2.0, 3.0]
    assert outcome_transform.scores.tolist() == pytest.approx(norm.ppf([1 / 4, 2.5 / 4, 3.5 / 4]).tolist())
    assert outcome_transform.transform(column(2.0, 1.0))[:, 0].tolist() == [
        outcome_transform.scores[1],
        outcome_transform.scores[0],
    ]


def test_predictions_by_ranks_lie_between_the_values() -> None:
    outcome_transform = NormalScores.of(np.array([0.0, 0.0, 1.0, 10.0]))
    for score, value in zip(outcome_transform.scores, outcome_transform.values, strict=True):
        assert outcome_transform.inverse_transform(float(score), 0.0) == (value, 0.0)
    low, high = outcome_transform.scores[1:]
    mean, sd = outcome_transform.inverse_transform(
        np.array([(low + high) / 2, 9.0]), np.array([(high - low) / 2, 0.1])
    )
    assert mean.tolist() == pytest.approx([5.5, 10.0])
    assert sd.tolist() == pytest.approx([4.5, 0.0])


@pytest.mark.parametrize("outcome_transform", [Unit(0.5), NormalScores.of(np.array([1.0, 2.0, 5.0]))])
def test_order_is_kept(outcome_transform: OutcomeTransform) -> None:
    transformed = outcome_transform.transform(column(1.0, 2.0, 5.0))[:, 0]
    assert (transformed.diff() > 0).all()
    back = [outcome_transform.inverse_transform(float(each), 0.0)[0] for each in transformed]
    assert back == pytest.approx([1.0, 2.0, 5.0])
