"""Loss terms against torch.distributions and by hand."""

from __future__ import annotations

import pytest
import torch
from torch.distributions import Independent, Normal, kl_divergence

from latentbo.training.losses import kl_to_standard_normal, squared_error, warm_up


@pytest.mark.parametrize("n", [0, 1, 5])
@pytest.mark.parametrize("d", [1, 7])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_kl_is_that_of_torch_distributions(n: int, d: int, dtype: torch.dtype) -> None:
    generator = torch.Generator().manual_seed(n + d)
    mean = torch.randn(n, d, generator=generator, dtype=dtype)
    log_variance = torch.randn(n, d, generator=generator, dtype=dtype)
    q = Normal(mean, (0.5 * log_variance).exp())
    p = Normal(torch.zeros_like(mean), torch.ones_like(mean))
    found = kl_to_standard_normal(mean, log_variance)
    assert found.dtype == dtype
    torch.testing.assert_close(found, kl_divergence(q, p).sum(1))


def test_kl_is_zero_at_the_prior_only() -> None:
    assert float(kl_to_standard_normal(torch.zeros(1, 3), torch.zeros(1, 3))) == 0.0
    assert (kl_to_standard_normal(torch.full((1, 3), 0.1), torch.zeros(1, 3)) > 0).all()
    assert (kl_to_standard_normal(torch.zeros(1, 3), torch.full((1, 3), -0.1)) > 0).all()


def test_squared_error_is_a_unit_normal_s_log_density_up_to_its_constant() -> None:
    prediction, target = torch.randn(6, 3, generator=torch.Generator().manual_seed(0)), torch.ones(6, 3)
    normal = Independent(Normal(target, torch.ones(6, 3)), 1)
    constant = normal.log_prob(target)
    torch.testing.assert_close(squared_error(prediction, target), constant - normal.log_prob(prediction))


def test_no_descriptors_cost_nothing() -> None:
    assert squared_error(torch.zeros(4, 0), torch.zeros(4, 0)).tolist() == [0.0] * 4


def test_warm_up_is_linear_and_then_one() -> None:
    assert [warm_up(step, 4) for step in range(6)] == [0.25, 0.5, 0.75, 1.0, 1.0, 1.0]
    assert warm_up(0, 0) == warm_up(9, 0) == 1.0
