"""What is known when something is proposed, as the models take it: from a campaign's history, or from an Ax experiment."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from latentbo.acquisition.objectives import Objectives
from latentbo.acquisition.operator_allocation import OperatorOutcome
from latentbo.acquisition.region import TrustRegion
from latentbo.campaign.history import History
from latentbo.data.measurements import Measurements
from latentbo.types import Values


@dataclass(frozen=True, eq=False)
class OutcomeData:
    """One outcome, larger is better, of the objects for which it is known; variances where all were given."""

    data: Measurements
    variances: Values | None = None


@dataclass(frozen=True, eq=False)
class Knowledge:
    """All that is known when something is proposed, before any of it is modelled.

    `ranked` holds the objects whose outcomes `y` are all known, with one number each that says how good they are on the
    whole. `known` are all objects that ever came in. `objectives` is None where the one outcome is the objective.
    """

    outcomes: tuple[OutcomeData, ...]
    ranked: Measurements
    y: Float[Tensor, "n m"]
    failed: tuple[str, ...]
    pending: tuple[str, ...]
    known: frozenset[str]
    region: TrustRegion
    runners_up: tuple[tuple[str, str], ...] = ()
    operator_outcomes: tuple[OperatorOutcome, ...] = ()
    objectives: Objectives | None = None

    def enough(self, initial: int) -> bool:
        """Whether a surrogate can be fitted: so many tried, and not all of them alike."""
        tried = len(self.y) + len(self.failed)
        return tried >= initial and len(self.y) > 1 and not bool((self.y == self.y[0]).all())


def measurements(history: History) -> Measurements:
    """Measured objects with their values, larger is better, in the order they came in."""
    rows = [(row.object, history.sign * row.value) for row in history.rows.values() if row.value is not None]
    values = torch.tensor([value for _, value in rows], dtype=torch.float64).reshape(-1, 1)
    return Measurements(tuple(name for name, _ in rows), values)


def knowledge_of(history: History) -> Knowledge:
    """A campaign's: one outcome, transformed as its values ask for (`data.outcome_transforms`)."""
    data = measurements(history)
    data = data.transformed(data.outcome_transform)
    return Knowledge(
        (OutcomeData(data),),
        data,
        data.values,
        tuple(row.object for row in history.with_status("failed")),
        tuple(row.object for row in history.with_status("pending")),
        history.known(),
        history.region(),
        history.rounds[-1].runners_up if history.rounds else (),
        tuple(history.operator_outcomes()),
    )
