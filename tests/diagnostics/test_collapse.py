"""Two clusters are found, and one cloud is none."""

from __future__ import annotations

import pytest
import torch

from latentbo.diagnostics.collapse import bimodal_collapse
from latentbo.errors import InputError


def cloud(n: int = 2000, d: int = 3, seed: int = 0) -> torch.Tensor:
    return torch.randn(n, d, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


@pytest.mark.parametrize("stretch", [1.0, 100.0])
def test_one_cloud_has_not_collapsed(stretch: float) -> None:
    found = bimodal_collapse(cloud() * torch.tensor([stretch, 1.0, 1.0]))
    assert found.separation == pytest.approx(2.65, abs=0.1)
    assert found.middle == pytest.approx(0.21, abs=0.03)
    assert not found.found
    assert str(found).startswith("no bimodal collapse")


def test_a_line_has_not_collapsed() -> None:
    found = bimodal_collapse(torch.linspace(0, 1, 500)[:, None])
    assert found.separation == pytest.approx(12**0.5, abs=0.02)
    assert found.middle == pytest.approx(1 / 6, abs=0.01)
    assert not found.found


def test_two_clusters_with_nothing_between_are_found_whichever_way_they_lie() -> None:
    z = cloud(1000)
    z[300:] += torch.tensor([0.0, 8.0, 8.0])
    found = bimodal_collapse(z)
    assert found.found
    assert found.shares == pytest.approx((0.3, 0.7)) or found.shares == pytest.approx((0.7, 0.3))
    assert "lower `gp_loss_weight`" in str(found)
    z[::10] = torch.lerp(z[0], z[-1], torch.linspace(0, 1, 100)[:, None].double())  # a bridge
    assert not bimodal_collapse(z).found


def test_too_few_points_are_an_error() -> None:
    with pytest.raises(InputError, match="at least 20 finite latent points were expected, not 19"):
        bimodal_collapse(cloud(19))
    with pytest.raises(InputError):
        bimodal_collapse(cloud(30) / 0.0)
