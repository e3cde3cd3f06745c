"""The prior over latent points: a Gaussian mixture fitted to where the encoder really puts objects.

The aggregate posterior q(z) = E_x q(z | x) of a well-reconstructing VAE is not N(0, I); sampling from N(0, I)
then lands in holes between the data (Tomczak & Welling 2018; "ex-post density estimation": Ghosh et al. 2020,
arXiv:1903.12436).

    symbol   meaning                          shape
    pi       component weights                k
    mu       component means                  k x d
    L        Cholesky factors, S = L L^T      k x d x d
    r        responsibilities                 n x k
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import torch
from jaxtyping import Float
from torch import Tensor

from latentbo.errors import InputError
from latentbo.types import Latents


@runtime_checkable
class Prior(Protocol):
    """What a `DKLVAE` needs of the distribution its latent points come from."""

    def sample(self, n: int, generator: torch.Generator) -> Latents:
        """n draws."""
        ...

    def mean(self) -> Float[Tensor, " d"]:
        """Mean over all draws."""
        ...

    def covariance(self) -> Float[Tensor, "d d"]:
        """Covariance over all draws."""
        ...

    def refitted(self, z: Latents, generator: torch.Generator) -> Prior:
        """A prior of the same kind for where another encoder puts objects."""
        ...


def spread(prior: Prior) -> Float[Tensor, " d"]:
    """Standard deviation of all draws along each axis, in double precision."""
    return prior.covariance().diagonal().double().sqrt()


@dataclass(frozen=True, eq=False)
class GaussianMixture:
    """A mixture of k full-covariance normals over z. Raises `InputError` for parts whose shapes do not match."""

    weights: Float[Tensor, " k"]
    means: Float[Tensor, "k d"]
    factors: Float[Tensor, "k d d"]

    def __post_init__(self) -> None:
        k, d = self.means.shape
        if self.weights.shape != (k,) or self.factors.shape != (k, d, d):
            shapes = [tuple(part.shape) for part in (self.weights, self.means, self.factors)]
            raise InputError(f"a mixture needs weights k, means k x d and factors k x d x d, not {shapes}")

    def sample(self, n: int, generator: torch.Generator) -> Latents:
        """n draws."""
        if n == 0:
            return self.means[:0]
        component = torch.multinomial(self.weights, n, replacement=True, generator=generator)
        noise = torch.randn(n, self.means.shape[1], generator=generator, dtype=self.means.dtype)
        return self.means[component] + torch.einsum("nij,nj->ni", self.factors[component], noise)

    def refitted(self, z: Latents, generator: torch.Generator) -> GaussianMixture:
        """As many components, or fewer where there are few rows for each (a covariance needs 2 d of them)."""
        components = max(1, min(len(self.weights), len(z) // (2 * z.shape[1])))
        return fit_mixture(z, components, generator, iterations=15)

    def mean(self) -> Float[Tensor, " d"]:
        return self.weights @ self.means

    def covariance(self) -> Float[Tensor, "d d"]:
        """Covariance of the whole mixture: within components plus between their means."""
        offsets = self.means - self.mean()
        within = torch.einsum("k,kij,klj->il", self.weights, self.factors, self.factors)
        return within + torch.einsum("k,ki,kj->ij", self.weights, offsets, offsets)

    def _joint(self, z: Latents) -> Float[Tensor, "n k"]:
        """log pi_k + log N(z; mu_k, S_k)."""
        d = self.means.shape[1]
        columns = []
        parts = (self.weights.log(), self.means, self.factors)
        for log_weight, mean, factor in zip(*parts, strict=True):
            white = torch.linalg.solve_triangular(factor, (z - mean).T, upper=False)
            volume = factor.diagonal().log().sum() + 0.5 * d * math.log(2 * math.pi)
            columns.append(log_weight - volume - 0.5 * white.square().sum(0))
        return torch.stack(columns, dim=1)


def fit_mixture(
    z: Latents, components: int, generator: torch.Generator, *, iterations: int = 40, ridge: float = 1e-4
) -> GaussianMixture:
    """Maximum likelihood by expectation-maximisation (Dempster et al. 1977), started at random rows with the
    data's covariance.

    `ridge` is added to each covariance's diagonal, relative to the data's mean variance, and keeps small
    components proper. Raises `InputError` for too few points, or such as are not finite.
    """
    n, d = z.shape
    if components < 1 or n < components * 2:
        raise InputError(
            f"{components} components need at least {2 * components} points, but there are {n}: use fewer"
        )
    if not torch.isfinite(z).all():
        raise InputError("a prior is fitted to finite latent points: some of these are NaN or infinite")
    z = z.double()
    # Points that all coincide still have a proper, if very narrow, prior.
    floor = ridge * z.var(0).mean().clamp(min=1e-12) * torch.eye(d, dtype=z.dtype)
    shared = torch.linalg.cholesky(torch.cov(z.T).reshape(d, d) + floor)
    rows = torch.randperm(n, generator=generator)[:components]
    mixture = GaussianMixture(
        torch.full((components,), 1 / components, dtype=z.dtype), z[rows], shared.expand(components, d, d)
    )
    for _ in range(iterations):
        joint = mixture._joint(z)
        share = torch.softmax(joint, dim=1)
        mass = share.sum(0) + 1e-9
        means = (share.T @ z) / mass[:, None]
        factors = []
        for k in range(components):
            centred = z - means[k]
            covariance = (centred * share[:, k, None]).T @ centred / mass[k]
            # A component with little mass leans on the covariance of all data, as if d rows of it were added.
            covariance = (mass[k] * covariance + d * shared @ shared.T) / (mass[k] + d)
            factors.append(torch.linalg.cholesky(covariance + floor))
        mixture = GaussianMixture(mass / mass.sum(), means, torch.stack(factors))
    return GaussianMixture(mixture.weights.float(), mixture.means.float(), mixture.factors.float())
