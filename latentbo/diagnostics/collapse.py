"""Bimodal collapse: a latent space of two dense clusters with nothing between them, and what to do about it.

A GP's loss makes that of a space when its weight is too large (arXiv:2503.02978). The head then predicts well, and the
decoder has nothing to interpolate between.

symbol   meaning                                                      shape
z        latent points of objects                                     n x d
t        z along its first principal axis                             n
D        distance of the centres of two groups of t in units of the   scalar
         root mean square of their spreads (Ashman et al. 1994)
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from latentbo.errors import InputError
from latentbo.types import Latents

FEWEST = 20
APART = 5.0  # D of two halves of a normal distribution is 2.6, of a uniform one 3.5
EMPTY = 0.02  # of a normal distribution 21 % lie in the middle third between its halves' centres, of a uniform one 17 %


@dataclass(frozen=True)
class BimodalCollapse:
    """How far a space falls into two along its longest axis: D, and the shares of objects in either group and in the
    middle third between their centres.
    """

    separation: float
    shares: tuple[float, float]
    middle: float

    @property
    def found(self) -> bool:
        """Whether these are two clusters, and not the two halves of one cloud."""
        return self.separation > APART and self.middle < EMPTY

    def __str__(self) -> str:
        if not self.found:
            return (
                f"no bimodal collapse: {self.middle:.0%} of the objects lie in the middle of the longest axis"
            )
        low, high = self.shares
        return (
            f"bimodal collapse: {low:.0%} and {high:.0%} of the objects lie in two dense clusters and {self.middle:.1%} "
            "between them. A path from one to the other leads through points that stand for nothing. The GP's loss "
            "outweighs reconstruction: lower `gp_loss_weight`, and compare"
        )


def bimodal_collapse(z: Latents) -> BimodalCollapse:
    """The two groups that differ most along the first principal axis (Otsu 1979), and what lies between them.

    Raises `InputError` for fewer than 20 points or points that are not finite.
    """
    if len(z) < FEWEST or not torch.isfinite(z).all():
        raise InputError(f"at least {FEWEST} finite latent points were expected, not {len(z)}")
    t = _longest(z.double()).sort().values
    low, high = t.tensor_split((_split(t),))
    spread = ((low.var(correction=0) + high.var(correction=0)) / 2).sqrt().clamp(min=1e-12)
    a, b = low.mean(), high.mean()
    third = (b - a) / 3
    middle = ((t > a + third) & (t < b - third)).double().mean()
    share = len(low) / len(t)
    return BimodalCollapse(float((b - a) / spread), (share, 1 - share), float(middle))


def _longest(z: Float[Tensor, "n d"]) -> Float[Tensor, " n"]:
    centred = z - z.mean(0)
    longest: Float[Tensor, " d"] = torch.linalg.svd(centred, full_matrices=False).Vh[0]
    return centred @ longest


def _split(t: Float[Tensor, " n"]) -> int:
    """How many of the sorted points make the lower group: where the variance between the groups is largest."""
    n = torch.arange(1, len(t), dtype=t.dtype)
    below = t.cumsum(0)[:-1]
    difference = below / n - (t.sum() - below) / (len(t) - n)
    return int((n * (len(t) - n) * difference.square()).argmax()) + 1
