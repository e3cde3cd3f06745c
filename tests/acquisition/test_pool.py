"""The pool: exactly n new objects or a counted shortfall, each scored as what it decodes to."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import pytest
import torch
from botorch.acquisition import qLogExpectedImprovement

from latentbo.acquisition import pool
from latentbo.acquisition.candidates import Batch
from latentbo.acquisition.context import ProposalContext
from latentbo.acquisition.functions import BY_NAME, MakeAcquisition
from latentbo.acquisition.pool import PoolSettings, propose_pool
from latentbo.acquisition.proposers import LATENT_PROPOSERS, Edits, Made, Parents, Proposer
from latentbo.acquisition.screening import offers_of
from latentbo.acquisition.start import propose_prior
from latentbo.chemistry.edits import GraphEdits
from latentbo.codecs.base import Reading
from latentbo.errors import InputError
from latentbo.models.dkl_vae import DKLVAE
from latentbo.models.drafts import Drafts
from latentbo.models.vae import VAE, SequenceVAE
from latentbo.types import Latents
from tests.acquisition.conftest import OBJECTS

PROPOSERS = {**LATENT_PROPOSERS, "graph": Edits(GraphEdits())}
SHARES = dict.fromkeys(PROPOSERS, 0.25)
SMALL = PoolSettings(rounds=2, size=40, elites=10, survivors=10)


def proposed(
    context: ProposalContext,
    n: int = 5,
    seed: int = 0,
    *,
    make: MakeAcquisition = BY_NAME["ei"],
    proposers: Mapping[str, Proposer] = PROPOSERS,
    shares: Mapping[str, float] = SHARES,
    settings: PoolSettings = SMALL,
) -> Batch:
    return propose_pool(n, context, proposers, shares, make, settings, seed)


def own(model: object, best: float) -> qLogExpectedImprovement:
    """What a BoTorch user hands in."""
    return qLogExpectedImprovement(model, best)


def assert_counted(batch: Batch, kept: int) -> None:
    counts = batch.counts
    refused = sum(counts.invalid.values()) + sum(counts.filtered.values())
    assert counts.made == kept + counts.passed_over + counts.duplicate + refused


@pytest.mark.parametrize("structure", [False, True])
def test_exactly_n_new_objects(context_of: Callable[..., ProposalContext], structure: bool) -> None:
    context = context_of(structure=structure, failed=True)
    batch = proposed(context, 6)
    objects = [proposal.object for proposal in batch.proposals]
    assert (batch.asked, len(objects), batch.shortfall) == (6, 6, 0)
    assert len(set(objects)) == 6
    assert not set(objects) & context.known
    # Canonical: an object read again is itself.
    assert [reading.object for reading in context.model.codec.read(objects)] == objects
    assert {proposal.proposer for proposal in batch.proposals} <= set(PROPOSERS)


@pytest.mark.parametrize("structure", [False, True])
def test_each_is_predicted_as_what_it_decodes_to(
    context_of: Callable[..., ProposalContext], structure: bool
) -> None:
    context = context_of(structure=structure, failed=True)
    batch = proposed(context, 4)
    x = context.model.inputs(context.model.codec.read([p.object for p in batch.proposals]))
    with torch.no_grad():
        posterior = context.surrogate.posterior(x)
    for row, proposal in enumerate(batch.proposals):
        assert proposal.mean == pytest.approx(float(posterior.mean[row]))
        assert proposal.sd == pytest.approx(float(posterior.variance[row].sqrt()))
        assert proposal.p_feasible == pytest.approx(float(context.feasibility(x[:, :8])[row]))
    assert len({proposal.p_feasible for proposal in batch.proposals}) > 1


@pytest.mark.parametrize("make", [*BY_NAME.values(), own], ids=[*BY_NAME, "own"])
def test_the_seed_decides(context_of: Callable[..., ProposalContext], make: MakeAcquisition) -> None:
    context = context_of(failed=True)
    torch.manual_seed(1)
    first = proposed(context, 4, seed=1, make=make)
    torch.manual_seed(2)  # whatever else drew from the global generator in between
    before = torch.get_rng_state()
    assert proposed(context, 4, seed=1, make=make) == first
    assert torch.equal(torch.get_rng_state(), before)
    assert proposed(context, 4, seed=2, make=make) != first


def test_the_best_scores_come_first_and_few_are_wasted(context: ProposalContext) -> None:
    """All that one proposer found is scored by EI; the best of it leads the batch."""
    batch = proposed(context, 1, proposers={"graph": PROPOSERS["graph"]}, shares={"graph": 1.0})
    (best,) = batch.proposals
    acquisition = BY_NAME["ei"](context.surrogate, context.best)

    @torch.no_grad()
    def ei(smiles: str) -> float:
        return float(acquisition(context.model.inputs(context.model.codec.read([smiles]))[:, None]))

    more = proposed(context, 12, proposers={"graph": PROPOSERS["graph"]}, shares={"graph": 1.0})
    assert more.proposals[0].object == best.object
    assert all(ei(best.object) >= ei(proposal.object) for proposal in more.proposals)


def test_more_rounds_start_from_what_the_last_one_found(context: ProposalContext) -> None:
    seen: list[Parents] = []

    def watched(parents: Parents, n: int, seed: int) -> list[Reading]:
        seen.append(parents)
        return PROPOSERS["graph"](parents, n, seed)

    settings = PoolSettings(rounds=3, size=30, elites=4, survivors=3)
    proposed(context, 2, proposers={"w": watched}, shares={"w": 1.0}, settings=settings)
    assert len(seen) == 3
    elites = [reading.object for reading in context.elites(4)]
    assert list(seen[0].objects) == elites
    assert list(seen[1].objects[0::2])[:3] == elites[:3]  # in turn, the incumbent first
    assert seen[1].objects[-1] == elites[3]
    assert not set(seen[1].objects[1:6:2]) & context.known
    for parents in seen:
        assert parents.length == context.region.length
        again = context.model.embed(context.model.codec.read(parents.objects))
        torch.testing.assert_close(
            parents.z, again, atol=1e-5, rtol=1e-5
        )  # float32, in batches of other sizes
        # The axes are ARD with the prior's spread; their product is the prior's.
        spread = context.model.prior.covariance().diagonal().double().sqrt()
        ratio = parents.axes / spread
        assert float(ratio.log().mean()) == pytest.approx(0.0, abs=1e-6)
        lengthscales = context.surrogate.latent_lengthscales()
        torch.testing.assert_close(ratio / lengthscales, (ratio / lengthscales)[:1].expand(8))


def test_runners_up_are_where_the_next_pool_begins(context: ProposalContext) -> None:
    first = proposed(context, 3, settings=replace(SMALL, remembered=12))
    assert len(first.runners_up) == 12
    names = [name for _, name in first.runners_up]
    picked = [proposal.object for proposal in first.proposals]
    assert not set(names) & (context.known | set(picked))
    assert {proposer for proposer, _ in first.runners_up} <= set(PROPOSERS)
    seen: list[Parents] = []

    def nothing(parents: Parents, n: int, seed: int) -> list[Reading]:
        seen.append(parents)
        return []

    # One of them has been measured since, another is refused now.
    later = replace(
        context,
        runners_up=first.runners_up,
        known=context.known | {*picked, names[0]},
        check=lambda objects: ["refused" if name == names[1] else None for name in objects],
    )
    again = proposed(later, 4, proposers={"none": nothing}, shares={"none": 1.0})
    assert {proposal.object for proposal in again.proposals} <= set(names[2:])
    assert again.counts.made == 0
    assert set(seen[0].objects) - set(OBJECTS) <= set(names[2:])
    assert set(seen[0].objects) & set(names[2:])


def test_more_than_a_shortlist_can_be_asked_for(
    context: ProposalContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pool, "SHORTLIST", 3)
    batch = proposed(context, 8)
    assert len(batch.proposals) == 8
    assert len(batch.runners_up) == 8


def test_the_shares_decide_who_makes_first_and_scores_who_is_picked(context: ProposalContext) -> None:
    asked: list[tuple[str, int]] = []

    def counting(name: str) -> Proposer:
        def propose(parents: Parents, n: int, seed: int) -> Latents | list[str]:
            asked.append((name, n))
            return PROPOSERS[name](parents, n, seed)

        return propose

    shares = {"perturb": 0.1, "path": 0.1, "prior": 0.1, "graph": 0.7}
    batch = proposed(
        context, 10, proposers={name: counting(name) for name in PROPOSERS}, shares=shares, settings=SMALL
    )
    first = dict(asked[: [name for name, _ in asked].index("graph") + 1])
    assert first["graph"] == pytest.approx(0.7 * SMALL.size, abs=1)
    made = {name: sum(n for other, n in asked if other == name) for name in shares}
    assert sum(made.values()) == SMALL.rounds * SMALL.size
    assert batch.shares == pytest.approx({name: n / (SMALL.rounds * SMALL.size) for name, n in made.items()})
    acquisition = BY_NAME["ei"](context.surrogate, context.best)

    @torch.no_grad()
    def ei(names: Sequence[str]) -> list[float]:
        return acquisition(context.model.inputs(context.model.codec.read(names))[:, None]).tolist()

    picked = [proposal.object for proposal in batch.proposals]
    assert ei(picked[:1])[0] >= max(ei([name for _, name in batch.runners_up]))


def test_nothing_admissible_is_a_shortfall_with_its_reasons(
    context_of: Callable[..., ProposalContext],
) -> None:
    def never(objects: Sequence[str]) -> list[str | None]:
        return ["never"] * len(objects)

    batch = proposed(context_of(check=never), 3)
    assert batch.proposals == ()
    assert batch.shortfall == 3
    assert set(batch.counts.filtered) == {"never"}
    assert_counted(batch, kept=0)
    started = propose_prior(3, context_of().model, frozenset(), never, seed=0)
    assert started.shortfall == 3
    assert_counted(started, kept=0)


def test_a_small_space_is_exhausted(context_of: Callable[..., ProposalContext]) -> None:
    once = PoolSettings(rounds=1, size=SMALL.size, elites=SMALL.elites)
    few = {proposal.object for proposal in proposed(context_of(), 5, settings=once).proposals}

    def only(objects: Sequence[str]) -> list[str | None]:
        return [None if text in few else "other" for text in objects]

    context = context_of(check=only)
    batch = proposed(context, 10)
    objects = {proposal.object for proposal in batch.proposals}
    assert objects == few  # the first round finds them by the same seed
    assert batch.shortfall == 10 - len(objects)
    assert_counted(batch, kept=len(objects))
    # It went on for more rounds before it gave up, and what is pending is not proposed again.
    assert batch.counts.made > 2 * SMALL.rounds * SMALL.size
    rest = proposed(replace(context, known=context.known | objects), 10)
    assert rest.proposals == ()


def test_a_proposer_that_finds_nothing_does_no_harm(context: ProposalContext) -> None:
    def broken(parents: Parents, n: int, seed: int) -> list[str]:
        return ["broken"] * n

    shares = {"broken": 0.5, "graph": 0.5}
    batch = proposed(context, 4, proposers={"broken": broken, "graph": PROPOSERS["graph"]}, shares=shares)
    assert [proposal.proposer for proposal in batch.proposals] == ["graph"] * 4
    assert batch.counts.invalid["unparsable"] == round(batch.shares["broken"] * SMALL.rounds * SMALL.size)
    assert batch.shares["broken"] < 0.4


def test_who_makes_the_best_candidates_makes_more_of_them(context: ProposalContext) -> None:
    def repeating(parents: Parents, n: int, seed: int) -> list[str]:
        return ["C"] * n

    proposers = {"repeating": repeating, "graph": PROPOSERS["graph"]}
    settings = PoolSettings(rounds=6, size=20)
    batch = proposed(
        context, 4, proposers=proposers, shares={"repeating": 0.9, "graph": 0.1}, settings=settings
    )
    assert batch.shares["graph"] > 0.6


def test_of_a_surplus_those_are_encoded_that_promise_most(
    context_of: Callable[..., ProposalContext], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Values are numbers of carbons, so what is known without a latent point tells them apart."""
    context = context_of(structure=True)
    offered = ["O", "broken", "CCCCCCCCC", "CCO", "C", "OCCCCCCCC", "N", "CCCCCCCCC", "CCCCCCCC", "CO"]
    encoded: list[str | None] = []
    embed = DKLVAE.embed

    def watched(model: DKLVAE, readings: Sequence[Reading]) -> torch.Tensor:
        encoded.extend(reading.object for reading in readings)
        return embed(model, readings)

    monkeypatch.setattr(DKLVAE, "embed", watched)
    batch = proposed(
        context,
        2,
        proposers={"offers": lambda parents, n, seed: offered},
        shares={"offers": 1.0},
        settings=PoolSettings(rounds=1, size=3),
    )
    new = [name for name in encoded if name not in context.data.objects]
    assert set(new) == {"CCCCCCCCC", "CCCCCCCCO", "CCCCCCCC"}
    assert {proposal.object for proposal in batch.proposals} <= set(new)
    counts = batch.counts
    assert (counts.made, counts.passed_over, counts.invalid) == (10, 4, {"unparsable": 1})
    assert counts.duplicate == 2  # one is measured, one is there twice


def test_latent_points_are_screened_like_edits(context_of: Callable[..., ProposalContext]) -> None:
    """Every proposer makes a surplus, and the same number of each is kept."""
    context = context_of(structure=True)
    sizes: list[int] = []

    def wide(parents: Parents, n: int, seed: int) -> Latents:
        sizes.append(n)
        return LATENT_PROPOSERS["prior"](parents, n, seed)

    settings = PoolSettings(rounds=1, size=4, surplus=6)
    batch = proposed(context, 4, proposers={"w": wide}, shares={"w": 1.0}, settings=settings)
    assert sizes == [24]
    assert len(batch.proposals) == 4
    assert batch.counts.passed_over > 0
    assert_counted(batch, kept=4)
    # A surrogate of latents alone knows nothing of what is not encoded.
    proposed(context_of(structure=False), 4, proposers={"w": wide}, shares={"w": 1.0}, settings=settings)
    assert sizes[1] == 4


def test_what_is_to_be_decoded_is_decoded_together_and_by_whom_it_was_asked(tiny_model: DKLVAE) -> None:
    z = tiny_model.embed(tiny_model.codec.read(OBJECTS[:6]))
    (whole, *_), banned = tiny_model.codec.read(OBJECTS[:1]), tiny_model.codec.read(["CCO"])[0].tokens[0]
    made: dict[str, Made] = {
        "points": z,
        "beginnings": Drafts.drawn(z[:2], [whole.tokens, whole.tokens], temperature=0.0),
        "strings": ["CCO", "nonsense"],
        "drawn": Drafts.drawn(z, [()] * 6, instead_of=[banned] * 6),
    }
    offers, counts = offers_of(made, tiny_model, frozenset(), 0)
    assert (offers, counts) == offers_of(made, tiny_model, frozenset(), 0)
    assert offers != offers_of(made, tiny_model, frozenset(), 1)[0]
    greedy = {name for name, _ in tiny_model.decode_objects(z) if name is not None}
    assert {offer.object for offer in offers if offer.proposer == "points"} == greedy
    assert {offer.object for offer in offers if offer.proposer == "strings"} == {"CCO"} - greedy
    assert counts.made == 6 + 2 + 2 + 6
    assert counts.invalid["unparsable"] >= 1


def test_a_network_that_writes_all_at_once_gets_points_alone(
    tiny_model: DKLVAE, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(SequenceVAE, "completions", VAE.completions)
    z = tiny_model.embed(tiny_model.codec.read(OBJECTS[:6]))
    made: dict[str, Made] = {"drawn": Drafts.drawn(z, [()] * 6), "points": z, "strings": ["CCO"]}
    offers, counts = offers_of(made, tiny_model, frozenset(), 0)
    assert {offer.proposer for offer in offers} <= {"points", "strings"}
    assert counts.made == 7
    assert offers_of({"drawn": made["drawn"]}, tiny_model, frozenset(), 0)[0] == []


def test_without_data_objects_come_from_the_prior(tiny_model: DKLVAE) -> None:
    known = frozenset(reading.object for reading in tiny_model.sample(8, torch.Generator().manual_seed(0)))

    def no_rings(objects: Sequence[str]) -> list[str | None]:
        return ["ring" if "1" in text else None for text in objects]

    batch, again = (propose_prior(3, tiny_model, known, no_rings, seed=0) for _ in range(2))
    assert batch == again
    assert batch != propose_prior(3, tiny_model, known, no_rings, seed=1)
    objects = [proposal.object for proposal in batch.proposals]
    assert len(set(objects)) == 3
    assert not set(objects) & known
    assert not any("1" in text for text in objects)
    assert batch.counts.filtered["ring"] > 0
    first = batch.proposals[0]
    assert (first.mean, first.sd, first.p_feasible, first.proposer) == (None, None, 1.0, "prior")


@pytest.mark.parametrize("name", ["rounds", "size", "elites", "survivors"])
def test_effort_must_be_positive(name: str) -> None:
    with pytest.raises(InputError):
        PoolSettings(**{name: 0})
