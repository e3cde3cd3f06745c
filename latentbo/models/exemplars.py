"""A prior made of examples: draws lie between neighbouring points that the encoder really uses.

    symbol   meaning                                                       shape
    a        exemplars: encoder means of a sample of the training data      m x d
    N(i)     the `neighbours` exemplars nearest to a_i (all others where there are fewer)
    w, s     `between`, `noise`

    z = (1 - w) a_i + w a_j + s e,    i uniform, j uniform in N(i), e ~ N(0, I)

A smoothed bootstrap (Silverman & Young 1987) of the aggregate posterior; mixtures of posteriors as priors: VampPrior
(Tomczak & Welling 2018), Exemplar VAE (Norouzi et al. 2020, arXiv:2004.04795). A Gaussian mixture of any affordable size is
too coarse for a space with much detail: it fills the gaps with points that decode to nothing like the data. Points between
neighbours do not lie in gaps.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import torch
from jaxtyping import Float, Int
from torch import Tensor

from latentbo.errors import InputError
from latentbo.types import Latents

BLOCK = 1_000  # draws whose distances to all exemplars are in memory at a time


@dataclass(frozen=True, eq=False)
class ExemplarPrior:
    """Exemplars and how far draws may lie from them. Raises `InputError` for fewer than two, and values that mean nothing."""

    exemplars: Latents
    neighbours: int = 50
    between: float = 0.44
    noise: float = 0.35

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

    def sample(self, n: int, generator: torch.Generator) -> Latents:
        """n draws."""
        first = torch.randint(len(self.exemplars), (n,), generator=generator)
        nearest = min(self.neighbours, len(self.exemplars) - 1)
        which = torch.randint(nearest, (n,), generator=generator)
        second = torch.cat(
            [self._neighbours(i, nearest).gather(1, k[:, None])[:, 0] for i, k in _blocks(first, which)]
        )
        noise = torch.randn(n, self.exemplars.shape[1], generator=generator, dtype=self.exemplars.dtype)
        return torch.lerp(self.exemplars[first], self.exemplars[second], self.between) + self.noise * noise

    def _neighbours(self, rows: Int[Tensor, " n"], k: int) -> Int[Tensor, "n k"]:
        """The k exemplars nearest to each of these, nearest first."""
        distances = torch.cdist(self.exemplars[rows].float(), self.exemplars.float())
        return distances.scatter_(1, rows[:, None], torch.inf).topk(k, largest=False).indices

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


def _blocks(a: Tensor, b: Tensor) -> Iterator[tuple[Tensor, Tensor]]:
    return zip(a.split(BLOCK), b.split(BLOCK), strict=True)
