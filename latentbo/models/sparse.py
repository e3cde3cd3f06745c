"""Several properties of many objects on one latent space: variational GPs that share their inducing points.

symbol   meaning                                                          shape
z        latent points, in units of the prior's box (`latent_box`)        n x d
y        values, one column a property, standardised inside               n x p
u        inducing points, shared by the properties and learnt             m x d
l        ARD lengthscales: short along the axes that a property needs     p x d

Sparse GPs: Titsias 2009, Hensman et al. 2015. Fitted to what they predict of single objects (Jankowiak et al. 2020,
arXiv:1910.07123) rather than to the bound of the likelihood, whose noise takes the blame for what u cannot follow.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from itertools import count, islice
from typing import Any

import torch
from botorch.exceptions.warnings import UserInputWarning
from botorch.models import SingleTaskVariationalGP
from botorch.models.transforms.outcome import Standardize
from botorch.posteriors import Posterior
from gpytorch.kernels import ScaleKernel
from gpytorch.likelihoods import GaussianLikelihood, MultitaskGaussianLikelihood
from gpytorch.means import ConstantMean
from gpytorch.mlls import PredictiveLogLikelihood
from jaxtyping import Float, Int
from torch import Tensor

from latentbo.errors import FitError, InputError
from latentbo.models.kernels import latent_kernel
from latentbo.torch_rng import global_stream, stream
from latentbo.types import LatentBatch, Latents

INDUCING = 350
STEPS, BATCH, RATE = 1_200, 512, 0.03


class SparseGPs(SingleTaskVariationalGP):
    """One sparse GP a property over z alone; an ordinary BoTorch model with p outputs, without fantasies.

    Raises `InputError` for fewer than two objects, rows that do not match, or values that are not finite.
    """

    def __init__(
        self,
        z: Latents,
        y: Float[Tensor, "m p"],
        *,
        bounds: Float[Tensor, "2 d"],
        inducing: int = INDUCING,
        seed: int = 0,
    ) -> None:
        if len(z) != len(y) or len(z) < 2 or not torch.isfinite(y).all():
            raise InputError(
                f"at least two objects with finite values were expected, not {len(z)} and {len(y)}"
            )
        properties = torch.Size([y.shape[1]]) if y.shape[1] > 1 else torch.Size()
        chosen = torch.randperm(len(z), generator=stream(seed, "inducing"))[:inducing]
        kernel = ScaleKernel(latent_kernel(z.shape[1], properties), batch_shape=properties)
        units = _units(z, bounds)
        many = y.shape[1] > 1
        likelihood = (
            MultitaskGaussianLikelihood(y.shape[1], has_global_noise=False) if many else GaussianLikelihood()
        )
        super().__init__(
            units,
            num_outputs=y.shape[1],
            likelihood=likelihood,
            covar_module=kernel,
            mean_module=ConstantMean(batch_shape=properties),
            inducing_points=units[chosen].clone(),
        )
        self.double()
        self.register_buffer("bounds", bounds.double())
        self.scaling = Standardize(y.shape[1])
        self.scaling(y.double())
        self.scaling.eval()

    def posterior(self, X: LatentBatch, *args: Any, **kwargs: Any) -> Posterior:
        """As in BoTorch, in the values' own units."""
        return self.scaling.untransform_posterior(super().posterior(_units(X, self.bounds), *args, **kwargs))

    def lengthscales(self) -> Float[Tensor, "p d"]:
        """Of each property along each axis, in units of the box."""
        scales: Tensor = self.model.covar_module.base_kernel.lengthscale.detach()
        return scales.reshape(-1, scales.shape[-1])


def fit_sparse(
    z: Latents,
    y: Float[Tensor, "m p"],
    *,
    bounds: Float[Tensor, "2 d"],
    inducing: int = INDUCING,
    steps: int = STEPS,
    seed: int = 0,
) -> SparseGPs:
    """A `SparseGPs` fitted by Adam on random batches, its rate falling to zero. Raises `FitError` where it diverges."""
    with (
        warnings.catch_warnings(),
        global_stream(seed, "variational"),
    ):  # its mean starts at small random numbers
        # BoTorch warns of scaling that it would do itself; here it is done once, for all batches.
        warnings.filterwarnings("ignore", category=UserInputWarning)
        model = SparseGPs(z, y, bounds=bounds, inducing=inducing, seed=seed)
        x, targets = _units(z, model.bounds), model.scaling(y.double())[0]
        targets = targets if y.shape[1] > 1 else targets[:, 0]
        model.train()
        optimiser = torch.optim.Adam(model.parameters(), lr=RATE)
        schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, steps)
        objective = PredictiveLogLikelihood(model.likelihood, model.model, num_data=len(x))
        for rows in islice(_batches(len(x), seed), steps):
            optimiser.zero_grad()
            loss = -objective(model.model(x[rows]), targets[rows]).sum()
            if not torch.isfinite(loss):
                raise FitError(
                    "the sparse surrogate diverged: are there values many standard deviations away?"
                )
            loss.backward()
            optimiser.step()
            schedule.step()
    model.eval()
    return model


def relevance(lengthscales: Float[Tensor, "p d"]) -> Float[Tensor, "p d"]:
    """How much each axis matters to each property: the share of its squared inverse lengthscale (a row sums to 1)."""
    weights = lengthscales.double() ** -2
    return weights / weights.sum(1, keepdim=True)


def _batches(n: int, seed: int) -> Iterator[Int[Tensor, " b"]]:
    """Rows in random order, over and over."""
    for epoch in count():
        yield from torch.randperm(n, generator=stream(seed, "rows", epoch)).split(BATCH)


def _units(z: Tensor, bounds: Float[Tensor, "2 d"]) -> Tensor:
    low, high = bounds.double()
    units: Tensor = (z.double() - low) / (high - low)
    return units
