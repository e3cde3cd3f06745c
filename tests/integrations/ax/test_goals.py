"""Ax's objectives and constraints as objectives of ours: the same order of any two objects, whatever the signs."""

from __future__ import annotations

import pytest
import torch
from ax.api.client import Client
from ax.api.configs import RangeParameterConfig
from ax.core.optimization_config import OptimizationConfig

from latentbo.errors import InputError
from latentbo.integrations.ax.goals import Goals, read_goals


def config(objective: str, *constraints: str) -> OptimizationConfig:
    client = Client()
    client.configure_experiment(
        parameters=[RangeParameterConfig(name="z0", bounds=(0.0, 1.0), parameter_type="float")]
    )
    client.configure_optimization(objective, outcome_constraints=list(constraints) or None)
    return client._experiment.optimization_config


def objectives(goals: Goals, **values: float) -> list[float]:
    """The objectives, and by how much constraints are violated, of metrics in the user's own signs."""
    turned = [sign * values[name] for name, sign in zip(goals.metrics, goals.signs, strict=True)]
    y = torch.tensor([turned], dtype=torch.float64)
    return [*(y @ goals.objectives.weights.T)[0].tolist(), float(goals.objectives.constraint_violation(y)[0])]


@pytest.mark.parametrize(
    ("objective", "constraints", "expected"),
    [
        ("a", (), [2.0, 0.0]),
        ("-a", (), [-2.0, 0.0]),
        ("2*a - b", (), [-1.0, 0.0]),
        ("a, -b", (), [2.0, -5.0, 0.0]),
        ("-a", ("b >= 4",), [-2.0, 0.0]),
        ("-a", ("b >= 6",), [-2.0, 1.0]),
        ("a", ("b <= 4.5",), [2.0, 0.5]),
        ("a", ("2*b - c <= 4",), [2.0, 3.0]),
        ("-a", ("2*b - c >= 12",), [-2.0, 5.0]),
        ("a, -b", ("c >= 5",), [2.0, -5.0, 2.0]),
        ("a + b, -c", (), [7.0, -3.0, 0.0]),
        ("-2*c, a - 0.5*b", (), [-6.0, -0.5, 0.0]),
    ],
)
def test_values_are_what_ax_says(objective: str, constraints: tuple[str, ...], expected: list[float]) -> None:
    assert objectives(read_goals(config(objective, *constraints)), a=2.0, b=5.0, c=3.0) == expected


def test_only_a_metric_alone_is_single() -> None:
    assert read_goals(config("a")).objectives.single
    assert read_goals(config("-a")).objectives.single
    assert not read_goals(config("a", "b >= 0")).objectives.single
    assert not read_goals(config("a + b")).objectives.single
    assert not read_goals(config("a, b")).objectives.single


def test_thresholds_are_the_reference_point() -> None:
    found = read_goals(config("a, -b", "b <= 7")).objectives
    assert found.reference[0].isnan()
    assert float(found.reference[1]) == -7.0
    assert len(found.constraints) == 0


def test_what_cannot_be_followed_is_refused() -> None:
    with pytest.raises(InputError, match="configure_optimization"):
        read_goals(None)
    with pytest.raises(InputError, match="relative"):
        read_goals(config("a", "b >= 0.9 * baseline"))
    pruned = config("a")
    pruned.pruning_target_parameterization = object()
    with pytest.raises(InputError, match="pruning"):
        read_goals(pruned)
