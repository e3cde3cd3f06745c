"""Ways between latent points.

A high-dimensional Gaussian has its mass on a shell. The straight line between two points of the shell leaves it, the
great arc about the centre does not.
"""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor

from latentbo.types import Latents


def slerp(a: Latents, b: Latents, share: Float[Tensor, "n 1"]) -> Latents:
    """Slerp (Shoemake 1985) from a (share 0) to b (share 1); linear where both are parallel."""
    cosine = torch.nn.functional.cosine_similarity(a, b, dim=1).clamp(-1.0, 1.0)[:, None]
    angle = torch.arccos(cosine)
    flat = torch.sin(angle) < 1e-6
    sine = torch.sin(angle).where(~flat, torch.ones_like(angle))
    curved = torch.sin((1 - share) * angle) / sine * a + torch.sin(share * angle) / sine * b
    return torch.where(flat, torch.lerp(a, b, share), curved)


def great_arc(a: Latents, b: Latents, share: Float[Tensor, "n 1"], centre: Float[Tensor, " d"]) -> Latents:
    """Slerp about a centre: between points at one distance from it, all points lie at that distance."""
    return centre + slerp(a - centre, b - centre, share)
