"""The default way to propose: a pool that grows towards high acquisition, and a diverse batch out of it.

    parents -> proposers -> decode -> sift (readable, new, admissible) -> encode again -> score -> parents ...

Every candidate is scored as what it decodes to, at the latent point it encodes to, so the acquisition never
credits a point for an object that lies elsewhere.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch

from latentbo.acquisition.batch import pick, score
from latentbo.acquisition.functions import MakeAcquisition
from latentbo.acquisition.pool import Candidate, Check, Counts, Pool, Situation, sift
from latentbo.acquisition.proposers import Parents, Proposer
from latentbo.acquisition.quota import allocate
from latentbo.errors import InputError
from latentbo.models.dkl_vae import DKLVAE
from latentbo.rng import derive, global_stream, numpy_stream, stream

SHORTLIST = 200
MORE_ROUNDS = 5


@dataclass(frozen=True)
class PoolSettings:
    """Effort of one proposal: `rounds` of about `size` candidates; parents are the `elites` best measured
    objects and, from the second round on, the `survivors` best-scored candidates.
    """

    rounds: int = 3
    size: int = 200
    elites: int = 30
    survivors: int = 30

    def __post_init__(self) -> None:
        if min(self.rounds, self.size, self.elites, self.survivors) < 1:
            raise InputError(f"rounds, size, elites and survivors must be at least 1: {self}")


@dataclass(frozen=True)
class Proposal:
    """One object to measure, with what was predicted for it (posterior mean and sd of the value)."""

    object: str
    mean: float | None
    sd: float | None
    p_feasible: float
    proposer: str


@dataclass(frozen=True)
class Batch:
    """At most `asked` proposals; fewer is a shortfall, and `counts` says where the others went."""

    asked: int
    proposals: tuple[Proposal, ...]
    counts: Counts

    @property
    def shortfall(self) -> int:
        return self.asked - len(self.proposals)


def propose_pool(
    n: int,
    situation: Situation,
    proposers: Mapping[str, Proposer],
    shares: Mapping[str, float],
    make: MakeAcquisition,
    settings: PoolSettings,
    seed: int,
) -> Batch:
    """n new objects by the inner loop above.

    `shares` (see `quota`) divides candidates and picks among the proposers.
    """
    with global_stream(seed, "acquisition"):
        acquisition = make(situation.surrogate, situation.best)
    known, counts, pool = set(situation.known), Counts(), _empty(situation)
    for turn in range(settings.rounds + MORE_ROUNDS):
        if turn >= settings.rounds and len(pool.candidates) >= n:
            break
        parents = _parents(situation, pool, settings)
        sizes = allocate(settings.size, shares, numpy_stream(seed, "sizes", turn))
        proposed = [
            (name, reading)
            for name, size in sizes.items()
            if size
            for reading in proposers[name](parents, size, derive(seed, turn, name))
        ]
        kept, lost = sift(proposed, known, situation.check)
        counts += lost
        x = situation.model.inputs([candidate.reading for candidate in kept])
        with global_stream(seed, "score", turn):  # Monte Carlo acquisitions draw when first called
            scores = score(acquisition, x, situation)
        pool = pool.joined(Pool(tuple(kept), x, scores))
    quota = allocate(n, shares, numpy_stream(seed, "quota"))
    pool = _shortlist(pool, quota)
    chosen = pool.rows(pick(n, pool, situation, make, quota, seed))
    return Batch(n, predict(situation, chosen), counts)


def propose_prior(n: int, model: DKLVAE, known: frozenset[str], check: Check, seed: int) -> Batch:
    """n new objects drawn from the prior: the start of a campaign that has no data yet."""
    seen, counts = set(known), Counts()
    kept: list[Candidate] = []
    for turn in range(1 + MORE_ROUNDS):
        drawn = model.sample(2 * (n - len(kept)) + 8, stream(seed, "start", turn))
        more, lost = sift((("prior", reading) for reading in drawn), seen, check)
        kept, counts = kept + more, counts + lost
        if len(kept) >= n:
            break
    proposals = (Proposal(candidate.object, None, None, 1.0, "prior") for candidate in kept[:n])
    return Batch(n, tuple(proposals), counts)


@torch.no_grad()
def predict(situation: Situation, chosen: Pool) -> tuple[Proposal, ...]:
    """The chosen candidates with the surrogate's prediction for each."""
    if not chosen.candidates:
        return ()
    posterior = situation.surrogate.posterior(chosen.x)
    means, sds = posterior.mean[:, 0].tolist(), posterior.variance[:, 0].clamp(min=0).sqrt().tolist()
    chances = situation.feasibility(chosen.x[:, : situation.model.latent]).tolist()
    rows = zip(chosen.candidates, means, sds, chances, strict=True)
    return tuple(Proposal(c.object, mean, sd, chance, c.proposer) for c, mean, sd, chance in rows)


def _empty(situation: Situation) -> Pool:
    width = situation.surrogate.train_inputs[0].shape[-1]
    return Pool((), torch.empty(0, width, dtype=torch.float64), torch.empty(0, dtype=torch.float64))


def _parents(situation: Situation, pool: Pool, settings: PoolSettings) -> Parents:
    """Measured elites and the best candidates so far, in turn, the incumbent first."""
    measured = situation.elites(settings.elites)
    promising = [candidate.reading for candidate in pool.best(settings.survivors).candidates]
    readings = [reading for pair in zip(measured, promising, strict=False) for reading in pair]
    shorter = min(len(measured), len(promising))
    readings += measured[shorter:] + promising[shorter:]
    spread = situation.model.prior.covariance().diagonal().double().sqrt()
    scales = situation.surrogate.latent_lengthscales()
    return Parents(
        situation.model,
        tuple(reading.object or "" for reading in readings),
        situation.model.embed(readings),
        situation.region.length,
        spread * scales / scales.log().mean().exp(),
    )


def _shortlist(pool: Pool, quota: Mapping[str, int]) -> Pool:
    """The best by score, and of each proposer at least twice what it may pick: picking needs no more."""
    order = pool.scores.argsort(descending=True, stable=True).tolist()
    rows, taken = order[:SHORTLIST], dict.fromkeys(quota, 0)
    for row in order:
        name = pool.candidates[row].proposer
        taken[name] = taken.get(name, 0) + 1
        if row not in rows and taken[name] <= 2 * quota.get(name, 0):
            rows.append(row)
    return pool.rows(rows)
