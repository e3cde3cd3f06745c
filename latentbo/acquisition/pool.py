"""The default way to propose: a pool that grows towards high acquisition, and a diverse batch out of it.

    parents -> proposers -> decode -> screen (new, promising) -> filter (admissible) -> encode again -> score -> parents ...

Every proposer makes a surplus, points or strings, of which the most promising are encoded (`acquisition.screening`). Every
candidate is scored as what it decodes to, at the latent point it encodes to, so the acquisition never credits a point for an
object that lies elsewhere.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from botorch.acquisition import AcquisitionFunction

from latentbo.acquisition.candidates import Batch, Candidate, Counts, Pool, filter_candidates
from latentbo.acquisition.context import ProposalContext
from latentbo.acquisition.functions import MakeAcquisition
from latentbo.acquisition.operator_allocation import allocate, standing_shares
from latentbo.acquisition.picking import pick, predict, score
from latentbo.acquisition.proposers import Parents, Proposer, edits_among
from latentbo.acquisition.screening import most_promising, offers_of, readings_of
from latentbo.errors import InputError
from latentbo.models.priors import spread
from latentbo.rng import derive, numpy_stream
from latentbo.torch_rng import global_stream

SHORTLIST = 100  # candidates that picks are made from, where twice the picks are not more
MORE_ROUNDS = 5


@dataclass(frozen=True)
class PoolSettings:
    """Effort of one proposal: `rounds` of about `size` candidates, the most promising of `surplus` times as many. Parents
    are the `elites` best measured objects and the `survivors` best-scored candidates. The `remembered` best that are not
    picked are where the next proposal begins. At most the share `edit_share` of the picks are edits of structure, if there
    are others.
    """

    rounds: int = 8
    size: int = 25
    elites: int = 30
    survivors: int = 30
    remembered: int = 60
    surplus: int = 5
    edit_share: float = 1.0

    def __post_init__(self) -> None:
        if min(self.rounds, self.size, self.elites, self.survivors, self.surplus) < 1 or self.remembered < 0:
            raise InputError(
                f"rounds, size, elites, survivors and surplus must be at least 1, remembered 0: {self}"
            )


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

    `shares` divides the first candidates among the proposers, what came of those the others (`operator_allocation`); the
    picks go by score alone.
    """
    with global_stream(seed, "acquisition"):
        acquisition = make(context.surrogate, context.best)
    known, counts = set(context.known), Counts()
    surplus = settings.surplus if context.model.has_features else 1
    old, _ = filter_candidates(context.remembered(), known, context.check)
    pool = _scored(old, acquisition, context, seed, "remembered")
    elites = _elites(context, settings.elites)
    asked_of = dict.fromkeys(shares, 0)
    for turn in range(settings.rounds + MORE_ROUNDS):
        if turn >= settings.rounds and len(pool.candidates) >= n:
            break
        survivors = pool.best(settings.survivors)
        parents = elites.joined(survivors.objects, survivors.x[:, : context.model.latent])
        standing = (each.proposer for each in pool.best(SHORTLIST).candidates)
        divided = standing_shares(standing, asked_of) if turn else shares
        sizes = allocate(settings.size, divided, numpy_stream(seed, "sizes", turn))
        asked_of = {name: asked_of[name] + size for name, size in sizes.items()}
        offered, lost = offers_of(
            {
                name: proposers[name](parents, surplus * size, derive(seed, turn, name))
                for name, size in sizes.items()
                if size
            },
            context.model,
            known,
            derive(seed, turn, "drafts"),
        )
        promising = most_promising(offered, sizes, acquisition, context, derive(seed, turn, "promise"))
        kept, refused = filter_candidates(readings_of(promising, context.model), known, context.check)
        counts += replace(lost, passed_over=len(offered) - len(promising)) + replace(refused, made=0)
        pool = pool.joined(_scored(kept, acquisition, context, seed, turn))
    capped = edits_among(proposers) if settings.edit_share < 1.0 else frozenset()
    pool = pool.shortlist(max(SHORTLIST, 2 * n), capped)
    most = int(settings.edit_share * n + numpy_stream(seed, "edits").random())  # right on average
    rows = pick(n, pool, context, make, seed, capped, most)
    rest = [candidate for row, candidate in enumerate(pool.candidates) if row not in rows]
    effort = {name: size / sum(asked_of.values()) for name, size in asked_of.items()}
    runners_up = tuple((candidate.proposer, candidate.object) for candidate in rest[: settings.remembered])
    return Batch(n, predict(context, pool.rows(rows)), counts, runners_up, effort)


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
