"""Measurements are one finite value an object."""

from __future__ import annotations

import pytest
import torch

from latentbo.data.measurements import Measurements
from latentbo.errors import InputError


def test_measurements_are_one_finite_value_an_object() -> None:
    assert len(Measurements(("CCO", "CCN"), torch.ones(2, 1))) == 2
    assert len(Measurements((), torch.ones(0, 1))) == 0
    with pytest.raises(InputError, match="once"):
        Measurements(("CCO", "CCO"), torch.ones(2, 1))
    with pytest.raises(InputError, match="2 x 1"):
        Measurements(("CCO", "CCN"), torch.ones(1, 1))
    for value in (float("nan"), float("inf"), -float("inf")):
        with pytest.raises(InputError, match="finite"):
            Measurements(("CCO",), torch.tensor([[value]]))


def test_transformed_measurements_are_the_same_objects() -> None:
    data = Measurements(("CCO", "CCN"), torch.tensor([[3e-9], [5e-9]], dtype=torch.float64))
    transformed = data.transformed(data.outcome_transform)
    assert transformed.objects == data.objects
    assert transformed.values[:, 0].tolist() == [3e-9 * 2**29, 5e-9 * 2**29]


@pytest.mark.usefixtures("unchecked")
def test_values_are_a_column() -> None:
    with pytest.raises(InputError, match=r"2 x 1, not \(2,\)"):
        Measurements(("CCO", "CCN"), torch.ones(2))
