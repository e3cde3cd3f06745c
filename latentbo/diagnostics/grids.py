"""Two planes through the latent space, decoded on a grid: about one object, and between three."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float

from latentbo.diagnostics.dead_zones import Decodes, Gauge
from latentbo.diagnostics.predictions import Predict, Prediction, likeness, read_all
from latentbo.errors import InputError
from latentbo.kinds.base import Similarity
from latentbo.models.priors import spread
from latentbo.torch_rng import stream


@dataclass(frozen=True, eq=False)
class Neighbourhood:
    """A square grid about an object's own latent point, in the plane of two random directions.

    `offsets` are the steps along either direction, in standard deviations of the prior, the same for both; the decodes
    stand row by row, the second direction's smallest offset first; `likeness` is their similarity to the object.
    """

    centre: str
    offsets: Float[np.ndarray, " m"]
    decodes: Decodes
    likeness: Float[np.ndarray, " mm"]


def neighbourhood(
    gauge: Gauge, centre: str, similarity: Similarity, seed: int, *, reach: int = 2, step: float | None = None
) -> Neighbourhood:
    """`reach` steps to each side. The directions are orthonormal in units of the prior's standard deviations.

    By default the last step is half as far away as objects lie from the middle of a normal prior, sqrt(d) standard
    deviations. Raises `InputError` for an object that cannot be read, or a space of one dimension.
    """
    model = gauge.model
    step = 0.5 * model.latent**0.5 / max(1, reach) if step is None else step
    if reach < 1 or step <= 0.0 or model.latent < 2:
        raise InputError(
            f"a neighbourhood needs 2 dimensions, reach 1 and a positive step, not {model.latent}, {reach}, {step}"
        )
    reading = read_all(model.codec, [centre])[0]
    noise = torch.randn(model.latent, 2, generator=stream(seed, "directions"), dtype=torch.float64)
    directions = torch.linalg.qr(noise).Q.T * spread(model.prior)
    offsets = step * torch.arange(-reach, reach + 1, dtype=torch.float64)
    second, first = torch.meshgrid(offsets, offsets, indexing="ij")
    z = model.embed([reading]) + torch.stack([first, second], dim=-1).flatten(0, 1) @ directions
    decodes = gauge.decode(z)
    home = reading.object or ""
    return Neighbourhood(home, offsets.numpy(), decodes, likeness(similarity, home, decodes.objects))


@dataclass(frozen=True, eq=False)
class Slice:
    """Convex combinations of three objects' own latents: z = w_1 z_1 + w_2 z_2 + w_3 z_3, w >= 0, sum w = 1.

    `weights` lie on a grid that has the corners; `predicted` is of what is decoded.
    """

    corners: tuple[str, str, str]
    weights: Float[np.ndarray, "k 3"]
    decodes: Decodes
    predicted: Prediction | None


def convex_slice(
    gauge: Gauge, corners: Sequence[str], *, steps: int = 5, predict: Predict | None = None
) -> Slice:
    """(steps + 1) (steps + 2) / 2 points, `steps` of them from each corner to the next.

    Raises `InputError` for an object that cannot be read, or another number of them than three.
    """
    if len(corners) != 3 or steps < 1:
        raise InputError(f"a slice has three corners and one step at least, not {len(corners)} and {steps}")
    readings = read_all(gauge.model.codec, corners)
    grid = [(i, j, steps - i - j) for i in range(steps, -1, -1) for j in range(steps - i, -1, -1)]
    weights = torch.tensor(grid, dtype=torch.float64) / steps
    decodes = gauge.decode(weights @ gauge.model.embed(readings))
    first, second, third = (reading.object or "" for reading in readings)
    predicted = None if predict is None else predict(decodes.readings)
    return Slice((first, second, third), weights.numpy(), decodes, predicted)
