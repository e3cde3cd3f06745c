"""Several outcomes side by side: each as it would be alone, fantasised together."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from latentbo.models.multi_output import MultiOutputLatentGP
from latentbo.models.surrogate import LatentGP, fit_surrogate

D = 3
BOX = torch.tensor([[-2.0] * D, [2.0] * D], dtype=torch.float64)


def points(*shape: int, seed: int) -> Tensor:
    return torch.randn(*shape, D, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


@pytest.fixture(scope="module")
def parts() -> list[LatentGP]:
    """Two outcomes, known for different objects."""
    models = []
    for outcome, n in enumerate((12, 7)):
        x = points(n, seed=outcome)
        models.append(
            fit_surrogate(LatentGP(x, torch.sin(x[:, outcome, None]) * 10**outcome, bounds=BOX)).model
        )
    return models


@pytest.mark.parametrize("shape", [(5,), (1,), (4, 1), (3, 2), (2, 4, 1)])
def test_outcomes_are_as_they_would_be_alone(parts: list[LatentGP], shape: tuple[int, ...]) -> None:
    at = points(*shape, seed=9)
    together = MultiOutputLatentGP(*parts).posterior(at)
    assert together.mean.shape == (*shape, 2)
    for place, model in enumerate(parts):
        alone = model.posterior(at)
        torch.testing.assert_close(together.mean[..., place], alone.mean[..., 0])
        torch.testing.assert_close(together.variance[..., place], alone.variance[..., 0])


def test_fantasies_are_shared_by_all(parts: list[LatentGP]) -> None:
    model, at, where = MultiOutputLatentGP(*parts), points(4, seed=9), points(2, seed=5)
    assert model.fantasies is None
    after = model.with_fantasies(where[:1]).with_fantasies(where[1:])
    assert torch.equal(after.fantasies, where)
    assert model.fantasies is None
    for place, part in enumerate(parts):
        expected = part.with_fantasies(where).posterior(at)
        torch.testing.assert_close(after.posterior(at).variance[:, place], expected.variance[:, 0])


def test_lengthscales_are_the_geometric_mean(parts: list[LatentGP]) -> None:
    first, second = (part.latent_lengthscales() for part in parts)
    torch.testing.assert_close(MultiOutputLatentGP(*parts).latent_lengthscales(), (first * second).sqrt())
