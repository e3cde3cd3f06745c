"""What is wanted of several outcomes at once: one or more objectives, and outcome constraints that must be kept.

symbol   meaning                                                              shape
y        outcomes of an object, in the signs of the surrogate's outputs       m
A        objectives A y, each to be maximised                                 k x m
C, b     outcome constraints C y >= b                                                      c x m, c
r        reference point: objective values that are not worth having          k
X        inputs of the objects for which all outcomes are known               n x dp
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass

import torch
from botorch.acquisition import AcquisitionFunction, qLogNoisyExpectedImprovement
from botorch.acquisition.logei import qLogProbabilityOfFeasibility
from botorch.acquisition.multi_objective.logei import qLogNoisyExpectedHypervolumeImprovement
from botorch.acquisition.multi_objective.objective import GenericMCMultiOutputObjective
from botorch.acquisition.objective import GenericMCObjective
from botorch.exceptions.warnings import BotorchWarning
from botorch.sampling import SobolQMCNormalSampler
from botorch.sampling.base import MCSampler
from botorch.utils.multi_objective.hypervolume import infer_reference_point
from botorch.utils.multi_objective.pareto import is_non_dominated
from jaxtyping import Float
from torch import Tensor

from latentbo.acquisition.functions import MakeAcquisition, small_jitter
from latentbo.errors import InputError
from latentbo.models.multi_output import MultiOutputLatentGP

SAMPLES = 128
Constraint = Callable[[Tensor], Tensor]


@dataclass(frozen=True, eq=False)
class Objectives:
    """Objectives and outcome constraints as linear functions of the outcomes; `reference` has NaN where nobody named a value."""

    weights: Float[Tensor, "k m"]
    constraints: Float[Tensor, "c m"]
    bounds: Float[Tensor, " c"]
    reference: Float[Tensor, " k"]

    def __post_init__(self) -> None:
        (k, m), (c, width) = self.weights.shape, self.constraints.shape
        if k < 1 or width != m or self.bounds.shape != (c,) or self.reference.shape != (k,):
            shapes = [
                tuple(part.shape) for part in (self.weights, self.constraints, self.bounds, self.reference)
            ]
            raise InputError(
                f"objectives need weights k x m, constraints c x m, bounds c and reference k, not {shapes}"
            )

    @property
    def single(self) -> bool:
        """Whether they are one outcome, larger is better, and nothing else."""
        return torch.equal(self.weights, torch.ones_like(self.weights[:1, :1])) and not len(self.constraints)

    def constraint_violation(self, y: Float[Tensor, "n m"]) -> Float[Tensor, " n"]:
        """By how much the constraints are violated in all, in standard deviations of each; 0 where all are kept."""
        if not len(self.constraints) or not len(y):
            return y.new_zeros(len(y))
        margins = y @ self.constraints.T - self.bounds
        spread = margins.std(0, correction=0)
        return -(margins / spread.where(spread > 0, torch.ones_like(spread))).clamp(max=0.0).sum(1)

    def acquisition(self, x: Float[Tensor, "n dp"], y: Float[Tensor, "n m"]) -> MakeAcquisition:
        """Log noisy expected improvement over what was measured at x: of one objective, or of the hypervolume that
        several dominate (Ament et al. 2023, Daulton et al. 2021); constraints count by their probability. While nothing
        measured keeps them, that probability alone.

        Fantasies count as measured. The best value, which others start from, is left aside.
        BoTorch compiles a part of the hypervolume when it is first used on a machine, which takes about a minute.
        """
        constraints = self._constraints()
        nothing_kept = bool((self.constraint_violation(y) > 0).all())
        reference = None if nothing_kept or len(self.weights) == 1 else self._reference_point(y)

        def make(model: MultiOutputLatentGP, best: float) -> AcquisitionFunction:
            baseline = x if model.fantasies is None else torch.cat([x, model.fantasies])
            sampler = SobolQMCNormalSampler(torch.Size([SAMPLES]), seed=int(torch.randint(2**31, ())))
            if nothing_kept:
                return qLogProbabilityOfFeasibility(model, constraints, sampler)
            with small_jitter():
                if reference is not None:
                    return self._hypervolume(model, reference, baseline, sampler)
                return self._improvement(model, baseline, sampler)

        return make

    def _improvement(
        self, model: MultiOutputLatentGP, baseline: Float[Tensor, "n dp"], sampler: MCSampler
    ) -> AcquisitionFunction:
        objective = GenericMCObjective(lambda samples, X: samples @ self.weights[0])
        with warnings.catch_warnings():
            # They keep the constraints, but not in every draw of the posterior.
            warnings.filterwarnings("ignore", "When all training points are infeasible", BotorchWarning)
            return qLogNoisyExpectedImprovement(
                model,
                baseline,
                sampler,
                objective,
                constraints=self._constraints() or None,
                prune_baseline=True,
            )

    def _hypervolume(
        self,
        model: MultiOutputLatentGP,
        reference: Float[Tensor, " k"],
        baseline: Float[Tensor, "n dp"],
        sampler: MCSampler,
    ) -> AcquisitionFunction:
        objective = GenericMCMultiOutputObjective(lambda samples, X: samples @ self.weights.T)
        return qLogNoisyExpectedHypervolumeImprovement(
            model,
            reference,
            baseline,
            sampler,
            objective,
            constraints=self._constraints() or None,
            prune_baseline=True,
        )

    def _constraints(self) -> list[Constraint]:
        """As BoTorch wants them: negative where kept."""

        def constraint(row: Tensor, bound: Tensor) -> Constraint:
            return lambda samples: bound - samples @ row

        return [constraint(row, bound) for row, bound in zip(self.constraints, self.bounds, strict=True)]

    def _reference_point(self, y: Float[Tensor, "n m"]) -> Float[Tensor, " k"]:
        """The named values; the others a tenth of the front's range below its worst."""
        found = y @ self.weights.T
        allowed = found[self.constraint_violation(y) == 0]
        front = allowed if len(allowed) else found
        inferred = infer_reference_point(front[is_non_dominated(front)])
        return self.reference.where(~self.reference.isnan(), inferred)


def rank_outcomes(y: Float[Tensor, "n m"], objectives: Objectives) -> Float[Tensor, "n 1"]:
    """One number an object by which parents are ranked, larger is better.

    Of one objective it is the objective's own value; of several, minus the number of fronts that lie before the
    object's own (Deb et al. 2002). Whatever violates a constraint comes after everything that keeps them all, by how much.
    """
    found, violation = y @ objectives.weights.T, objectives.constraint_violation(y)
    good = found[:, 0] if found.shape[1] == 1 else -_front(found)
    kept = violation == 0
    floor = good[kept].min() if bool(kept.any()) else good.new_zeros(())
    return good.where(kept, floor - violation)[:, None]


def _front(found: Float[Tensor, "n k"]) -> Float[Tensor, " n"]:
    """The number of each row's front, 0 for what nothing dominates."""
    number = torch.full((len(found),), -1.0, dtype=found.dtype)
    for place in range(len(found)):
        left = (number < 0).nonzero()[:, 0]
        if not len(left):
            break
        number[left[is_non_dominated(found[left], deduplicate=False)]] = float(place)
    return number
