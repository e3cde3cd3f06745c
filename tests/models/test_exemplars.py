"""The prior of exemplars: where its draws lie, and what it refuses."""

from __future__ import annotations

import pytest
import torch

from latentbo.errors import InputError
from latentbo.models.exemplars import ExemplarPrior
from latentbo.torch_rng import stream

SQUARE = torch.tensor([[0.0, 0.0], [1.0, 0.0], [10.0, 0.0], [11.0, 0.0]])


def test_draws_lie_between_nearest_neighbours() -> None:
    draws = ExemplarPrior(SQUARE, neighbours=1, between=0.25, noise=0.0).sample(400, stream(0, "test"))
    found = {round(float(x), 6) for x in draws[:, 0]}
    assert found == {0.25, 0.75, 10.25, 10.75}
    assert (draws[:, 1] == 0).all()


def test_noise_has_its_standard_deviation() -> None:
    draws = ExemplarPrior(SQUARE, neighbours=1, between=0.0, noise=0.2).sample(20_000, stream(0, "test"))
    assert float(draws[:, 1].std()) == pytest.approx(0.2, rel=0.03)


def test_moments_are_the_exemplars() -> None:
    z = torch.randn(500, 3, generator=stream(0, "test"))
    prior = ExemplarPrior(z)
    torch.testing.assert_close(prior.mean(), z.mean(0))
    torch.testing.assert_close(prior.covariance(), torch.cov(z.T))


def test_the_seed_decides() -> None:
    prior = ExemplarPrior(SQUARE)
    assert torch.equal(prior.sample(9, stream(1, "test")), prior.sample(9, stream(1, "test")))
    assert not torch.equal(prior.sample(9, stream(1, "test")), prior.sample(9, stream(2, "test")))


def test_refitting_takes_as_many_rows_of_the_new_points() -> None:
    z = torch.randn(50, 2, generator=stream(0, "test"))
    refitted = ExemplarPrior(SQUARE, noise=0.3).refitted(z, stream(0, "refit"))
    assert refitted.exemplars.shape == (4, 2)
    assert all((z == row).all(1).any() for row in refitted.exemplars)
    assert refitted.noise == 0.3
    assert len(ExemplarPrior(z).refitted(z[:3], stream(0, "refit")).exemplars) == 3


def test_fewer_exemplars_than_neighbours_are_all_neighbours() -> None:
    draws = ExemplarPrior(SQUARE[:2], neighbours=10, between=0.5, noise=0.0).sample(5, stream(0, "test"))
    assert (draws[:, 0] == 0.5).all()


@pytest.mark.parametrize(
    "wrong",
    [
        {"exemplars": SQUARE[:1]},
        {"exemplars": SQUARE * torch.inf},
        {"between": 1.5},
        {"noise": -0.1},
        {"neighbours": 0},
    ],
)
def test_what_makes_no_prior_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(InputError):
        ExemplarPrior(**{"exemplars": SQUARE, **wrong})  # type: ignore[arg-type]
