"""From scores to a diverse batch: picks one after the other, each conditioned on the ones before.

After a pick the surrogate's own mean counts as measured there (`ProposalContext.with_fantasies`), which takes the
improvement out of the pick's neighbourhood.
"""

from __future__ import annotations

from collections.abc import Collection

import torch
from botorch.acquisition import AcquisitionFunction
from jaxtyping import Float
from torch import Tensor

from latentbo.acquisition.candidates import Pool, Proposal
from latentbo.acquisition.context import ProposalContext
from latentbo.acquisition.functions import MakeAcquisition, log_probability_weight, small_jitter
from latentbo.rng import derive
from latentbo.torch_rng import global_stream

CHUNK = 256


@torch.no_grad()
def score(
    acquisition: AcquisitionFunction, x: Float[Tensor, "m dp"], context: ProposalContext
) -> Float[Tensor, " m"]:
    """Acquisition of each point on its own, with the log-probability that it is feasible added
    (`functions.log_probability_weight`).
    """
    if len(x) == 0:
        return x.new_zeros(0)
    with small_jitter():
        values = torch.cat([acquisition(part.unsqueeze(-2)) for part in x.split(CHUNK)])
    if not context.feasibility.informative:
        return values
    chance = context.feasibility(x[:, : context.model.latent]).clamp(min=1e-6).log()
    return values + log_probability_weight(acquisition, context.spread) * chance


def pick(
    n: int,
    pool: Pool,
    context: ProposalContext,
    make: MakeAcquisition,
    seed: int,
    capped: Collection[str] = (),
    most: int = 0,
) -> list[int]:
    """Rows of the pool, in the order they were picked; fewer than n where the pool is smaller.

    `most` of them are by the proposers `capped`, and more only where there is nothing else.
    """
    picked: list[int] = []
    scores = pool.scores
    of_capped = torch.tensor([each.proposer in capped for each in pool.candidates], dtype=torch.bool)
    while len(picked) < min(n, len(pool.candidates)):
        if picked:
            context = context.with_fantasies(pool.x[picked[-1:]])
            with global_stream(seed, "pick", len(picked)):  # Monte Carlo acquisitions draw when first called
                scores = score(make(context.surrogate, context.best), pool.x, context)
        open_rows = scores.clone()
        open_rows[picked] = -torch.inf
        if of_capped[picked].sum() >= most and not of_capped[open_rows.isfinite()].all():
            open_rows[of_capped] = -torch.inf
        picked.append(int(open_rows.argmax()))
    return picked


@torch.no_grad()
def predict(context: ProposalContext, chosen: Pool) -> tuple[Proposal, ...]:
    """The chosen candidates with the surrogate's prediction for each."""
    if not chosen.candidates:
        return ()
    posterior = context.surrogate.posterior(chosen.x)
    means, sds = posterior.mean[:, 0].tolist(), posterior.variance[:, 0].clamp(min=0).sqrt().tolist()
    chances = context.feasibility(chosen.x[:, : context.model.latent]).tolist()
    rows = zip(chosen.candidates, means, sds, chances, strict=True)
    return tuple(Proposal(c.object, mean, sd, chance, c.proposer) for c, mean, sd, chance in rows)


def sample_seed(seed: int, *path: str | int) -> int:
    """A seed for code that takes one (`optimize_acqf`)."""
    return derive(seed, *path) % 2**31
