"""Acquisition functions, by name or from the user, over any BoTorch model.

An acquisition is a callable `(model, best) -> AcquisitionFunction`: a BoTorch user hands in
`lambda model, best: qLogExpectedImprovement(model, best)` and is done. `best` is the largest value measured
so far.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import torch
from botorch.acquisition import AcquisitionFunction
from botorch.acquisition.analytic import (
    LogConstrainedExpectedImprovement,
    LogExpectedImprovement,
    LogNoisyExpectedImprovement,
    LogProbabilityOfFeasibility,
    LogProbabilityOfImprovement,
    UpperConfidenceBound,
)
from botorch.acquisition.logei import LogImprovementMCAcquisitionFunction
from botorch.acquisition.multi_objective.logei import qLogExpectedHypervolumeImprovement
from botorch.models.model import Model
from botorch.sampling.pathwise import draw_matheron_paths
from jaxtyping import Float
from linear_operator.utils.warnings import NumericalWarning
from torch import Tensor

from latentbo.acquisition.names import ACQUISITIONS
from latentbo.errors import unknown_name

JITTER = r"A not p\.d\., added jitter of 1\.0e-0[876]"  # what linear_operator says of the first three
MakeAcquisition = Callable[[Model, float], AcquisitionFunction]


def expected_improvement(model: Model, best: float) -> AcquisitionFunction:
    """log EI (Ament et al. 2023, arXiv:2310.20708)."""
    return LogExpectedImprovement(model, best_f=best)


def upper_confidence_bound(model: Model, best: float) -> AcquisitionFunction:
    """mean + sqrt(beta) sd with beta = 10^U(-2, 0) (Tripp et al. 2024).

    beta is drawn anew at each call from torch's global generator.
    """
    return UpperConfidenceBound(model, beta=float(10 ** (-2 * torch.rand(()))))


class ThompsonSample(AcquisitionFunction):
    """One draw of the whole function, by Matheron's rule (Wilson et al. 2020).

    Its maximiser is a Thompson sample.
    """

    def __init__(self, model: Model) -> None:
        super().__init__(model)
        self.path = draw_matheron_paths(model, torch.Size([1]))

    def forward(self, X: Float[Tensor, "*b 1 d"]) -> Float[Tensor, "*b"]:
        """Value of the drawn function at each point; q is 1."""
        drawn: Tensor = self.path(X.flatten(0, -2))
        return drawn[0].reshape(X.shape[:-2])


def thompson(model: Model, best: float) -> AcquisitionFunction:
    """A new function draw at each call, from torch's global generator."""
    return ThompsonSample(model)


_MAKERS = (expected_improvement, upper_confidence_bound, thompson)
BY_NAME: dict[str, MakeAcquisition] = dict(zip(ACQUISITIONS, _MAKERS, strict=True))
IN_LOGS = (
    LogConstrainedExpectedImprovement,
    LogExpectedImprovement,
    LogImprovementMCAcquisitionFunction,
    LogNoisyExpectedImprovement,
    LogProbabilityOfFeasibility,
    LogProbabilityOfImprovement,
    qLogExpectedHypervolumeImprovement,
)


@contextmanager
def small_jitter() -> Iterator[None]:
    """Without the warning that a covariance needed a jitter of 1e-6 of the values' variance or less, a hundredth of the least
    noise; larger ones warn.

    Noisy acquisitions sample jointly at all that was measured, and almost always need the first. A candidate that lies where
    one was picked needs more.
    """
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", JITTER, NumericalWarning)
        yield


def log_probability_weight(acquisition: AcquisitionFunction, spread: float) -> float:
    """What log P(feasible) is multiplied by before it is added to an acquisition.

    1 for one that is a logarithm: log(EI(x) P(x)) = log EI(x) + log P(x), exactly. Others are in the value's own unit, so
    the term is given the size of the values' spread.
    """
    return 1.0 if isinstance(acquisition, IN_LOGS) else spread


def make_acquisition(choice: str | MakeAcquisition) -> MakeAcquisition:
    """The named acquisition, or the given callable itself."""
    if callable(choice):
        return choice
    if choice not in BY_NAME:
        raise unknown_name("acquisition", choice, BY_NAME)
    return BY_NAME[choice]
