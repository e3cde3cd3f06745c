"""How honest predictions with an uncertainty were."""

from __future__ import annotations

import math
from dataclasses import dataclass

from jaxtyping import Float
from torch import Tensor

from latentbo.errors import InputError

NORMAL_95 = 1.959963984540054  # half the width of the central 95 % of N(0, 1)
PerPoint = Float[Tensor, "*n"]


@dataclass(frozen=True)
class Calibration:
    """How honest predictions were: `nll` in nats a point, `coverage` the share inside the central 95 %
    interval.
    """

    nll: float
    coverage: float


def calibration(mean: PerPoint, sd: PerPoint, values: PerPoint) -> Calibration:
    """Negative log density of what was measured under N(mean, sd^2), and the interval's coverage.

    `sd` must include the noise of a measurement. All three have one shape, which is not broadcast. Raises
    `InputError` for other shapes, no point at all, and deviations that are not positive.
    """
    if not mean.shape == sd.shape == values.shape or not mean.numel():
        shapes = [tuple(part.shape) for part in (mean, sd, values)]
        raise InputError(f"mean, sd and values need one shape and at least one point, not {shapes}")
    if not (sd > 0).all():
        raise InputError("standard deviations must be positive")
    mean, sd = mean.detach(), sd.detach()
    white = (values - mean) / sd
    nll = 0.5 * white.square() + sd.log() + 0.5 * math.log(2 * math.pi)
    return Calibration(float(nll.mean()), float((white.abs() <= NORMAL_95).double().mean()))
