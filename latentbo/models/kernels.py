"""The covariance of the surrogate: a latent term and terms of what is known of the decoded object itself.

symbol           meaning                                                  shape
z                latent coordinates, scaled to the spread of a unit cube  n x d
u                descriptors (logP, ring count ...), of unit spread       n x q
c                structure counts (Morgan environments)                   n x p
k_z, k_u, k_c    ARD RBF on z; ARD RBF on u; MinMax on c                  n x n
a_z, a_u, a_c    their amplitudes; k = a_z k_z + a_u k_u + a_c k_c
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from botorch.models.utils.gpytorch_modules import get_covar_module_with_dim_scaled_prior
from gpytorch.kernels import AdditiveKernel, Kernel, RBFKernel, ScaleKernel
from gpytorch.priors import LogNormalPrior
from torch import Tensor

NO_BATCH = torch.Size()


class MinMaxKernel(Kernel):
    """k(x, y) = sum_i min(x_i, y_i) / sum_i max(x_i, y_i) on non-negative counts (Ralaivola et al. 2005,
    section 5).

    Count-Tanimoto for molecules; whole numbers only. It has no parameter and no gradient in x. sum min is a
    dot product of the unary codes (x >= 1, x >= 2, ...), which turns the n x m x p comparison into a few
    matrix products over ever fewer columns.
    """

    is_stationary = False
    has_lengthscale = False
    _last: tuple[Tensor, Tensor, Tensor] | None = None
    """Arguments and answer of the last call: fitting asks the same at each step."""

    def forward(self, x1: Tensor, x2: Tensor, diag: bool = False, last_dim_is_batch: bool = False) -> Tensor:
        if last_dim_is_batch:
            raise NotImplementedError("MinMaxKernel compares whole count vectors, not one column at a time")
        # Counts jump: without this, autograd would differentiate the denominator but not the comparisons.
        x1, x2 = x1.detach(), x2.detach()
        if diag:
            low = torch.minimum(x1, x2).sum(-1)
            return _ratio(low, torch.maximum(x1, x2).sum(-1))
        if self._last is None or not (_same(self._last[0], x1) and _same(self._last[1], x2)):
            low = _sum_of_minima(x1, x2)
            ratio = _ratio(low, x1.sum(-1)[..., :, None] + x2.sum(-1)[..., None, :] - low)
            self._last = (x1, x2, ratio)
        return self._last[2]


def _same(a: Tensor, b: Tensor) -> bool:
    return a.dtype == b.dtype and a.device == b.device and torch.equal(a, b)


def _ratio(low: Tensor, high: Tensor) -> Tensor:
    # Two empty count vectors are the same object.
    return torch.where(high > 0, low / high.clamp(min=1.0), torch.ones_like(low))


def _sum_of_minima(x1: Tensor, x2: Tensor) -> Tensor:
    """sum_i min(x1_i, x2_i) for integer counts; batch x n x m."""
    common = (x1 > 0).flatten(0, -2).any(0) & (x2 > 0).flatten(0, -2).any(0)
    x1, x2 = x1[..., common], x2[..., common]
    total = torch.zeros(
        *torch.broadcast_shapes(x1.shape[:-2], x2.shape[:-2]),
        x1.shape[-2],
        x2.shape[-2],
        dtype=x1.dtype,
        device=x1.device,
    )
    level = 1
    while x1.shape[-1]:
        # float32 holds these small integers exactly and multiplies twice as fast as float64.
        total += ((x1 >= level).float() @ (x2 >= level).float().transpose(-1, -2)).to(total.dtype)
        level += 1
        left = (x1 >= level).flatten(0, -2).any(0) & (x2 >= level).flatten(0, -2).any(0)
        x1, x2 = x1[..., left], x2[..., left]
    return total


def latent_kernel(latent: int, batch_shape: torch.Size = NO_BATCH) -> Kernel:
    """RBF-ARD over the first `latent` inputs, lengthscale prior scaled with dimension (Hvarfner et al. 2024,
    arXiv:2402.02229).
    """
    return get_covar_module_with_dim_scaled_prior(
        ard_num_dims=latent, batch_shape=batch_shape, active_dims=list(range(latent))
    )


def descriptor_kernel(latent: int, descriptors: int, batch_shape: torch.Size = NO_BATCH) -> Kernel:
    """RBF-ARD over the `descriptors` inputs after the `latent` ones, which have unit spread among all objects.

    Prior median 3 for the lengthscales: smooth over everything there is, until the data say otherwise.
    """
    kernel = RBFKernel(
        ard_num_dims=descriptors,
        batch_shape=batch_shape,
        active_dims=list(range(latent, latent + descriptors)),
        lengthscale_prior=LogNormalPrior(math.log(3.0), 1.0),
    )
    kernel.lengthscale = torch.full((*batch_shape, 1, descriptors), 3.0)
    return kernel


class ObjectKernel(AdditiveKernel):
    """a_z k_z + a_u k_u + a_c k_c: a class of its own, for which `pathwise` registers feature maps with BoTorch."""


def combined_kernel(
    latent: int, structure: int, batch_shape: torch.Size = NO_BATCH, *, descriptors: int = 0
) -> ObjectKernel:
    """The sum over inputs (z, u, c), amplitudes under log-normal priors; no k_u without descriptors, no k_c without
    structure.

    With standardised values the total variance is near 1. What is known of the object itself starts at most of it,
    so that it carries the model while there are few points; the data can give the latent term the lead.
    """
    terms = [_scaled(latent_kernel(latent, batch_shape), median=0.2, spread=1.0, batch_shape=batch_shape)]
    if descriptors:
        told = descriptor_kernel(latent, descriptors, batch_shape)
        terms.append(_scaled(told, median=0.5, spread=1.0, batch_shape=batch_shape))
    if structure:
        first = latent + descriptors
        counted = MinMaxKernel(batch_shape=batch_shape, active_dims=list(range(first, first + structure)))
        median = 0.5 if descriptors else 1.0
        terms.append(_scaled(counted, median=median, spread=0.75, batch_shape=batch_shape))
    return ObjectKernel(*terms)


def amplitudes(kernel: Kernel) -> Sequence[float]:
    """The learnt amplitudes of a `combined_kernel`, (a_z, a_u, a_c) where it has all; (1,) for a bare latent kernel."""
    if isinstance(kernel, AdditiveKernel):
        return tuple(float(term.outputscale.detach().mean()) for term in kernel.kernels)
    return (1.0,)


def _scaled(base: Kernel, *, median: float, spread: float, batch_shape: torch.Size) -> ScaleKernel:
    kernel = ScaleKernel(
        base, outputscale_prior=LogNormalPrior(math.log(median), spread), batch_shape=batch_shape
    )
    kernel.outputscale = torch.full(batch_shape, median)
    return kernel
