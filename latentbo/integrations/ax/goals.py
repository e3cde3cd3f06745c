"""What an Ax experiment wants, as `Objectives`: signs are flipped here, once, so that all below may maximise."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from ax.core.objective import Objective
from ax.core.optimization_config import OptimizationConfig
from ax.core.outcome_constraint import OutcomeConstraint
from ax.core.types import ComparisonOp
from ax.utils.common.sympy import extract_metric_weights_from_objective_expr, parse_objective_expression
from jaxtyping import Float
from torch import Tensor

from latentbo.acquisition.objectives import Objectives
from latentbo.errors import InputError


@dataclass(frozen=True, eq=False)
class Goals:
    """The metrics that matter, those of the objectives first, the sign each is turned by, and the objectives after that."""

    metrics: tuple[str, ...]
    signs: tuple[float, ...]
    objectives: Objectives


def read_goals(config: OptimizationConfig | None) -> Goals:
    """The goals of an experiment. Raises `InputError` for what cannot be followed: no objective, bounds relative to a
    baseline, preferences, pruning, a threshold on a sum.
    """
    if config is None:
        raise InputError("the experiment has no objective: call `configure_optimization` first")
    if config.is_bope_problem or config.pruning_target_parameterization is not None:
        raise InputError(
            "preference objectives and pruning targets are not supported: name metrics to optimise"
        )
    objectives = _objectives(config.objective)
    thresholds = list(config.objective_thresholds)
    constraints = [each for each in config.outcome_constraints if each not in thresholds]
    for each in (*constraints, *thresholds):
        if each.relative:
            raise InputError(f"{each.expression!r} is relative to a baseline: give its bound as a number")
    signs = {name: -1.0 if weight < 0 else 1.0 for weights in objectives for name, weight in weights.items()}
    signs |= {name: 1.0 for each in constraints for name in each.metric_names if name not in signs}
    rows = [_row(weights, signs) for weights in objectives]
    sides = [_side(each) * _row(_by_name(each), signs) for each in constraints]
    wanted = Objectives(
        torch.stack(rows),
        torch.stack(sides) if sides else rows[0].new_zeros(0, len(signs)),
        torch.tensor([_side(each) * each.bound for each in constraints], dtype=torch.float64),
        torch.tensor([_named(weights, thresholds) for weights in objectives], dtype=torch.float64),
    )
    return Goals(tuple(signs), tuple(signs.values()), wanted)


def _objectives(objective: Objective) -> list[dict[str, float]]:
    """The weights of the metrics of each objective, by name."""
    if not objective.is_multi_objective:
        return [_by_name(objective)]
    # `metric_weights` does not say where one objective ends and the next begins.
    parts = parse_objective_expression(objective.expression)
    return [dict(extract_metric_weights_from_objective_expr(part)) for part in parts]


def _by_name(expression: Objective | OutcomeConstraint) -> dict[str, float]:
    """The weight of each metric in an expression; Ax gives them in the order of the names, by signature."""
    weights = [weight for _, weight in expression.metric_weights]
    return dict(zip(expression.metric_names, weights, strict=True))


def _row(weights: Mapping[str, float], signs: Mapping[str, float]) -> Float[Tensor, " m"]:
    """Weights of the outcomes as they are after the signs were turned."""
    return torch.tensor([sign * weights.get(name, 0.0) for name, sign in signs.items()], dtype=torch.float64)


def _side(constraint: OutcomeConstraint) -> float:
    """What an inequality is multiplied by so that it reads >=."""
    return 1.0 if constraint.op == ComparisonOp.GEQ else -1.0


def _named(weights: Mapping[str, float], thresholds: list[OutcomeConstraint]) -> float:
    """The threshold of an objective as a value of it, NaN where none was named."""
    found = [each for each in thresholds if set(each.metric_names) & set(weights)]
    if not found:
        return float("nan")
    if len(weights) > 1:
        raise InputError(f"{found[0].expression!r} is a threshold on a sum of metrics: leave it out")
    ((_, weight),) = weights.items()
    return weight * float(found[0].bound)
