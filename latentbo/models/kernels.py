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
from itertools import islice
from typing import NamedTuple

import torch
from botorch.utils.constraints import LogTransformedInterval
from gpytorch.kernels import AdditiveKernel, Kernel, RBFKernel, ScaleKernel
from gpytorch.priors import LogNormalPrior
from jaxtyping import Float, Int
from torch import Tensor
from torch.nn import functional as F

NO_BATCH = torch.Size()
ALL = slice(None)
LENGTHSCALES = (0.025, 1e4)
AMPLITUDES = (1e-5, 1e3)


class MinMaxKernel(Kernel):
    """k(x, y) = sum_i min(x_i, y_i) / sum_i max(x_i, y_i) on non-negative counts (Ralaivola et al. 2005,
    section 5).

    Count-Tanimoto for molecules; whole numbers only. It has no parameter and no gradient in x. sum min is a
    dot product of unary codes, nearly all zeros, which turns the n x m x p comparison into a sum of a few rows.

    `columns` are those of x that hold the counts: a slice, because `active_dims` would copy them at each call.
    """

    is_stationary = False
    has_lengthscale = False
    _last: tuple[Tensor, Tensor, Tensor] | None = None
    """Arguments and answer of the last call: fitting asks the same at each step."""
    _coded: tuple[tuple[Tensor, _Unary], ...] = ()
    """The last two second arguments and their codes: a posterior compares its points with themselves and then with the
    training inputs, which are the same the next time.
    """

    def __init__(self, *, columns: slice = ALL, batch_shape: torch.Size = NO_BATCH) -> None:
        super().__init__(batch_shape=batch_shape)
        self.columns = columns

    def forward(self, x1: Tensor, x2: Tensor, diag: bool = False, last_dim_is_batch: bool = False) -> Tensor:
        if last_dim_is_batch:
            raise NotImplementedError("MinMaxKernel compares whole count vectors, not one column at a time")
        # Counts jump: without this, autograd would differentiate the denominator but not the comparisons.
        x1, x2 = (x.detach()[..., self.columns] for x in (x1, x2))
        if diag:
            low = torch.minimum(x1, x2).sum(-1)
            return _ratio(low, torch.maximum(x1, x2).sum(-1))
        if self._last is None or not (_same(self._last[0], x1) and _same(self._last[1], x2)):
            code = self._code(x2)
            low = code.minima(x1)
            ratio = _ratio(low, x1.sum(-1)[..., :, None] + code.total[..., None, :] - low)
            self._last = (x1, x2, ratio)
        return self._last[2]

    def _code(self, x: Tensor) -> _Unary:
        code = next((code for coded, code in self._coded if _same(coded, x)), None) or _Unary.of(x)
        others = (pair for pair in self._coded if pair[1] is not code)
        self._coded = ((x, code), *islice(others, 1))
        return code


class _Unary(NamedTuple):
    """Rows of counts as ones and zeros: is column i at least 1, at least 2, ... up to the most that any row has; and the
    total of each row.

    float32 holds whole numbers this small exactly and is twice as fast as float64.
    """

    column: Int[Tensor, " u"]
    level: Float[Tensor, " u"]
    ones: Float[Tensor, "*c u n"]
    total: Float[Tensor, "*c n"]

    @classmethod
    def of(cls, x: Float[Tensor, "*c n p"]) -> _Unary:
        most = x.flatten(0, -2).amax(0).long() if x.numel() else x.new_zeros(x.shape[-1], dtype=torch.long)
        column = torch.repeat_interleave(most)
        level = torch.arange(1, len(column) + 1, device=x.device) - (most.cumsum(0) - most)[column]
        ones = (x[..., column] >= level).transpose(-1, -2).float().contiguous()
        return cls(column, level.to(x), ones, x.sum(-1))

    def minima(self, x: Float[Tensor, "*b m p"]) -> Float[Tensor, "*bc m n"]:
        """sum_i min(x_i, y_i) of each row of x with each coded row y; batches are broadcast."""
        is_one = x[..., self.column] >= self.level
        if self.ones.dim() > 2 or not is_one.numel():
            return (is_one.float() @ self.ones).to(x)
        # A molecule has some 60 of 2,000 ones: adding up their rows of the code costs less than multiplying by all.
        is_one = is_one.flatten(0, -2)
        first = F.pad(is_one.sum(-1).cumsum(0)[:-1], (1, 0))
        low = F.embedding_bag(is_one.nonzero()[:, 1], self.ones, first, mode="sum")
        return low.reshape(*x.shape[:-1], -1).to(x)


def _same(a: Tensor, b: Tensor) -> bool:
    """Whether two tensors hold the same; quick where they are the same memory, as columns of training inputs are."""
    return a.dtype == b.dtype and a.device == b.device and (a.is_set_to(b) or torch.equal(a, b))


def _ratio(low: Tensor, high: Tensor) -> Tensor:
    # Two empty count vectors are the same object.
    return torch.where(high > 0, low / high.clamp(min=1.0), torch.ones_like(low))


def latent_kernel(latent: int, batch_shape: torch.Size = NO_BATCH) -> Kernel:
    """RBF-ARD over the first `latent` inputs, lengthscale prior scaled with dimension (Hvarfner et al. 2024,
    arXiv:2402.02229).
    """
    prior = LogNormalPrior(math.sqrt(2) + math.log(latent) / 2, math.sqrt(3))
    return rbf(range(latent), prior, float(prior.mode), batch_shape)


def descriptor_kernel(latent: int, descriptors: int, batch_shape: torch.Size = NO_BATCH) -> Kernel:
    """RBF-ARD over the `descriptors` inputs after the `latent` ones, which have unit spread among all objects.

    The lengthscale prior grows with distances in so many dimensions (median 3.5 sqrt(q): 15 for 18 descriptors) and is
    narrow, so that the term is a broad trend until many values say otherwise. Measured objects crowd in few places: with
    shorter scales the model would be sure of what lies between them, and wrong.
    """
    median = 3.5 * math.sqrt(descriptors)
    prior = LogNormalPrior(math.log(median), 0.7)
    return rbf(range(latent, latent + descriptors), prior, median, batch_shape)


def rbf(columns: range, prior: LogNormalPrior, start: float, batch_shape: torch.Size) -> Kernel:
    """RBF-ARD over some of the inputs, its lengthscales at `start`.

    Like all hyperparameters here they are fitted on a log scale: many axes do not matter, and on a linear scale L-BFGS
    takes twenty times as long to find out, or stops where it began.
    """
    kernel = RBFKernel(
        ard_num_dims=len(columns),
        batch_shape=batch_shape,
        active_dims=list(columns),
        lengthscale_prior=prior,
        lengthscale_constraint=LogTransformedInterval(*LENGTHSCALES),
    )
    kernel.lengthscale = torch.full((*batch_shape, 1, len(columns)), start)
    return kernel


class ObjectKernel(AdditiveKernel):
    """a_z k_z + a_u k_u + a_c k_c: a class of its own, for which `pathwise` registers feature maps with BoTorch."""


def combined_kernel(
    latent: int, structure: int, batch_shape: torch.Size = NO_BATCH, *, descriptors: int = 0
) -> ObjectKernel:
    """The sum over inputs (z, u, c), amplitudes under log-normal priors; no k_u without descriptors, no k_c without
    structure.

    With standardised values the total variance is near 1. The terms of the object itself start with most of it, so that
    they carry the model while there are few points. More data can give the latent term the lead.
    """
    terms = [_scaled(latent_kernel(latent, batch_shape), median=0.2, spread=1.0, batch_shape=batch_shape)]
    if descriptors:
        described = descriptor_kernel(latent, descriptors, batch_shape)
        terms.append(_scaled(described, median=0.5, spread=1.0, batch_shape=batch_shape))
    if structure:
        first = latent + descriptors
        counted = MinMaxKernel(batch_shape=batch_shape, columns=slice(first, first + structure))
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
        base,
        outputscale_prior=LogNormalPrior(math.log(median), spread),
        outputscale_constraint=LogTransformedInterval(*AMPLITUDES),
        batch_shape=batch_shape,
    )
    kernel.outputscale = torch.full(batch_shape, median)
    return kernel
