"""The proposal context: the live model, its surrogate, what was measured, what may be asked."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import torch
from jaxtyping import Float
from torch import Tensor

from latentbo.acquisition.feasibility import Feasibility
from latentbo.acquisition.region import TrustRegion
from latentbo.codecs.base import Reading
from latentbo.data.measurements import Measurements
from latentbo.kinds.base import Check
from latentbo.models.dkl_vae import DKLVAE
from latentbo.models.multi_output import MultiOutputLatentGP
from latentbo.models.surrogate import LatentGP


@dataclass(frozen=True, eq=False)
class ProposalContext:
    """All that a proposal rests on: the live model, its surrogate, what was measured, what may be asked.

    Where several outcomes are measured, the surrogate has them all, and `data` says how good each object is on the
    whole (`objectives.rank_outcomes`): that ranks the parents, and the acquisition knows better.
    """

    model: DKLVAE
    surrogate: LatentGP | MultiOutputLatentGP
    data: Measurements
    known: frozenset[str]
    """Measured, failed and pending objects: none of them is proposed again."""
    region: TrustRegion
    feasibility: Feasibility
    check: Check
    """A reason code per canonical object that is not worth measuring, None for the others."""
    runners_up: tuple[tuple[str, str], ...] = ()
    """(proposer, object) of candidates that scored well at the last ask and were not asked for."""
    fantasy_best: float = -math.inf
    """The largest value that was fantasised instead of measured."""

    @property
    def best(self) -> float:
        """The largest value measured or fantasised."""
        return max(self.fantasy_best, float(self.data.values.max()))

    @torch.no_grad()
    def with_fantasies(self, x: Float[Tensor, "k dp"]) -> ProposalContext:
        """As if the surrogate's own mean had been measured at each row of x ("kriging believer": Ginsbourger et al.
        2010): it is surer there, and where the mean (of the first outcome) is above the best, that is no improvement
        any more.
        """
        mean = float(self.surrogate.posterior(x).mean[..., 0].max())
        return replace(
            self, surrogate=self.surrogate.with_fantasies(x), fantasy_best=max(self.fantasy_best, mean)
        )

    @property
    def spread(self) -> float:
        """Standard deviation of the measured values, 1 where they are all the same."""
        return float(self.data.values.std(correction=0)) or 1.0

    def elites(self, k: int) -> list[Reading]:
        """The k best measured objects, best first."""
        return self.model.codec.read(self.data.best(k))

    def remembered(self) -> list[tuple[str, Reading]]:
        """The runners-up, read again."""
        readings = self.model.codec.read([name for _, name in self.runners_up])
        return [(proposer, reading) for (proposer, _), reading in zip(self.runners_up, readings, strict=True)]
