from __future__ import annotations

import math

import pytest
import torch
from gpytorch.kernels import RBFKernel, ScaleKernel
from torch import Tensor
from torch.distributions import MultivariateNormal

from latentbo.errors import FitError
from latentbo.training.marginal import (
    LEAST_NOISE,
    fit_hyperparameters,
    gram,
    negative_log_marginal,
    predict,
)

T = torch.tensor([math.log(0.8), math.log(1.7), math.log(0.3), 0.4], dtype=torch.float64)


def points(n: int, d: int = 3, seed: int = 0) -> Tensor:
    return torch.rand(n, d, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def smooth(u: Tensor) -> Tensor:
    return torch.sin(4.0 * u[:, :1]) + u[:, 1:2]


def covariance(u: Tensor, v: Tensor) -> Tensor:
    kernel = ScaleKernel(RBFKernel()).double()
    kernel.base_kernel.lengthscale, kernel.outputscale = 0.8, 1.7
    return kernel(u, v).to_dense().detach()


def test_the_gram_matrix_is_gpytorchs() -> None:
    u, v = points(5), points(4, seed=1)
    assert torch.allclose(gram(u, v, T), covariance(u, v))


@pytest.mark.parametrize("n", [1, 2, 9])
def test_the_likelihood_is_the_normal_density(n: int) -> None:
    u = points(n)
    y = smooth(u)
    noisy = covariance(u, u) + (0.3 + LEAST_NOISE) * torch.eye(n, dtype=u.dtype)
    density = MultivariateNormal(torch.full((n,), 0.4, dtype=u.dtype), noisy)
    assert float(negative_log_marginal(u, y, T)) == pytest.approx(float(-density.log_prob(y[:, 0]) / n))


def test_its_gradient_in_z_is_right() -> None:
    u = points(4).requires_grad_()
    y = smooth(u).detach()
    assert torch.autograd.gradcheck(lambda u: negative_log_marginal(u, y, T), (u,))


def test_predictions_are_the_conditional_normal() -> None:
    u, v = points(6), points(3, seed=1)
    y = smooth(u)
    noisy = covariance(u, u) + (0.3 + LEAST_NOISE) * torch.eye(6, dtype=u.dtype)
    gain = covariance(v, u) @ noisy.inverse()
    mean, sd = predict(u, y, T, v)
    assert torch.allclose(mean, 0.4 + (gain @ (y - 0.4))[:, 0])
    assert torch.allclose(sd.square(), (1.7 - (gain @ covariance(u, v)).diagonal()) + 0.3 + LEAST_NOISE)


def test_fitting_finds_a_likelier_head_that_predicts() -> None:
    u, v = points(40), points(20, seed=1)
    y = smooth(u)
    t = fit_hyperparameters(u, y)
    assert not t.requires_grad
    assert negative_log_marginal(u, y, t) < negative_log_marginal(u, y, T) - 1.0
    mean, sd = predict(u, y, t, v)
    errors = (mean - smooth(v)[:, 0]).abs()
    assert errors.square().mean().sqrt() < 0.06
    assert (errors < 4.0 * sd).all()


def test_noise_is_seen_as_noise() -> None:
    u = points(60)
    t = fit_hyperparameters(u, torch.randn(60, 1, generator=torch.Generator().manual_seed(0), dtype=u.dtype))
    _, sd = predict(u, smooth(u), t, points(5, seed=1))
    assert (sd > 0.7).all()


def test_points_that_coincide_can_be_fitted() -> None:
    u = torch.zeros(6, 3, dtype=torch.float64)
    t = fit_hyperparameters(u, torch.tensor([[-1.0], [1.0]], dtype=torch.float64).repeat(3, 1))
    assert torch.isfinite(t).all()


@pytest.mark.parametrize("bad", [torch.nan, torch.inf])
def test_latent_points_that_are_not_finite_are_refused(bad: float) -> None:
    u = points(6)
    u[2, 1] = bad
    with pytest.raises(FitError, match="latent points"):
        fit_hyperparameters(u, smooth(points(6)))
