"""P(feasible | z): how likely an object near z can be measured at all, learnt from what passed and failed.

symbol      meaning                                                               shape
z_i, y_i    latent points of tried objects; 1 passed, 0 failed                    n x d, n
k           exp(-|z - z_i|^2 / (2 h^2)), h the bandwidth
r           overall pass rate, (sum_i y_i + 1) / (n + 1)
a           weight of r, in observations

    P(z) = (a r + sum_i k(z, z_i) y_i) / (a + sum_i k(z, z_i))

The posterior mean of a Beta-Bernoulli model whose observations fade with distance. Far from all data it is
the overall rate; nothing is fitted, so nothing can fail. With no failure so far it is 1 everywhere and the
acquisition is unchanged.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from botorch.models.deterministic import GenericDeterministicModel
from jaxtyping import Float
from torch import Tensor

from latentbo.types import LatentBatch, Latents


@dataclass(frozen=True, eq=False)
class Feasibility:
    """Tried points and their outcomes, under the encoder that gave `z`."""

    z: Latents
    passed: Float[Tensor, " n"]
    bandwidth: float
    prior_weight: float = 2.0

    def __call__(self, z: LatentBatch) -> Float[Tensor, "*b q"]:
        """P(feasible | z), differentiable in z, in (0, 1]."""
        if len(self.passed) == 0:
            return torch.ones(z.shape[:-1], dtype=z.dtype, device=z.device)
        rate = (self.passed.sum() + 1.0) / (len(self.passed) + 1.0)
        tried, outcomes = self.z.to(z), self.passed.to(z)
        # |z|^2 + |z_i|^2 - 2 z z_i needs no b x q x n x d differences, which for a large pool are gigabytes.
        squared = z.square().sum(-1, keepdim=True) + tried.square().sum(-1) - 2.0 * z @ tried.T
        weights = torch.exp(-0.5 * squared.clamp(min=0.0) / self.bandwidth**2)
        passes = self.prior_weight * rate + weights @ outcomes
        return passes / (self.prior_weight + weights.sum(-1))

    @property
    def informative(self) -> bool:
        """Whether any failure has been seen."""
        return bool((self.passed < 1).any())

    def as_model(self, latent: int) -> GenericDeterministicModel:
        """P(feasible | z) as a BoTorch model, for `ModelList(gp, ...)` in constrained acquisition.

        The first `latent` columns of its inputs are z.
        """
        return GenericDeterministicModel(lambda X: self(X[..., :latent]).unsqueeze(-1), num_outputs=1)


def learn_feasibility(z: Latents, passed: Float[Tensor, " n"], spread: float) -> Feasibility:
    """From tried points; `spread` is the prior's mean standard deviation.

    The bandwidth is a quarter of the distance at which two prior draws lie, spread * sqrt(2 d): near enough
    that decodes still look alike.
    """
    return Feasibility(z, passed, bandwidth=0.25 * spread * (2 * max(1, z.shape[-1])) ** 0.5)
