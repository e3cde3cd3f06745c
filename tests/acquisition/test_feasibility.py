"""P(feasible | z) against its formula and at its limits."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor

from latentbo.acquisition.feasibility import Feasibility, learn_feasibility


def points(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


Z = points(9, 3)
PASSED = torch.tensor([1.0, 1, 0, 1, 0, 1, 1, 1, 0], dtype=torch.float64)
LEARNT = Feasibility(Z, PASSED, bandwidth=0.7, prior_weight=2.0)


@pytest.mark.parametrize("shape", [(4, 3), (1, 3), (5, 2, 3), (2, 5, 1, 3)])
def test_the_formula(shape: tuple[int, ...]) -> None:
    z = points(*shape, seed=1)
    found = LEARNT(z)
    assert found.shape == shape[:-1]
    rate = (6 + 1) / (9 + 1)
    for p, point in zip(found.flatten(), z.reshape(-1, 3), strict=True):
        weights = [
            math.exp(-sum((a - b) ** 2 for a, b in zip(point.tolist(), tried, strict=True)) / (2 * 0.49))
            for tried in Z.tolist()
        ]
        passes = sum(weight * outcome for weight, outcome in zip(weights, PASSED.tolist(), strict=True))
        assert float(p) == pytest.approx((2 * rate + passes) / (2 + sum(weights)), rel=1e-9)


def test_far_from_everything_it_is_the_overall_rate() -> None:
    torch.testing.assert_close(LEARNT(Z[:2] + 1e3), torch.full((2,), 0.7).double())


def test_near_failures_it_is_low_and_near_passes_high() -> None:
    z = torch.zeros(20, 2, dtype=torch.float64)
    z[10:] = 5.0
    learnt = Feasibility(z, torch.tensor([0.0] * 10 + [1.0] * 10).double(), bandwidth=1.0)
    low, high = learnt(torch.tensor([[0.1, 0.0], [5.0, 4.9]], dtype=torch.float64))
    assert low < 0.15
    assert high > 0.85
    assert low > 0
    assert high < 1


def test_the_gradient_leads_away_from_failures() -> None:
    z = torch.tensor([[0.5, 0.0]], dtype=torch.float64, requires_grad=True)
    learnt = Feasibility(torch.zeros(1, 2).double(), torch.zeros(1).double(), bandwidth=1.0)
    learnt(z).sum().backward()
    assert z.grad[0, 0] > 0
    assert z.grad[0, 1] == 0
    assert torch.autograd.gradcheck(LEARNT, points(4, 3, seed=2).requires_grad_())


def test_without_failures_it_says_nothing() -> None:
    all_passed = Feasibility(Z, torch.ones(9).double(), bandwidth=0.7)
    assert not all_passed.informative
    torch.testing.assert_close(all_passed(points(6, 3, seed=3)), torch.ones(6).double())
    nothing = Feasibility(Z[:0], PASSED[:0], bandwidth=0.7)
    assert not nothing.informative
    assert nothing(points(2, 5, 3)).shape == (2, 5)
    assert (nothing(Z) == 1).all()
    assert LEARNT.informative


def test_with_nothing_but_failures_something_is_left() -> None:
    learnt = Feasibility(Z, torch.zeros(9).double(), bandwidth=100.0)
    assert (learnt(Z) > 0).all()
    assert (learnt(Z) < 0.05).all()


def test_the_bandwidth_follows_the_space() -> None:
    learnt = learn_feasibility(Z, PASSED, spread=2.0)
    assert learnt.bandwidth == pytest.approx(0.25 * 2.0 * math.sqrt(6))


def test_as_a_botorch_model_it_reads_the_latent_columns() -> None:
    x = torch.cat([points(4, 1, 3, seed=4), points(4, 1, 7, seed=5)], dim=-1)
    model = LEARNT.as_model(3)
    assert model.num_outputs == 1
    torch.testing.assert_close(model.posterior(x).mean, LEARNT(x[..., :3]).unsqueeze(-1))
