"""The default way to propose: a pool that grows towards high acquisition, and a diverse batch out of it.

    parents -> proposers -> decode -> filter (readable, new, admissible) -> encode again -> score -> parents ...

Every candidate is scored as what it decodes to, at the latent point it encodes to, so the acquisition never
credits a point for an object that lies elsewhere.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice

import torch
from botorch.acquisition import AcquisitionFunction
from torch import Tensor

from latentbo.acquisition.candidates import Batch, Candidate, Counts, Pool, filter_candidates
from latentbo.acquisition.context import ProposalContext
from latentbo.acquisition.functions import MakeAcquisition
from latentbo.acquisition.operator_allocation import allocate
from latentbo.acquisition.picking import pick, predict, score
from latentbo.acquisition.proposers import Parents, Proposer
from latentbo.codecs.base import Reading
from latentbo.errors import InputError
from latentbo.models.dkl_vae import DKLVAE
from latentbo.models.priors import spread
from latentbo.rng import derive, numpy_stream
from latentbo.torch_rng import global_stream
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


def propose_pool(
    n: int,
    context: ProposalContext,
    proposers: Mapping[str, Proposer],
    shares: Mapping[str, float],
    make: MakeAcquisition,
    settings: PoolSettings,
    seed: int,
) -> Batch:
    """n new objects by the inner loop above.

    `shares` (see `operator_allocation`) divides the candidates among the proposers; the picks go by score alone.
    """
    with global_stream(seed, "acquisition"):
        acquisition = make(context.surrogate, context.best)
    known, counts = set(context.known), Counts()
    old, _ = filter_candidates(context.remembered(), known, context.check)
    pool = _scored(old, acquisition, context, seed, "remembered")
    elites = _elites(context, settings.elites)
    for turn in range(settings.rounds + MORE_ROUNDS):
        if turn >= settings.rounds and len(pool.candidates) >= n:
            break
        survivors = pool.best(settings.survivors)
        parents = elites.joined(survivors.objects, survivors.x[:, : context.model.latent])
        sizes = allocate(settings.size, shares, numpy_stream(seed, "sizes", turn))
        made: dict[str, Latents | list[str]] = {}
        for name, size in sizes.items():
            if size:
                own_seed = derive(seed, turn, name)
                answer = proposers[name](parents, size, own_seed)
                made[name] = _promising(answer, size, known, acquisition, context, own_seed)
        kept, lost = filter_candidates(_read(made, context.model), known, context.check)
        counts += lost
        pool = pool.joined(_scored(kept, acquisition, context, seed, turn))
    pool = pool.best(max(SHORTLIST, 2 * n))
    rows = pick(n, pool, context, make, seed)
    rest = [candidate for row, candidate in enumerate(pool.candidates) if row not in rows]
    runners_up = tuple((candidate.proposer, candidate.object) for candidate in rest[: settings.remembered])
    return Batch(n, predict(context, pool.rows(rows)), counts, runners_up, shares)


def _promising(
    made: Latents | list[str],
    n: int,
    known: Collection[str],
    acquisition: AcquisitionFunction,
    context: ProposalContext,
    seed: int,
) -> Latents | list[str]:
    """The n best of more objects that are new, by what is known of them before they are encoded."""
    if isinstance(made, Tensor) or len(made) <= n:
        return made
    named = dict.fromkeys(context.model.codec.canonical(made))
    new = [name for name in named if name is not None and name not in known]
    x = context.model.inputs_unencoded(new)
    with global_stream(seed, "promise"):  # Monte Carlo acquisitions draw when first called
        scores = score(acquisition, x, context)
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
    context: ProposalContext,
    seed: int,
    turn: int | str,
) -> Pool:
    """The candidates, each scored as what it decodes to, at the latent point it encodes to."""
    x = context.model.inputs([candidate.reading for candidate in candidates])
    with global_stream(seed, "score", turn):  # Monte Carlo acquisitions draw when first called
        return Pool(tuple(candidates), x, score(acquisition, x, context))


def _elites(context: ProposalContext, k: int) -> Parents:
    """The k best measured objects, the incumbent first."""
    readings = context.elites(k)
    scales = context.surrogate.latent_lengthscales()
    return Parents(
        context.model,
        tuple(reading.object or "" for reading in readings),
        context.model.embed(readings),
        context.region.length,
        spread(context.model.prior) * scales / scales.log().mean().exp(),
    )
