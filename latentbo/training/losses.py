"""The terms of the training losses, as pure functions of tensors; each returns one number a row, in nats.

symbol        meaning                                       shape
mu, log s2    mean and log-variance of q(z | x)             n x d
y, f          known descriptors and their prediction        n x p
"""

from __future__ import annotations

from jaxtyping import Float
from torch import Tensor

from latentbo.types import Latents

PerRow = Float[Tensor, " n"]


def kl_to_standard_normal(mean: Latents, log_variance: Latents) -> PerRow:
    """KL( N(mu, s2) || N(0, I) ) = 1/2 sum_d (mu^2 + s2 - 1 - log s2); Kingma & Welling 2014, appendix B."""
    return 0.5 * (mean.square() + log_variance.exp() - 1.0 - log_variance).sum(1)


def squared_error(prediction: Float[Tensor, "n p"], target: Float[Tensor, "n p"]) -> PerRow:
    """-log N(y; f, I) up to a constant: half the squared distance."""
    return 0.5 * (prediction - target).square().sum(1)


def warm_up(step: int, steps: int) -> float:
    """Weight of a term that comes in linearly over `steps` steps (KL annealing: Bowman et al. 2016)."""
    return min(1.0, (step + 1) / steps) if steps else 1.0
