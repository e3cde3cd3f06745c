"""From scores to a diverse batch: picks one after the other, each conditioned on the ones before.

After a pick the surrogate believes that its own mean was measured there (`Situation.believing`), which takes the
improvement out of the pick's neighbourhood.
"""

from __future__ import annotations

import torch
from botorch.acquisition import AcquisitionFunction
from jaxtyping import Float
from torch import Tensor

from latentbo.acquisition.functions import MakeAcquisition, first_jitter
from latentbo.acquisition.pool import Pool, Situation
from latentbo.rng import derive, global_stream

CHUNK = 256


@torch.no_grad()
def score(
    acquisition: AcquisitionFunction, x: Float[Tensor, "m dp"], situation: Situation
) -> Float[Tensor, " m"]:
    """Acquisition of each point on its own, with the log-probability that it is feasible added.

    For a log acquisition that is the constrained acquisition exactly: log(EI(x) P(x)) = log EI(x) + log P(x).
    Others are in the value's own unit, so the term is given the size of the values' spread.
    """
    if len(x) == 0:
        return x.new_zeros(0)
    with first_jitter():
        values = torch.cat([acquisition(part.unsqueeze(-2)) for part in x.split(CHUNK)])
    if not situation.feasibility.informative:
        return values
    chance = situation.feasibility(x[:, : situation.model.latent]).clamp(min=1e-6).log()
    unit = 1.0 if getattr(acquisition, "_log", False) else situation.spread
    return values + unit * chance


def pick(n: int, pool: Pool, situation: Situation, make: MakeAcquisition, seed: int) -> list[int]:
    """Rows of the pool, in the order they were picked; fewer than n where the pool is smaller."""
    picked: list[int] = []
    scores = pool.scores
    while len(picked) < min(n, len(pool.candidates)):
        if picked:
            situation = situation.believing(pool.x[picked[-1:]])
            with global_stream(seed, "pick", len(picked)):  # Monte Carlo acquisitions draw when first called
                scores = score(make(situation.surrogate, situation.best), pool.x, situation)
        open_rows = scores.clone()
        open_rows[picked] = -torch.inf
        picked.append(int(open_rows.argmax()))
    return picked


def sample_seed(seed: int, *path: str | int) -> int:
    """A seed for code that takes one (`optimize_acqf`)."""
    return derive(seed, *path) % 2**31
