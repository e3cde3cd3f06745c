"""Draws lie between an exemplar and one of its nearest, and stray as far as asked."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from latentbo.errors import InputError
from latentbo.models.exemplars import ExemplarPrior
from latentbo.models.priors import Prior


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def points(n: int = 40, d: int = 3) -> Tensor:
    return torch.randn(n, d, generator=seeded(9), dtype=torch.float64) * torch.tensor([1.0, 2.0, 3.0])[:d]


def neighbours(z: Tensor, k: int) -> list[set[int]]:
    """The k nearest other rows of each row, by sorting all distances."""
    found = []
    for i, point in enumerate(z):
        distances = [(float((point - other).norm()), j) for j, other in enumerate(z) if j != i]
        found.append({j for _, j in sorted(distances)[:k]})
    return found


def test_it_keeps_the_protocol() -> None:
    assert isinstance(ExemplarPrior(points()), Prior)


@pytest.mark.parametrize("between", [0.0, 0.25, 1.0])
@pytest.mark.parametrize("k", [1, 4])
def test_draws_lie_on_the_way_to_a_near_exemplar(between: float, k: int) -> None:
    z = points()
    near = neighbours(z, k)
    ways = {(i, j): z[i] + between * (z[j] - z[i]) for i in range(len(z)) for j in near[i]}
    allowed = torch.stack(list(ways.values()))
    drawn = ExemplarPrior(z, k, between, 0.0).sample(300, seeded())
    assert drawn.dtype == z.dtype
    distances = torch.cdist(drawn, allowed, compute_mode="donot_use_mm_for_euclid_dist")
    assert float(distances.min(1).values.max()) < 1e-9
    assert len(distances.argmin(1).unique()) > 25, "draws come from a few exemplars only"


def test_noise_is_added_in_latent_units() -> None:
    z = points()
    plain, noisy = (ExemplarPrior(z, 3, 0.5, noise) for noise in (0.0, 0.2))
    strayed = noisy.sample(20_000, seeded()) - plain.sample(20_000, seeded())
    torch.testing.assert_close(strayed.std(0), torch.full((3,), 0.2).double(), rtol=0.03, atol=0.0)


def test_moments_are_those_of_the_exemplars() -> None:
    z = points()
    prior = ExemplarPrior(z)
    torch.testing.assert_close(prior.mean(), z.mean(0))
    torch.testing.assert_close(prior.covariance(), torch.cov(z.T))
    assert ExemplarPrior(points(d=1)).covariance().shape == (1, 1)


@pytest.mark.parametrize("n", [0, 1, 7])
def test_any_number_of_draws_by_their_seed(n: int) -> None:
    prior = ExemplarPrior(points())
    assert prior.sample(n, seeded()).shape == (n, 3)
    assert torch.equal(prior.sample(n, seeded(1)), prior.sample(n, seeded(1)))


def test_refitting_takes_as_many_rows_of_the_new_points() -> None:
    prior, z = ExemplarPrior(points(20), 2, 0.3, 0.1), points(100) + 50.0
    found = prior.refitted(z, seeded())
    assert (found.neighbours, found.between, found.noise) == (2, 0.3, 0.1)
    assert found.exemplars.shape == (20, 3)
    assert all((z == row).all(1).any() for row in found.exemplars)
    assert len(found.exemplars.unique(dim=0)) == 20
    assert prior.refitted(z[:5], seeded()).exemplars.shape == (5, 3)
    assert float(found.sample(50, seeded()).min()) > 30.0, "neighbours of the old exemplars are still used"


def test_exemplars_that_coincide_are_no_trouble() -> None:
    assert torch.isfinite(ExemplarPrior(torch.ones(12, 3)).sample(5, seeded())).all()


def test_what_cannot_be_a_prior_is_refused() -> None:
    with pytest.raises(InputError, match="more exemplars than 4"):
        ExemplarPrior(points(4), 4)
    with pytest.raises(InputError, match="finite"):
        ExemplarPrior(torch.full((20, 2), torch.nan))
    for arguments in ((0, 0.5, 0.1), (3, 1.5, 0.1), (3, -0.1, 0.1), (3, 0.5, -0.1)):
        with pytest.raises(InputError, match="between lies within 0 and 1"):
            ExemplarPrior(points(), *arguments)
