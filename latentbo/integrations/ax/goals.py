"""What an Ax experiment wants, as `Aims`: signs are flipped here, once, so that all below may maximise."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from ax.core.optimization_config import OptimizationConfig
from ax.core.outcome_constraint import OutcomeConstraint
from ax.core.types import ComparisonOp
from jaxtyping import Float
from torch import Tensor

from latentbo.acquisition.aims import Aims
from latentbo.errors import InputError


@dataclass(frozen=True, eq=False)
class Goals:
    """The metrics that matter, those of the objectives first, the sign each is turned by, and the aims after that."""

    metrics: tuple[str, ...]
    signs: tuple[float, ...]
    aims: Aims


def read_goals(config: OptimizationConfig | None) -> Goals:
    """Raises `InputError` for what cannot be followed: no objective, relative limits, preferences, pruning."""
    if config is None:
        raise InputError("the experiment has no objective: call `configure_optimization` first")
    if config.is_bope_problem or config.pruning_target_parameterization is not None:
        raise InputError(
            "preference objectives and pruning targets are not supported: name metrics to optimise"
        )
    objectives = [
        dict(weights) for weights in config.objective._parsed[1]
    ]  # no public way to all weights by name
    thresholds = list(config.objective_thresholds)
    limits = [limit for limit in config.outcome_constraints if limit not in thresholds]
    for limit in (*limits, *thresholds):
        if limit.relative:
            raise InputError(f"{limit.expression!r} is relative to a baseline: give its bound as a number")
    signs = {name: -1.0 if weight < 0 else 1.0 for weights in objectives for name, weight in weights.items()}
    signs |= {name: 1.0 for limit in limits for name in limit.metric_names if name not in signs}
    rows = [_row(weights, signs) for weights in objectives]
    sides = [_side(limit) * _row(dict(limit._parsed[0]), signs) for limit in limits]
    aims = Aims(
        torch.stack(rows),
        torch.stack(sides) if sides else rows[0].new_zeros(0, len(signs)),
        torch.tensor([_side(limit) * limit.bound for limit in limits], dtype=torch.float64),
        torch.tensor([_named(weights, thresholds) for weights in objectives], dtype=torch.float64),
    )
    return Goals(tuple(signs), tuple(signs.values()), aims)


def _row(weights: Mapping[str, float], signs: Mapping[str, float]) -> Float[Tensor, " m"]:
    """Weights of the outcomes as they are after the signs were turned."""
    return torch.tensor([sign * weights.get(name, 0.0) for name, sign in signs.items()], dtype=torch.float64)


def _side(limit: OutcomeConstraint) -> float:
    """What an inequality is multiplied by so that it reads >=."""
    return 1.0 if limit.op == ComparisonOp.GEQ else -1.0


def _named(weights: Mapping[str, float], thresholds: list[OutcomeConstraint]) -> float:
    """The threshold of an objective as a value of it, NaN where none was named."""
    found = [limit for limit in thresholds if set(limit.metric_names) & set(weights)]
    if not found:
        return float("nan")
    if len(weights) > 1:
        raise InputError(f"{found[0].expression!r} is a threshold on a sum of metrics: leave it out")
    ((_, weight),) = weights.items()
    return weight * found[0].bound
