"""Several objectives and limits: their acquisition by independent means, the ranks of parents, joint picks."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import cache

import pytest
import torch
from torch import Tensor

from latentbo.acquisition.aims import SAMPLES, Aims, merits
from latentbo.acquisition.functions import first_jitter
from latentbo.acquisition.gradient import propose_gradient
from latentbo.acquisition.pool import Situation
from latentbo.acquisition.propose import PoolSettings, propose_pool
from latentbo.acquisition.proposers import LATENT_PROPOSERS
from latentbo.data.dataset import Measurements
from latentbo.errors import InputError
from latentbo.models.dkl_vae import DKLVAE
from latentbo.models.several import LatentGPs
from latentbo.rng import global_stream
from tests.acquisition.conftest import OBJECTS, carbons

NAN = float("nan")


def tensor(*rows: object) -> Tensor:
    return torch.tensor(rows, dtype=torch.float64)


def two(reference: tuple[float, float] = (NAN, NAN)) -> Aims:
    return Aims(
        torch.eye(2).double(), torch.zeros(0, 2).double(), torch.zeros(0).double(), tensor(*reference)
    )


def limited(bound: float) -> Aims:
    """The first outcome, where the second is at least the bound."""
    return Aims(tensor((1.0, 0.0)), tensor((0.0, 1.0)), tensor(bound), tensor(NAN))


Y = torch.stack([tensor(*map(carbons, OBJECTS)), -tensor(*map(len, OBJECTS))], dim=1)
"""More carbons are better, shorter SMILES are better: they pull in opposite directions."""


@pytest.fixture(scope="module")
def several(tiny_model: DKLVAE, situation: Situation) -> Callable[[Aims], Situation]:
    @cache
    def models() -> LatentGPs:
        columns = (Measurements(OBJECTS, Y[:, [place]]) for place in range(2))
        return LatentGPs(*(tiny_model.bare.surrogate(column).model for column in columns))

    def make(aims: Aims) -> Situation:
        return replace(situation, surrogate=models(), data=Measurements(OBJECTS, merits(Y, aims)))

    return make


def inputs(model: DKLVAE, objects: tuple[str, ...] = OBJECTS) -> Tensor:
    return model.bare.inputs(model.codec.read(objects))


def test_merits_are_the_value_itself_while_limits_are_kept() -> None:
    y = tensor((3.0, 5.0), (9.0, -2.0), (1.0, 0.0), (8.0, -1.0))
    found = merits(y, limited(0.0))[:, 0]
    assert found[[0, 2]].tolist() == [3.0, 1.0]
    assert found.argsort(descending=True).tolist() == [
        0,
        2,
        3,
        1,
    ]  # what misses a limit comes last, by how much
    assert merits(y, limited(9.0))[:, 0].argmax() == 0  # nothing is allowed: the nearest to it
    assert merits(y, replace(limited(0.0), limits=y[:0], bounds=y[0, :0]))[:, 0].tolist() == [
        3.0,
        9.0,
        1.0,
        8.0,
    ]
    assert merits(y[:0], limited(0.0)).shape == (0, 1)


def test_merits_of_two_objectives_count_the_fronts_before() -> None:
    y = tensor((3.0, 0.0), (0.0, 3.0), (2.0, -1.0), (2.0, -1.0), (1.0, -2.0))
    assert merits(y, two())[:, 0].tolist() == [0.0, 0.0, -1.0, -1.0, -2.0]


def area(points: Tensor, reference: Tensor) -> float:
    """What the points dominate above the reference, strip by strip from the highest first value."""
    total, height = 0.0, float(reference[1])
    for first, second in sorted(points.tolist(), reverse=True):
        total += max(first - float(reference[0]), 0.0) * max(second - height, 0.0)
        height = max(height, second)
    return total


@pytest.mark.parametrize("reference", [(NAN, NAN), (2.0, -9.0)], ids=["inferred", "named"])
def test_hypervolume_improvement_is_the_growth_of_the_area(
    several: Callable[[Aims], Situation], reference: tuple[float, float]
) -> None:
    aims = two(reference)
    situation = several(aims)
    x, at = inputs(situation.model), inputs(situation.model, ("CCOCC", "CC(C)C", "O"))
    with global_stream(0, "area"), torch.no_grad(), first_jitter():
        acquisition = aims.acquisition(x, Y)(situation.surrogate, 0.0)
        found = acquisition(at[:, None]).exp()
    if reference == (2.0, -9.0):
        assert acquisition.ref_point.tolist() == list(reference)
    else:
        front = Y[merits(Y, aims)[:, 0] == 0.0]
        expected = front.amin(0) - 0.1 * (front.amax(0) - front.amin(0))
        torch.testing.assert_close(acquisition.ref_point, expected)
    for place, candidate in enumerate(at):
        with global_stream(1, "area", place), torch.no_grad(), first_jitter():
            draws = situation.surrogate.posterior(torch.cat([x, candidate[None]])).rsample(torch.Size([600]))
        gains = [area(draw, acquisition.ref_point) - area(draw[:-1], acquisition.ref_point) for draw in draws]
        mean = sum(gains) / len(gains)
        spread = (sum((gain - mean) ** 2 for gain in gains) / len(gains)) ** 0.5
        error = spread * (1 / len(gains) + 1 / SAMPLES) ** 0.5
        assert abs(float(found[place]) - mean) < 4.0 * error + 0.05 * max(mean, 0.1)


def test_a_limit_counts_by_its_probability(several: Callable[[Aims], Situation]) -> None:
    loose, tight, none = limited(-100.0), limited(-4.0), limited(5.0)
    situation = several(loose)
    x, at = inputs(situation.model), inputs(situation.model, ("CC(=O)Nc1ccccc1", "CCCN"))
    scores = []
    for aims in (loose, tight, none):
        with global_stream(0, "limit"), torch.no_grad(), first_jitter():
            scores.append(aims.acquisition(x, Y)(situation.surrogate, 0.0)(at[:, None]))
    assert all(torch.isfinite(score).all() for score in scores)  # even where nothing measured keeps it
    assert scores[0][0] > scores[0][1]  # many carbons are wanted
    assert scores[1][0] < scores[1][1]  # unless the SMILES must be short


@pytest.mark.parametrize("objectives", [1, 2])
def test_while_nothing_keeps_a_limit_that_is_looked_for(
    several: Callable[[Aims], Situation], objectives: int
) -> None:
    bound = -2.9  # the shortest SMILES has three characters
    aims = replace(
        two() if objectives == 2 else limited(0.0), limits=tensor((0.0, 1.0)), bounds=tensor(bound)
    )
    situation = several(aims)
    x, at = inputs(situation.model), inputs(situation.model, ("CC(=O)Nc1ccccc1", "CC", "O", "CN"))
    with global_stream(0, "nothing"), torch.no_grad(), first_jitter():
        found = aims.acquisition(x, Y)(situation.surrogate, 0.0)(at[:, None]).exp()
        posterior = situation.surrogate.posterior(at)
    white = (posterior.mean[:, 1] - bound) / posterior.variance[:, 1].sqrt()
    expected = torch.special.ndtr(white)
    assert expected.max() > 0.05
    torch.testing.assert_close(found, expected, atol=0.005, rtol=0.1)


@pytest.mark.parametrize("aims", [two(), limited(-8.0)], ids=["two objectives", "limit"])
def test_a_batch_is_picked_jointly_and_again_the_same(
    several: Callable[[Aims], Situation], aims: Aims
) -> None:
    situation = several(aims)
    x = inputs(situation.model)
    shares = dict.fromkeys(LATENT_PROPOSERS, 1 / 3)
    effort = PoolSettings(rounds=2, size=12)

    def propose(n: int) -> list[str]:
        batch = propose_pool(n, situation, LATENT_PROPOSERS, shares, aims.acquisition(x, Y), effort, 5)
        return [proposal.object for proposal in batch.proposals]

    batch = propose(3)
    assert len({*batch, *OBJECTS}) == 3 + len(OBJECTS)
    assert propose(3) == batch
    assert propose(2) == batch[:2]


def test_a_belief_takes_the_improvement_out_of_a_place(several: Callable[[Aims], Situation]) -> None:
    aims = two()
    situation = several(aims)
    x, at = inputs(situation.model), inputs(situation.model, ("CCOCC", "CC(C)CCN"))
    make = aims.acquisition(x, Y)
    with global_stream(0, "belief"), torch.no_grad(), first_jitter():
        before = make(situation.surrogate, 0.0)(at[:, None])
        after = make(situation.believing(at[:1]).surrogate, 0.0)(at[:, None])
    assert after[0] < before[0] - 1.0
    assert after[0] - before[0] < after[1] - before[1]


def test_one_outcome_and_nothing_else_is_plain() -> None:
    one = Aims(tensor((1.0,)), torch.zeros(0, 1).double(), torch.zeros(0).double(), tensor(NAN))
    assert one.plain
    assert not replace(one, objectives=tensor((2.0,))).plain
    assert not two().plain
    assert not limited(0.0).plain


def test_aims_that_do_not_fit_together_are_refused() -> None:
    with pytest.raises(InputError, match="objectives k x m"):
        Aims(tensor((1.0, 0.0)), tensor((0.0,)), tensor(1.0), tensor(NAN))


def test_the_gradient_proposer_refuses_several_outcomes(several: Callable[[Aims], Situation]) -> None:
    aims = two()
    situation = several(aims)
    with pytest.raises(InputError, match="one outcome"):
        propose_gradient(1, situation, aims.acquisition(inputs(situation.model), Y), 0)
