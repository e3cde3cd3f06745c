"""From one object to another through the latent space, step by step."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float

from latentbo.diagnostics.dead_zones import Decodes, Gauge
from latentbo.diagnostics.predictions import Predict, Prediction, likeness, read_all
from latentbo.errors import InputError, unknown_name
from latentbo.kinds.base import Similarity
from latentbo.models.geometry import great_arc

LINE, SPHERE = "line", "sphere"
STEPS = 25


@dataclass(frozen=True, eq=False)
class Path:
    """Points on the way between two objects' own latents, both included.

    `share` of the way is 0 at the first object and 1 at the second; `likeness` is the similarity of what is decoded to
    either; `predicted` is of what is decoded.
    """

    way: str
    ends: tuple[str, str]
    share: Float[np.ndarray, " k"]
    decodes: Decodes
    likeness: Float[np.ndarray, "k 2"]
    predicted: Prediction | None


def path(
    gauge: Gauge,
    ends: Sequence[str],
    way: str,
    similarity: Similarity,
    *,
    steps: int = STEPS,
    predict: Predict | None = None,
) -> Path:
    """`steps` points at equal shares of the straight line ("line"), or of the great arc about the prior's mean ("sphere").

    Raises `InputError` for an object that cannot be read, an unknown way, or fewer than two steps.
    """
    if way not in (LINE, SPHERE):
        raise unknown_name("way", way, (LINE, SPHERE))
    if len(ends) != 2 or steps < 2:
        raise InputError(
            f"a path has two ends and two steps at least, not {len(ends)} ends and {steps} steps"
        )
    model = gauge.model
    readings = read_all(model.codec, ends)
    z = model.embed(readings)
    share = torch.linspace(0.0, 1.0, steps, dtype=torch.float64)
    a, b = (end.expand(steps, -1) for end in z)
    points = (
        torch.lerp(a, b, share[:, None])
        if way == LINE
        else great_arc(a, b, share[:, None], model.prior.mean().double())
    )
    decodes = gauge.decode(points)
    first, last = (reading.object or "" for reading in readings)
    alike = [likeness(similarity, end, decodes.objects) for end in (first, last)]
    predicted = None if predict is None else predict(decodes.readings)
    return Path(way, (first, last), share.numpy(), decodes, np.stack(alike, axis=1), predicted)
