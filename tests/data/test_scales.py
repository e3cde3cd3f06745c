"""Values are modelled as they are where that will do; otherwise in a unit of their size, or by their ranks."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy.stats import norm
from torch import Tensor

from latentbo.data.scales import AS_THEY_ARE, Ranks, Scale, Unit, scale_of


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
    scale = scale_of(column(*values))
    assert scale == Unit(size)
    counted = scale.counted(column(*values))
    assert (counted * size).tolist() == column(*values).tolist(), "nothing is rounded"
    assert scale_of(counted) == AS_THEY_ARE
    assert scale.told(2.0, 0.5) == (2.0 * size, 0.5 * size)


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
    scale = scale_of(values)
    assert isinstance(scale, Ranks) == ranked
    if ranked:
        counted = scale.counted(values)[:, 0]
        assert counted.argsort(stable=True).tolist() == values[:, 0].argsort(stable=True).tolist()
        assert counted.unique().numel() == values.unique().numel()
        most = float((values == values.max()).sum())
        assert float(counted.max()) == pytest.approx(norm.ppf(1 - most / 2 / len(values)))


def test_equal_values_share_the_middle_of_their_ranks() -> None:
    scale = Ranks.of(np.array([3.0, 1.0, 1.0, 2.0]))
    assert scale.values.tolist() == [1.0, 2.0, 3.0]
    assert scale.scores.tolist() == pytest.approx(norm.ppf([1 / 4, 2.5 / 4, 3.5 / 4]).tolist())
    assert scale.counted(column(2.0, 1.0))[:, 0].tolist() == [scale.scores[1], scale.scores[0]]


def test_what_is_told_of_ranks_lies_between_the_values() -> None:
    scale = Ranks.of(np.array([0.0, 0.0, 1.0, 10.0]))
    for score, value in zip(scale.scores, scale.values, strict=True):
        assert scale.told(float(score), 0.0) == (value, 0.0)
    low, high = scale.scores[1:]
    mean, sd = scale.told(np.array([(low + high) / 2, 9.0]), np.array([(high - low) / 2, 0.1]))
    assert mean.tolist() == pytest.approx([5.5, 10.0])
    assert sd.tolist() == pytest.approx([4.5, 0.0])


@pytest.mark.parametrize("scale", [Unit(0.5), Ranks.of(np.array([1.0, 2.0, 5.0]))])
def test_order_is_kept(scale: Scale) -> None:
    counted = scale.counted(column(1.0, 2.0, 5.0))[:, 0]
    assert (counted.diff() > 0).all()
    told = [scale.told(float(each), 0.0)[0] for each in counted]
    assert told == pytest.approx([1.0, 2.0, 5.0])
