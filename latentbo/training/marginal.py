"""The GP that shapes the encoder: an exact one with a single lengthscale, as pure functions with gradients.

    symbol   meaning                                                     shape
    u, v     latent points in units of the prior's box (`latent_box`)    n x d, m x d
    y        standardised values, larger is better                       n x 1
    t        log l, log a, log s2, m: lengthscale, amplitude, noise      4
             variance and constant mean
    K        a exp(-|u_i - u_j|^2 / 2 l^2) + s2 I                        n x n

One lengthscale and not one an axis, because the encoder can stretch its axes itself, and because d = 64 of them fitted
to a few hundred points overfit: on 300 molecules, held-out negative log densities were lower by 0.04 to 0.17 with one.
"""

from __future__ import annotations

import math

import torch
from jaxtyping import Float
from torch import Tensor

from latentbo.errors import FitError
from latentbo.types import Latents, Values

Hyperparameters = Float[Tensor, "4"]
LEAST_NOISE = 1e-4


def gram(u: Latents, v: Float[Tensor, "m d"], t: Hyperparameters) -> Float[Tensor, "n m"]:
    """K without its noise."""
    squares = u.square().sum(1)[:, None] + v.square().sum(1) - 2.0 * u @ v.T
    return torch.exp(t[1] - 0.5 * squares.clamp(min=0.0) * torch.exp(-2.0 * t[0]))


def negative_log_marginal(u: Latents, y: Values, t: Hyperparameters) -> Float[Tensor, ""]:
    """N = - 1/n log N(y; m 1, K), in nats per point. Raises torch's error where K is not positive definite."""
    factor = _factor(u, t)
    white = torch.linalg.solve_triangular(factor, y - t[3], upper=False)
    log_volume = factor.diagonal().log().mean()
    loss: Float[Tensor, ""] = 0.5 * white.square().mean() + log_volume + 0.5 * math.log(2.0 * math.pi)
    return loss


def fit_hyperparameters(u: Latents, y: Values) -> Hyperparameters:
    """The most probable t by L-BFGS; `FitError` where there is none.

    Priors: l as in `models.kernels` (Hvarfner et al. 2024, arXiv:2402.02229), s2 as in BoTorch, log a ~ N(0, 1).
    """
    n, d = u.shape
    centre = torch.tensor([2.0**0.5 + 0.5 * math.log(d), 0.0, -4.0], dtype=torch.float64)
    width = torch.tensor([3.0**0.5, 1.0, 1.0], dtype=torch.float64)
    # The prior's mode for l and a noise in the middle: from a short l or no noise the search can get stuck.
    start = torch.tensor([centre[0] - 3.0, 0.0, -2.0, 0.0], dtype=torch.float64)
    t = start.requires_grad_()
    optimiser = torch.optim.LBFGS([t], max_iter=40, line_search_fn="strong_wolfe")

    def closure() -> Tensor:
        optimiser.zero_grad()
        # Log-normal priors on l, a and s2 are normal ones on their logarithms, up to the Jacobian.
        loss = negative_log_marginal(u, y, t) + 0.5 * ((t[:3] - centre) / width).square().sum() / n
        loss.backward()
        return loss

    u, y = u.detach().double(), y.detach().double()
    try:
        optimiser.step(closure)
    except torch.linalg.LinAlgError as error:  # type: ignore[attr-defined]
        raise FitError(f"the head cannot be fitted to the encoder's latent points: {error}") from error
    if not torch.isfinite(t).all() or not torch.isfinite(closure()):
        raise FitError("the head's hyperparameters are not finite: are the encoder's latent points?")
    return t.detach()


def predict(
    u: Latents, y: Values, t: Hyperparameters, v: Float[Tensor, "m d"]
) -> tuple[Float[Tensor, " m"], Float[Tensor, " m"]]:
    """Mean and standard deviation of a measurement at each v, noise included, given y at u."""
    factor = _factor(u, t)
    cross = torch.linalg.solve_triangular(factor, gram(u, v, t), upper=False)
    white = torch.linalg.solve_triangular(factor, y - t[3], upper=False)
    variance = t[1].exp() - cross.square().sum(0) + t[2].exp() + LEAST_NOISE
    return (t[3] + cross.T @ white).squeeze(-1), variance.clamp(min=LEAST_NOISE).sqrt()


def _factor(u: Latents, t: Hyperparameters) -> Float[Tensor, "n n"]:
    noise = (t[2].exp() + LEAST_NOISE) * torch.eye(len(u), dtype=u.dtype)
    factor: Float[Tensor, "n n"] = torch.linalg.cholesky(gram(u, u, t) + noise)
    return factor
