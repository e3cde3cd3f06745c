"""Sparse heads predict what exact ones do, in the values' own units, and say which axes a property needs."""

from __future__ import annotations

import pytest
import torch

from latentbo.diagnostics.calibration import calibration
from latentbo.errors import InputError
from latentbo.models.sparse import SparseGPs, fit_sparse, relevance
from latentbo.models.surrogate import LatentGP, fit_surrogate

BOUNDS = torch.tensor([[-2.0] * 4, [2.0] * 4], dtype=torch.float64)


def points(n: int, seed: int = 0) -> tuple[torch.Tensor, torch.Tensor]:
    """Two properties: one of the first axis, one of the last two; with noise, in units far apart."""
    generator = torch.Generator().manual_seed(seed)
    z = 2.0 * torch.randn(n, 4, generator=generator, dtype=torch.float64) / 3**0.5
    y = torch.stack([100.0 + 20.0 * torch.sin(2.0 * z[:, 0]), 0.01 * (z[:, 2] + z[:, 3])], 1)
    return z, y + torch.tensor([1.0, 0.001]) * torch.randn(n, 2, generator=generator, dtype=torch.float64)


Z, Y = points(1500)
V, W = points(300, seed=1)


@pytest.fixture(scope="module")
def heads() -> SparseGPs:
    return fit_sparse(Z, Y, bounds=BOUNDS, inducing=60, steps=400)


def test_predictions_are_those_of_exact_gps_and_honest(heads: SparseGPs) -> None:
    posterior = heads.posterior(V, observation_noise=True)
    assert posterior.mean.shape == (300, 2)
    for column, noise in enumerate((1.0, 0.001)):
        exact = (
            fit_surrogate(LatentGP(Z[:400], Y[:400, [column]], bounds=BOUNDS)).model.posterior(V).mean[:, 0]
        )
        errors = posterior.mean[:, column] - W[:, column]
        assert errors.square().mean().sqrt() < 1.3 * noise
        assert (posterior.mean[:, column] - exact).square().mean().sqrt() < 0.6 * noise
        sd = posterior.variance[:, column].sqrt()
        assert 0.9 < calibration(posterior.mean[:, column], sd, W[:, column]).coverage < 0.99


def test_the_axes_that_matter_are_named(heads: SparseGPs) -> None:
    shares = relevance(heads.lengthscales())
    torch.testing.assert_close(shares.sum(1), torch.ones(2, dtype=torch.float64))
    assert shares[0].argmax() == 0
    assert shares[0, 0] > 0.8
    assert shares[1, 2:].sum() > 0.8


def test_one_property_and_batches_of_points(heads: SparseGPs) -> None:
    alone = fit_sparse(Z, Y[:, :1], bounds=BOUNDS, inducing=40, steps=200)
    assert alone.num_outputs == 1
    assert alone.lengthscales().shape == (1, 4)
    errors = alone.posterior(V).mean[:, 0] - W[:, 0]
    assert errors.square().mean().sqrt() < 3.0
    batch = heads.posterior(V[:6].reshape(3, 2, 4)).mean
    torch.testing.assert_close(batch.reshape(6, 2), heads.posterior(V[:6]).mean, rtol=1e-4, atol=1e-6)


def test_the_seed_decides() -> None:
    first, again, other = (
        fit_sparse(Z[:200], Y[:200], bounds=BOUNDS, inducing=20, steps=3, seed=seed).posterior(V).mean
        for seed in (0, 0, 1)
    )
    assert torch.equal(first, again)
    assert not torch.equal(first, other)


def test_bad_input_is_named() -> None:
    for z, y in ((Z[:3], Y[:2]), (Z[:1], Y[:1]), (Z[:3], Y[:3] / 0.0)):
        with pytest.raises(InputError, match="at least two objects with finite values"):
            SparseGPs(z, y, bounds=BOUNDS)
