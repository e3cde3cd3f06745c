"""A prior made of examples: draws lie between neighbouring points that the encoder really uses.

    symbol   meaning                                                       shape
    a        exemplars: encoder means of a sample of the training data      m x d
    N(i)     the `neighbours` exemplars nearest to a_i (all others where there are fewer)
    w, s     `between`, `noise`

    z = (1 - w) a_i + w a_j + s e,    i uniform, j uniform in N(i), e ~ N(0, I)

A smoothed bootstrap (Silverman & Young 1987) of the aggregate posterior; mixtures of posteriors as priors: VampPrior
(Tomczak & Welling 2018), Exemplar VAE (Norouzi et al. 2020, arXiv:2004.04795). Where a space holds objects to a fine
grain, a Gaussian mixture of any affordable size fills the gaps between them with points that decode to nothing like
the data; points between neighbours do not.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import torch
from jaxtyping import Float, Int
from torch import Tensor

from latentbo.errors import InputError
from latentbo.types import Latents


@dataclass(frozen=True, eq=False)
class ExemplarPrior:
    """Exemplars and how far draws stray from them."""

    exemplars: Latents
    neighbours: int = 10
    between: float = 0.5
    noise: float = 0.15

    def __post_init__(self) -> None:
        if len(self.exemplars) < 2:
            raise InputError(
                f"a prior of exemplars needs at least two of them, but there are {len(self.exemplars)}"
            )
        if not 0.0 <= self.between <= 1.0 or self.noise < 0.0 or self.neighbours < 1:
            raise InputError(
                "between lies within 0 and 1, noise is not negative, neighbours at least 1: "
                f"not {self.between}, {self.noise}, {self.neighbours}"
            )
        if not torch.isfinite(self.exemplars).all():
            raise InputError("exemplars must be finite")

    @cached_property
    def _nearest(self) -> Int[Tensor, "m k"]:
        distances = torch.cdist(self.exemplars.float(), self.exemplars.float())
        nearest = min(self.neighbours, len(self.exemplars) - 1)
        return distances.fill_diagonal_(torch.inf).topk(nearest, largest=False).indices

    def sample(self, n: int, generator: torch.Generator) -> Latents:
        """n draws."""
        first = torch.randint(len(self.exemplars), (n,), generator=generator)
        second = self._nearest[first, torch.randint(self._nearest.shape[1], (n,), generator=generator)]
        noise = torch.randn(n, self.exemplars.shape[1], generator=generator, dtype=self.exemplars.dtype)
        return torch.lerp(self.exemplars[first], self.exemplars[second], self.between) + self.noise * noise

    def refitted(self, z: Latents, generator: torch.Generator) -> ExemplarPrior:
        """As many exemplars, or as many as there are rows, drawn at random."""
        rows = torch.randperm(len(z), generator=generator)[: len(self.exemplars)]
        return replace(self, exemplars=z[rows])

    def mean(self) -> Float[Tensor, " d"]:
        """Mean of the exemplars."""
        return self.exemplars.mean(0)

    def covariance(self) -> Float[Tensor, "d d"]:
        """Covariance of the exemplars."""
        return torch.cov(self.exemplars.T).reshape(self.exemplars.shape[1], -1)
