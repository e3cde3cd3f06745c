"""Slerp: ends, sphere, angle; by hand, and where it has no plane."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor

from latentbo.models.geometry import great_arc, slerp


def vectors(n: int, d: int, seed: int) -> Tensor:
    return torch.randn(n, d, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def test_slerp_ends_at_its_ends_and_keeps_to_the_sphere() -> None:
    a, b = vectors(50, 6, 0), vectors(50, 6, 1)
    torch.testing.assert_close(slerp(a, b, torch.zeros(50, 1).double()), a)
    torch.testing.assert_close(slerp(a, b, torch.ones(50, 1).double()), b)
    a, b = a / a.norm(dim=1, keepdim=True), b / b.norm(dim=1, keepdim=True)
    share = torch.rand(50, 1, generator=torch.Generator().manual_seed(2), dtype=torch.float64)
    between = slerp(a, b, share)
    torch.testing.assert_close(between.norm(dim=1), torch.ones(50).double())
    # At the given share of the whole angle.
    whole, part = ((a * c).sum(1).clamp(-1, 1).arccos() for c in (b, between))
    torch.testing.assert_close(part, share[:, 0] * whole)


def test_slerp_by_hand() -> None:
    a, b = torch.tensor([[2.0, 0.0]]).double(), torch.tensor([[0.0, 1.0]]).double()
    root = math.sqrt(0.5)
    expected = torch.tensor([[2 * root, root]]).double()
    torch.testing.assert_close(slerp(a, b, torch.tensor([[0.5]]).double()), expected)


@pytest.mark.parametrize("factor", [1.0, 2.0, -1.0, -0.5, 0.0])
def test_slerp_of_parallel_vectors_is_linear(factor: float) -> None:
    a = vectors(5, 4, 0)
    halfway = slerp(a, factor * a, torch.full((5, 1), 0.25).double())
    if factor == 0.0:
        assert torch.isfinite(halfway).all()
    else:
        torch.testing.assert_close(halfway, (0.75 + 0.25 * factor) * a)


def test_a_great_arc_keeps_the_distance_from_its_centre() -> None:
    centre = vectors(1, 6, 2)[0]
    a, b = (3.0 * torch.nn.functional.normalize(vectors(20, 6, seed)) + centre for seed in (0, 1))
    share = torch.linspace(0, 1, 20, dtype=torch.float64)[:, None]
    between = great_arc(a, b, share, centre)
    torch.testing.assert_close((between - centre).norm(dim=1), torch.full((20,), 3.0).double())
    torch.testing.assert_close(between[0], a[0])
    torch.testing.assert_close(between[-1], b[-1])
