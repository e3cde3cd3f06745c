"""Scores with feasibility, and batches that spread out."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from botorch.acquisition import AcquisitionFunction, LogExpectedImprovement, qLogExpectedImprovement
from botorch.acquisition.objective import GenericMCObjective
from botorch.models import ModelList, SingleTaskGP
from botorch.sampling import ListSampler, SobolQMCNormalSampler
from botorch.sampling.index_sampler import IndexSampler
from torch import Tensor

from latentbo.acquisition import picking
from latentbo.acquisition.candidates import Candidate, Pool
from latentbo.acquisition.context import ProposalContext
from latentbo.acquisition.functions import make_acquisition
from latentbo.acquisition.picking import pick, sample_seed, score
from latentbo.codecs.base import Reading

EI = make_acquisition("ei")


def drawn(context: ProposalContext, n: int, seed: int = 0) -> Tensor:
    return context.model.prior.sample(n, torch.Generator().manual_seed(seed)).double()


def test_the_score_is_log_ei_and_log_p(context_of: Callable[..., ProposalContext]) -> None:
    context = context_of(failed=True)
    x = torch.cat([drawn(context, 8), context.feasibility.z[-4:]])  # the last four had failed
    acquisition = EI(context.surrogate, context.best)
    p = context.feasibility(x)
    assert p.min() < 0.7 < p.max()  # otherwise this shows nothing
    expected = torch.stack([acquisition(row[None, None]).squeeze() for row in x]) + p.log()
    torch.testing.assert_close(score(acquisition, x, context), expected.detach())


@pytest.mark.parametrize("structure", [False, True])
def test_it_is_botorchs_constrained_acquisition(
    context_of: Callable[..., ProposalContext], structure: bool
) -> None:
    context = context_of(failed=True, structure=structure)
    x = context.model.inputs(context.model.codec.read(["CCC", "CS(=O)(=O)c1ccccc1", "CCOC", "c1ccsc1"]))
    best = 3.0  # low enough for Monte Carlo to meet improvements
    normal = SobolQMCNormalSampler(torch.Size([64]), seed=7)
    plain = qLogExpectedImprovement(context.surrogate, best, sampler=normal)
    p_feasible = context.feasibility.as_model(context.model.latent)
    constrained = qLogExpectedImprovement(
        ModelList(context.surrogate, p_feasible),
        best,
        sampler=ListSampler(normal, IndexSampler(torch.Size([64]), seed=0)),
        objective=GenericMCObjective(lambda S, X: S[..., 0]),
        constraints=[lambda S: -torch.logit(S[..., 1].clamp(1e-6, 1 - 1e-6))],
        fat=[False],
        eta=1.0,
    )
    with torch.no_grad():
        expected = constrained(x[:, None])
    torch.testing.assert_close(score(plain, x, context), expected, rtol=0, atol=1e-12)
    # And what it tends to is the closed form.
    exact = score(LogExpectedImprovement(context.surrogate, best), x, context)
    torch.testing.assert_close(expected, exact, rtol=0, atol=0.1)


def test_other_acquisitions_are_charged_in_their_own_unit(
    context_of: Callable[..., ProposalContext],
) -> None:
    context = context_of(failed=True)
    x = drawn(context, 12)
    ucb = make_acquisition("ucb")(context.surrogate, context.best)
    charge = score(ucb, x, context) - ucb(x[:, None])
    torch.testing.assert_close(charge.detach(), context.spread * context.feasibility(x).log())


def test_without_failures_nothing_is_charged(context: ProposalContext) -> None:
    x = drawn(context, 5)
    acquisition = EI(context.surrogate, context.best)
    torch.testing.assert_close(score(acquisition, x, context), acquisition(x[:, None]).detach())


def test_scoring_in_parts_changes_nothing(
    context_of: Callable[..., ProposalContext], monkeypatch: pytest.MonkeyPatch
) -> None:
    context = context_of(failed=True)
    x = drawn(context, 20)
    whole = score(EI(context.surrogate, context.best), x, context)
    monkeypatch.setattr(picking, "CHUNK", 3)
    torch.testing.assert_close(score(EI(context.surrogate, context.best), x, context), whole)
    assert score(EI(context.surrogate, context.best), x[:0], context).shape == (0,)


def test_believing_the_mean_takes_the_uncertainty_away(context: ProposalContext) -> None:
    x, others = drawn(context, 1), drawn(context, 6, seed=1)
    model = context.surrogate
    after = model.with_fantasies(x)
    with torch.no_grad():
        old, new = model.posterior(x), after.posterior(x)
        torch.testing.assert_close(new.mean, old.mean, atol=1e-6, rtol=1e-6)
        noise = model.likelihood.noise * model.outcome_transform.stdvs**2
        # Of two independent witnesses precisions add.
        expected = 1 / (1 / old.variance + 1 / noise)
        torch.testing.assert_close(new.variance, expected, rtol=1e-3, atol=1e-9)
        torch.testing.assert_close(
            after.posterior(others).mean, model.posterior(others).mean, atol=1e-6, rtol=1e-6
        )
        assert (after.posterior(others).variance <= model.posterior(others).variance + 1e-9).all()
    assert len(model.train_targets) == len(context.data)  # the model itself believes nothing


def test_believing_again_and_again_is_a_refit_with_all_of_it(context: ProposalContext) -> None:
    picks, others = drawn(context, 3), drawn(context, 6, seed=1)
    model = believed = context.surrogate
    with torch.no_grad():
        values = model.posterior(picks).mean
        for row in picks:
            believed = believed.with_fantasies(row[None])
        # An ordinary GP on all rows with the same kernel, noise and scale.
        mean, sd = model.outcome_transform.means, model.outcome_transform.stdvs
        y = (torch.cat([context.data.values, values]) - mean) / sd
        raw = torch.cat([context.model.inputs(context.model.codec.read(context.data.objects)), picks])
        full = SingleTaskGP(
            model.transform_inputs(raw),
            y,
            covar_module=model.covar_module,
            likelihood=model.likelihood,
            mean_module=model.mean_module,
            outcome_transform=None,
        ).eval()
        expected = full.posterior(model.transform_inputs(others))
        found = believed.posterior(others)
        torch.testing.assert_close(found.mean, mean + sd * expected.mean, rtol=1e-4, atol=1e-4)
        torch.testing.assert_close(found.variance, sd**2 * expected.variance, rtol=1e-3, atol=1e-6)


def pool_of(context: ProposalContext, x: Tensor, proposers: str) -> Pool:
    candidates = tuple(Candidate(Reading(f"o{i}"), name) for i, name in enumerate(proposers))
    return Pool(candidates, x, score(EI(context.surrogate, context.best), x, context))


def test_near_twins_are_not_both_among_the_first(context: ProposalContext) -> None:
    x = drawn(context, 12)
    best = pool_of(context, x, "a" * 12).scores.argmax()
    twins = torch.cat([x[best : best + 1], x[best : best + 1] + 1e-3, x])
    pool = pool_of(context, twins, "a" * 14)
    top = pool.scores.argsort(descending=True)[:3].tolist()
    assert {0, 1} <= set(top)  # by score alone they would be
    rows = pick(4, pool, context, EI, seed=0)
    alike = {0, 1, int(best) + 2}
    assert rows[0] in alike
    assert not alike & set(rows[1:])


def test_all_are_picked_where_there_are_no_more(context: ProposalContext) -> None:
    pool = pool_of(context, drawn(context, 5), "a" * 5)
    assert sorted(pick(99, pool, context, EI, seed=0)) == list(range(5))
    assert pick(3, pool.rows([]), context, EI, seed=0) == []


def test_no_more_picks_than_that_are_by_capped_proposers(context: ProposalContext) -> None:
    x = drawn(context, 12)
    ranks = pool_of(context, x, "a" * 12).scores.argsort(descending=True).argsort()
    best_are_edits = "".join("e" if rank < 6 else "a" for rank in ranks.tolist())
    pool = pool_of(context, x, best_are_edits)

    def by_edits(most: int, n: int = 6) -> list[bool]:
        return [best_are_edits[row] == "e" for row in pick(n, pool, context, EI, 0, {"e"}, most)]

    assert by_edits(0) == [False] * 6
    assert sum(by_edits(2)) == 2
    assert by_edits(2)[0]  # the best one is among them
    assert sum(by_edits(2, n=10)) == 4  # there are six others
    assert pick(6, pool, context, EI, 0, {"x"}, 0) == pick(6, pool, context, EI, 0)


def test_half_of_the_shortlist_is_kept_for_those_that_are_not_capped(context: ProposalContext) -> None:
    x = drawn(context, 12)
    order = pool_of(context, x, "a" * 12).scores.argsort(descending=True).tolist()
    names = ["a"] * 12
    for row in order[:8]:
        names[row] = "e"
    pool = pool_of(context, x, "".join(names))
    listed = pool.shortlist(6, {"e"})
    assert listed.objects == tuple(f"o{row}" for row in [*order[:3], *order[8:11]])
    assert pool.shortlist(10, {"e"}).objects == tuple(f"o{row}" for row in [*order[:6], *order[8:]])
    assert pool.shortlist(6, ()).objects == pool.best(6).objects
    assert pool.shortlist(99, {"e"}).objects == pool.best(12).objects
    none_capped_are_worse = pool_of(context, x, "".join("a" if name == "e" else "e" for name in names))
    assert none_capped_are_worse.shortlist(6, {"e"}).objects == pool.best(6).objects


def test_the_first_pick_is_the_best_score(context: ProposalContext) -> None:
    pool = pool_of(context, drawn(context, 12), "a" * 12)
    assert pick(1, pool, context, EI, seed=0) == [int(pool.scores.argmax())]


def test_an_acquisition_that_draws_is_made_anew_for_each_pick_by_the_seed(context: ProposalContext) -> None:
    pool = pool_of(context, drawn(context, 12), "a" * 12)
    made: list[AcquisitionFunction] = []

    def thompson(model: SingleTaskGP, best: float) -> AcquisitionFunction:
        made.append(make_acquisition("ts")(model, best))
        return made[-1]

    first, again, other = (pick(5, pool, context, thompson, seed) for seed in (1, 1, 2))
    assert first == again
    assert first != other
    assert len(made) == 3 * 4  # the first pick follows the scores of the pool
    assert len({id(each.model) for each in made}) == 12


def test_seeds_for_code_that_takes_a_number() -> None:
    seeds = {sample_seed(0, "raw", turn) for turn in range(50)}
    assert len(seeds) == 50
    assert all(0 <= seed < 2**31 for seed in seeds)
