"""The default way to propose: a pool that grows towards high acquisition, and a diverse batch out of it.

    parents -> proposers -> decode -> sift (readable, new, admissible) -> encode again -> score -> parents ...

Every candidate is scored as what it decodes to, at the latent point it encodes to, so the acquisition never
credits a point for an object that lies elsewhere.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice

import torch
from botorch.acquisition import AcquisitionFunction
from torch import Tensor

from latentbo.acquisition.batch import pick, score
from latentbo.acquisition.functions import MakeAcquisition
from latentbo.acquisition.pool import Candidate, Check, Counts, Pool, Situation, sift
from latentbo.acquisition.proposers import Parents, Proposer
from latentbo.acquisition.quota import allocate
from latentbo.codecs.base import Reading
from latentbo.errors import InputError
from latentbo.models.dkl_vae import DKLVAE
from latentbo.models.priors import spread
from latentbo.rng import derive, global_stream, numpy_stream, stream
from latentbo.types import Latents

SHORTLIST = 100  # candidates that picks are made from, where twice the picks are not more
MORE_ROUNDS = 5


@dataclass(frozen=True)
class PoolSettings:
    """Effort of one proposal: `rounds` of about `size` candidates; parents are the `elites` best measured
    objects and the `survivors` best-scored candidates. The `remembered` best that are not picked are where the
    next proposal begins.
    """

    rounds: int = 12
    size: int = 25
    elites: int = 30
    survivors: int = 30
    remembered: int = 60

    def __post_init__(self) -> None:
        if min(self.rounds, self.size, self.elites, self.survivors) < 1 or self.remembered < 0:
            raise InputError(f"rounds, size, elites and survivors must be at least 1, remembered 0: {self}")


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
    """At most `asked` proposals; fewer is a shortfall, and `counts` says where the others went.

    `runners_up` are the best candidates (proposer, object) that were not picked: the next pool begins with them.
    `shares` divided the candidates among the proposers.
    """

    asked: int
    proposals: tuple[Proposal, ...]
    counts: Counts
    runners_up: tuple[tuple[str, str], ...] = ()
    shares: Mapping[str, float] = field(default_factory=dict)

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

    `shares` (see `quota`) divides the candidates among the proposers; the picks go by score alone.
    """
    with global_stream(seed, "acquisition"):
        acquisition = make(situation.surrogate, situation.best)
    known, counts = set(situation.known), Counts()
    old, _ = sift(situation.remembered(), known, situation.check)
    pool = _scored(old, acquisition, situation, seed, "remembered")
    elites = _elites(situation, settings.elites)
    for turn in range(settings.rounds + MORE_ROUNDS):
        if turn >= settings.rounds and len(pool.candidates) >= n:
            break
        survivors = pool.best(settings.survivors)
        parents = elites.joined(survivors.objects, survivors.x[:, : situation.model.latent])
        sizes = allocate(settings.size, shares, numpy_stream(seed, "sizes", turn))
        made: dict[str, Latents | list[str]] = {}
        for name, size in sizes.items():
            if size:
                own_seed = derive(seed, turn, name)
                answer = proposers[name](parents, size, own_seed)
                made[name] = _promising(answer, size, known, acquisition, situation, own_seed)
        kept, lost = sift(_read(made, situation.model), known, situation.check)
        counts += lost
        pool = pool.joined(_scored(kept, acquisition, situation, seed, turn))
    pool = pool.best(max(SHORTLIST, 2 * n))
    rows = pick(n, pool, situation, make, seed)
    rest = [candidate for row, candidate in enumerate(pool.candidates) if row not in rows]
    runners_up = tuple((candidate.proposer, candidate.object) for candidate in rest[: settings.remembered])
    return Batch(n, predict(situation, pool.rows(rows)), counts, runners_up, shares)


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


def _promising(
    made: Latents | list[str],
    n: int,
    known: Collection[str],
    acquisition: AcquisitionFunction,
    situation: Situation,
    seed: int,
) -> Latents | list[str]:
    """The n best of more objects that are new, by what is known of them before they are encoded."""
    if isinstance(made, Tensor) or len(made) <= n:
        return made
    named = dict.fromkeys(situation.model.codec.canonical(made))
    new = [name for name in named if name is not None and name not in known]
    x = situation.model.inputs_unencoded(new)
    with global_stream(seed, "promise"):  # Monte Carlo acquisitions draw when first called
        scores = score(acquisition, x, situation)
    return [new[row] for row in scores.argsort(descending=True, stable=True)[:n].tolist()]


def _read(made: Mapping[str, Latents | list[str]], model: DKLVAE) -> Iterator[tuple[str, Reading]]:
    """(proposer, reading) of all that was made. Latent points are decoded greedily, which is twice as fast as a beam:
    here a slip is one more candidate.
    """
    points = [z for z in made.values() if isinstance(z, Tensor)]
    decoded = iter(model.decode(torch.cat(points), width=1) if points else ())
    for name, answer in made.items():
        readings = islice(decoded, len(answer)) if isinstance(answer, Tensor) else model.codec.read(answer)
        yield from ((name, reading) for reading in readings)


def _scored(
    candidates: Sequence[Candidate],
    acquisition: AcquisitionFunction,
    situation: Situation,
    seed: int,
    turn: int | str,
) -> Pool:
    """The candidates, each scored as what it decodes to, at the latent point it encodes to."""
    x = situation.model.inputs([candidate.reading for candidate in candidates])
    with global_stream(seed, "score", turn):  # Monte Carlo acquisitions draw when first called
        return Pool(tuple(candidates), x, score(acquisition, x, situation))


def _elites(situation: Situation, k: int) -> Parents:
    """The k best measured objects, the incumbent first."""
    readings = situation.elites(k)
    scales = situation.surrogate.latent_lengthscales()
    return Parents(
        situation.model,
        tuple(reading.object or "" for reading in readings),
        situation.model.embed(readings),
        situation.region.length,
        spread(situation.model.prior) * scales / scales.log().mean().exp(),
    )
