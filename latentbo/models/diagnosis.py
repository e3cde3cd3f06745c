"""What is wrong with a latent space, in words that say what to do about it.

Two poles: two dense clusters and an empty middle, which is what a GP's loss makes of a space when it is weighted too
high (arXiv:2503.02978). The head then predicts well and the decoder has nothing to interpolate between.

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
class Poles:
    """How a space falls into two along its longest axis: D, and the shares of objects at either pole and in the middle
    third between their centres.
    """

    separation: float
    shares: tuple[float, float]
    middle: float

    @property
    def found(self) -> bool:
        """Whether these are two poles, and not the two halves of one cloud."""
        return self.separation > APART and self.middle < EMPTY

    def __str__(self) -> str:
        if not self.found:
            return f"no poles: {self.middle:.0%} of the objects lie in the middle of the longest axis"
        low, high = self.shares
        return (
            f"two poles: {low:.0%} and {high:.0%} of the objects lie in two dense clusters and {self.middle:.1%} between "
            "them, so that a path from one to the other leads through points that stand for nothing. The GP's loss "
            "outweighs reconstruction: lower `scale`, and compare"
        )


def poles(z: Latents) -> Poles:
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
    return Poles(float((b - a) / spread), (share, 1 - share), float(middle))


def _longest(z: Float[Tensor, "n d"]) -> Float[Tensor, " n"]:
    centred = z - z.mean(0)
    return centred @ torch.linalg.svd(centred, full_matrices=False).Vh[0]


def _split(t: Float[Tensor, " n"]) -> int:
    """How many of the sorted points make the lower group: where the variance between the groups is largest."""
    n = torch.arange(1, len(t), dtype=t.dtype)
    below = t.cumsum(0)[:-1]
    difference = below / n - (t.sum() - below) / (len(t) - n)
    return int((n * (len(t) - n) * difference.square()).argmax()) + 1
