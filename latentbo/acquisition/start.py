"""The start of a campaign that has no data yet: draws from the prior."""

from __future__ import annotations

from latentbo.acquisition.candidates import Batch, Candidate, Counts, Proposal, filter_candidates
from latentbo.kinds.base import Check
from latentbo.models.dkl_vae import DKLVAE
from latentbo.torch_rng import stream

MORE_ROUNDS = 5


def propose_prior(n: int, model: DKLVAE, known: frozenset[str], check: Check, seed: int) -> Batch:
    """n new objects drawn from the prior: the start of a campaign that has no data yet."""
    seen, counts = set(known), Counts()
    kept: list[Candidate] = []
    for turn in range(1 + MORE_ROUNDS):
        drawn = model.sample(2 * (n - len(kept)) + 8, stream(seed, "start", turn))
        more, lost = filter_candidates((("prior", reading) for reading in drawn), seen, check)
        kept, counts = kept + more, counts + lost
        if len(kept) >= n:
            break
    proposals = (Proposal(candidate.object, None, None, 1.0, "prior") for candidate in kept[:n])
    return Batch(n, tuple(proposals), counts)
