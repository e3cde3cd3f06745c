"""Several objectives and outcome constraints: their acquisition by independent means, the ranks of parents, joint picks."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import cache

import pytest
import torch
from torch import Tensor

from latentbo.acquisition.context import ProposalContext
from latentbo.acquisition.functions import small_jitter
from latentbo.acquisition.gradient import propose_gradient
from latentbo.acquisition.objectives import SAMPLES, Objectives, rank_outcomes
from latentbo.acquisition.pool import PoolSettings, propose_pool
from latentbo.acquisition.proposers import LATENT_PROPOSERS
from latentbo.data.measurements import Measurements
from latentbo.errors import InputError
from latentbo.models.dkl_vae import DKLVAE
from latentbo.models.multi_output import MultiOutputLatentGP
from latentbo.torch_rng import global_stream
from tests.acquisition.conftest import OBJECTS, carbons

NAN = float("nan")


def tensor(*rows: object) -> Tensor:
    return torch.tensor(rows, dtype=torch.float64)


def two(reference: tuple[float, float] = (NAN, NAN)) -> Objectives:
    return Objectives(
        torch.eye(2).double(), torch.zeros(0, 2).double(), torch.zeros(0).double(), tensor(*reference)
    )


def limited(bound: float) -> Objectives:
    """The first outcome, where the second is at least the bound."""
    return Objectives(tensor((1.0, 0.0)), tensor((0.0, 1.0)), tensor(bound), tensor(NAN))


Y = torch.stack([tensor(*map(carbons, OBJECTS)), -tensor(*map(len, OBJECTS))], dim=1)
"""More carbons are better, shorter SMILES are better: they pull in opposite directions."""


@pytest.fixture(scope="module")
def several(tiny_model: DKLVAE, context: ProposalContext) -> Callable[[Objectives], ProposalContext]:
    @cache
    def models() -> MultiOutputLatentGP:
        columns = (Measurements(OBJECTS, Y[:, [place]]) for place in range(2))
        return MultiOutputLatentGP(*(tiny_model.latents_only.surrogate(column).model for column in columns))

    def make(objectives: Objectives) -> ProposalContext:
        return replace(context, surrogate=models(), data=Measurements(OBJECTS, rank_outcomes(Y, objectives)))

    return make


def inputs(model: DKLVAE, objects: tuple[str, ...] = OBJECTS) -> Tensor:
    return model.latents_only.inputs(model.codec.read(objects))


def test_the_rank_is_the_value_itself_while_constraints_are_kept() -> None:
    y = tensor((3.0, 5.0), (9.0, -2.0), (1.0, 0.0), (8.0, -1.0))
    found = rank_outcomes(y, limited(0.0))[:, 0]
    assert found[[0, 2]].tolist() == [3.0, 1.0]
    assert found.argsort(descending=True).tolist() == [
        0,
        2,
        3,
        1,
    ]  # what violates a constraint comes last, by how much
    assert rank_outcomes(y, limited(9.0))[:, 0].argmax() == 0  # nothing is allowed: the nearest to it
    assert rank_outcomes(y, replace(limited(0.0), constraints=y[:0], bounds=y[0, :0]))[:, 0].tolist() == [
        3.0,
        9.0,
        1.0,
        8.0,
    ]
    assert rank_outcomes(y[:0], limited(0.0)).shape == (0, 1)


def test_ranks_of_two_objectives_count_the_fronts_before() -> None:
    y = tensor((3.0, 0.0), (0.0, 3.0), (2.0, -1.0), (2.0, -1.0), (1.0, -2.0))
    assert rank_outcomes(y, two())[:, 0].tolist() == [0.0, 0.0, -1.0, -1.0, -2.0]


def area(points: Tensor, reference: Tensor) -> float:
    """What the points dominate above the reference, strip by strip from the highest first value."""
    total, height = 0.0, float(reference[1])
    for first, second in sorted(points.tolist(), reverse=True):
        total += max(first - float(reference[0]), 0.0) * max(second - height, 0.0)
        height = max(height, second)
    return total


@pytest.mark.parametrize("reference", [(NAN, NAN), (2.0, -9.0)], ids=["inferred", "named"])
def test_hypervolume_improvement_is_the_growth_of_the_area(
    several: Callable[[Objectives], ProposalContext], reference: tuple[float, float]
) -> None:
    objectives = two(reference)
    context = several(objectives)
    x, at = inputs(context.model), inputs(context.model, ("CCOCC", "CC(C)C", "O"))
    with global_stream(0, "area"), torch.no_grad(), small_jitter():
        acquisition = objectives.acquisition(x, Y)(context.surrogate, 0.0)
        found = acquisition(at[:, None]).exp()
    if reference == (2.0, -9.0):
        assert acquisition.ref_point.tolist() == list(reference)
    else:
        front = Y[rank_outcomes(Y, objectives)[:, 0] == 0.0]
        expected = front.amin(0) - 0.1 * (front.amax(0) - front.amin(0))
        torch.testing.assert_close(acquisition.ref_point, expected)
    for place, candidate in enumerate(at):
        with global_stream(1, "area", place), torch.no_grad(), small_jitter():
            draws = context.surrogate.posterior(torch.cat([x, candidate[None]])).rsample(torch.Size([600]))
        gains = [area(draw, acquisition.ref_point) - area(draw[:-1], acquisition.ref_point) for draw in draws]
        mean = sum(gains) / len(gains)
        spread = (sum((gain - mean) ** 2 for gain in gains) / len(gains)) ** 0.5
        error = spread * (1 / len(gains) + 1 / SAMPLES) ** 0.5
        assert abs(float(found[place]) - mean) < 4.0 * error + 0.05 * max(mean, 0.1)


def test_a_limit_counts_by_its_probability(several: Callable[[Objectives], ProposalContext]) -> None:
    loose, tight, none = limited(-100.0), limited(-4.0), limited(5.0)
    context = several(loose)
    x, at = inputs(context.model), inputs(context.model, ("CC(=O)Nc1ccccc1", "CCCN"))
    scores = []
    for objectives in (loose, tight, none):
        with global_stream(0, "limit"), torch.no_grad(), small_jitter():
            scores.append(objectives.acquisition(x, Y)(context.surrogate, 0.0)(at[:, None]))
    assert all(torch.isfinite(score).all() for score in scores)  # even where nothing measured keeps it
    assert scores[0][0] > scores[0][1]  # many carbons are wanted
    assert scores[1][0] < scores[1][1]  # unless the SMILES must be short


@pytest.mark.parametrize("objectives", [1, 2])
def test_while_nothing_keeps_a_limit_that_is_looked_for(
    several: Callable[[Objectives], ProposalContext], objectives: int
) -> None:
    bound = -2.9  # the shortest SMILES has three characters
    objectives = replace(
        two() if objectives == 2 else limited(0.0), constraints=tensor((0.0, 1.0)), bounds=tensor(bound)
    )
    context = several(objectives)
    x, at = inputs(context.model), inputs(context.model, ("CC(=O)Nc1ccccc1", "CC", "O", "CN"))
    with global_stream(0, "nothing"), torch.no_grad(), small_jitter():
        found = objectives.acquisition(x, Y)(context.surrogate, 0.0)(at[:, None]).exp()
        posterior = context.surrogate.posterior(at)
    white = (posterior.mean[:, 1] - bound) / posterior.variance[:, 1].sqrt()
    expected = torch.special.ndtr(white)
    assert expected.max() > 0.05
    torch.testing.assert_close(found, expected, atol=0.005, rtol=0.1)


@pytest.mark.parametrize("objectives", [two(), limited(-8.0)], ids=["two objectives", "limit"])
def test_a_batch_is_picked_jointly_and_again_the_same(
    several: Callable[[Objectives], ProposalContext], objectives: Objectives
) -> None:
    context = several(objectives)
    x = inputs(context.model)
    shares = dict.fromkeys(LATENT_PROPOSERS, 1 / 3)
    effort = PoolSettings(rounds=2, size=12)

    def propose(n: int) -> list[str]:
        batch = propose_pool(n, context, LATENT_PROPOSERS, shares, objectives.acquisition(x, Y), effort, 5)
        return [proposal.object for proposal in batch.proposals]

    batch = propose(3)
    assert len({*batch, *OBJECTS}) == 3 + len(OBJECTS)
    assert propose(3) == batch
    assert propose(2) == batch[:2]


def test_a_belief_takes_the_improvement_out_of_a_place(
    several: Callable[[Objectives], ProposalContext],
) -> None:
    objectives = two()
    context = several(objectives)
    x, at = inputs(context.model), inputs(context.model, ("CCOCC", "CC(C)CCN"))
    make = objectives.acquisition(x, Y)
    with global_stream(0, "belief"), torch.no_grad(), small_jitter():
        before = make(context.surrogate, 0.0)(at[:, None])
        after = make(context.with_fantasies(at[:1]).surrogate, 0.0)(at[:, None])
    assert after[0] < before[0] - 1.0
    assert after[0] - before[0] < after[1] - before[1]


def test_one_outcome_and_nothing_else_is_single() -> None:
    one = Objectives(tensor((1.0,)), torch.zeros(0, 1).double(), torch.zeros(0).double(), tensor(NAN))
    assert one.single
    assert not replace(one, weights=tensor((2.0,))).single
    assert not two().single
    assert not limited(0.0).single


def test_objectives_that_do_not_fit_together_are_refused() -> None:
    with pytest.raises(InputError, match="weights k x m"):
        Objectives(tensor((1.0, 0.0)), tensor((0.0,)), tensor(1.0), tensor(NAN))


def test_the_gradient_proposer_refuses_several_outcomes(
    several: Callable[[Objectives], ProposalContext],
) -> None:
    objectives = two()
    context = several(objectives)
    with pytest.raises(InputError, match="one outcome"):
        propose_gradient(1, context, objectives.acquisition(inputs(context.model), Y), 0)
