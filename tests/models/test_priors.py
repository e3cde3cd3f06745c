"""The mixture against torch.distributions, its own samples, and data from a known mixture."""

from __future__ import annotations

from itertools import pairwise

import pytest
import torch
from torch import Tensor
from torch.distributions import Categorical, MixtureSameFamily, MultivariateNormal

from latentbo.errors import InputError
from latentbo.models.priors import GaussianMixture, fit_mixture


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def mixture(k: int, d: int, dtype: torch.dtype = torch.float64) -> GaussianMixture:
    generator = seeded(k * 10 + d)
    weights = torch.rand(k, generator=generator, dtype=dtype) + 0.2
    roots = torch.randn(k, d, d, generator=generator, dtype=dtype) * 0.5
    covariances = roots @ roots.mT + 0.2 * torch.eye(d, dtype=dtype)
    means = 3.0 * torch.randn(k, d, generator=generator, dtype=dtype)
    return GaussianMixture(weights / weights.sum(), means, torch.linalg.cholesky(covariances))


def torchs(prior: GaussianMixture) -> MixtureSameFamily:
    parts = MultivariateNormal(prior.means, scale_tril=prior.factors)
    return MixtureSameFamily(Categorical(prior.weights), parts)


def log_density(prior: GaussianMixture, z: Tensor) -> Tensor:
    """By the terms that fitting weighs."""
    return torch.logsumexp(prior._joint(z), dim=1)


@pytest.mark.parametrize(("k", "d"), [(1, 1), (1, 4), (3, 1), (5, 4)])
@pytest.mark.parametrize("n", [0, 1, 6])
def test_log_density_is_that_of_torch_distributions(k: int, d: int, n: int) -> None:
    prior, z = mixture(k, d), 3.0 * torch.randn(n, d, generator=seeded(), dtype=torch.float64)
    found = log_density(prior, z)
    assert found.shape == (n,)
    if n:
        torch.testing.assert_close(found, torchs(prior).log_prob(z))


def test_samples_have_the_mixture_s_moments() -> None:
    prior = mixture(3, 2)
    z = prior.sample(60_000, seeded())
    assert z.dtype == torch.float64
    torch.testing.assert_close(prior.mean(), z.mean(0), atol=0.05, rtol=0.02)
    torch.testing.assert_close(prior.covariance(), torch.cov(z.T), atol=0.1, rtol=0.03)
    torch.testing.assert_close(prior.mean(), torchs(prior).mean)
    torch.testing.assert_close(prior.covariance().diagonal(), torchs(prior).variance)


def test_samples_are_spread_over_the_components_by_weight() -> None:
    means = torch.tensor([[-100.0], [0.0], [100.0]])
    prior = GaussianMixture(torch.tensor([0.2, 0.0, 0.8]), means, torch.ones(3, 1, 1))
    z = prior.sample(5_000, seeded())[:, 0]
    assert float((z > 50).float().mean()) == pytest.approx(0.8, abs=0.02)
    assert not ((z > -50) & (z < 50)).any()


@pytest.mark.parametrize("n", [0, 1, 7])
def test_any_number_of_samples(n: int) -> None:
    prior = mixture(2, 3)
    assert prior.sample(n, seeded()).shape == (n, 3)
    assert torch.equal(prior.sample(n, seeded(1)), prior.sample(n, seeded(1)))


def test_fitting_recovers_a_known_mixture() -> None:
    truth = GaussianMixture(
        torch.tensor([0.3, 0.7]),
        torch.tensor([[-3.0, 0.0], [3.0, 1.0]]),
        torch.tensor([[[1.0, 0.0], [0.8, 0.5]], [[0.5, 0.0], [0.0, 1.5]]]),
    )
    z = truth.sample(8_000, seeded(1))
    found = fit_mixture(z, 2, seeded(2))
    order = found.means[:, 0].argsort()
    torch.testing.assert_close(found.weights[order], truth.weights, atol=0.02, rtol=0.0)
    torch.testing.assert_close(found.means[order], truth.means, atol=0.08, rtol=0.0)
    covariances = found.factors @ found.factors.mT
    torch.testing.assert_close(covariances[order], truth.factors @ truth.factors.mT, atol=0.1, rtol=0.05)
    fresh = truth.sample(4_000, seeded(3))
    assert float(log_density(found, fresh).mean()) == pytest.approx(
        float(torchs(truth).log_prob(fresh).mean()), abs=0.02
    )


def test_more_rounds_never_fit_worse() -> None:
    """Expectation-maximisation climbs; a wrong M-step does not."""
    z = mixture(4, 3).sample(3_000, seeded())
    scores = [
        float(log_density(fit_mixture(z, 4, seeded(5), iterations=i), z.float()).mean())
        for i in (1, 3, 10, 40)
    ]
    assert all(later > earlier - 1e-3 for earlier, later in pairwise(scores))
    assert scores[-1] > scores[0] + 0.05


def test_one_component_is_mean_and_covariance() -> None:
    z = torch.randn(500, 3, generator=seeded(), dtype=torch.float64) * torch.tensor([1.0, 2.0, 3.0]) + 1.0
    found = fit_mixture(z, 1, seeded())
    torch.testing.assert_close(found.means[0].double(), z.mean(0), atol=1e-5, rtol=0.0)
    torch.testing.assert_close(found.covariance().double(), torch.cov(z.T), atol=0.05, rtol=0.01)
    assert found.weights.dtype == found.means.dtype == found.factors.dtype == torch.float32


@pytest.mark.parametrize(
    "z",
    [
        torch.ones(6, 3),  # points that coincide
        torch.randn(5, 8, generator=seeded()),  # fewer points than dimensions
        torch.cat([torch.zeros(50, 2), torch.ones(1, 2)]),
        1e4 + torch.randn(40, 2, generator=seeded()),
    ],
)
def test_a_prior_of_poor_data_is_still_proper(z: Tensor) -> None:
    found = fit_mixture(z, 2, seeded())
    assert torch.isfinite(log_density(found, z.float())).all()
    assert torch.isfinite(found.sample(4, seeded())).all()
    assert float(found.weights.sum()) == pytest.approx(1.0)


def test_what_cannot_be_fitted_is_refused() -> None:
    with pytest.raises(InputError, match="3 components need at least 6 points, but there are 5"):
        fit_mixture(torch.randn(5, 2), 3, seeded())
    with pytest.raises(InputError, match="0 components"):
        fit_mixture(torch.randn(5, 2), 0, seeded())
    with pytest.raises(InputError, match="finite"):
        fit_mixture(torch.tensor([[0.0], [float("nan")], [1.0]]), 1, seeded())


@pytest.mark.usefixtures("unchecked")
def test_parts_that_do_not_fit_together_are_refused() -> None:
    with pytest.raises(InputError, match="factors k x d x d"):
        GaussianMixture(torch.ones(2), torch.zeros(2, 3), torch.eye(3)[None])
    with pytest.raises(InputError, match="weights k"):
        GaussianMixture(torch.ones(1), torch.zeros(2, 3), torch.eye(3).expand(2, 3, 3))
