"""Objects as views take them: read or refused by name, compared, and predicted."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Float

from latentbo.codecs.base import Codec, Reading
from latentbo.data.outcome_transforms import IDENTITY, OutcomeTransform
from latentbo.diagnostics.calibration import NORMAL_95
from latentbo.errors import InputError
from latentbo.kinds.base import Similarity
from latentbo.models.dkl_vae import DKLVAE
from latentbo.models.surrogate import LatentGP


class Prediction(NamedTuple):
    """The posterior of the property itself (the noise of a measurement left out), in its own unit; NaN where there is
    no object.
    """

    mean: Float[np.ndarray, " k"]
    sd: Float[np.ndarray, " k"]

    @property
    def low(self) -> Float[np.ndarray, " k"]:
        """The lower end of the 95 % interval."""
        return self.mean - NORMAL_95 * self.sd

    @property
    def high(self) -> Float[np.ndarray, " k"]:
        """The upper end of the 95 % interval."""
        return self.mean + NORMAL_95 * self.sd


Predict = Callable[[Sequence[Reading]], Prediction]


def read_all(codec: Codec, objects: Sequence[str]) -> list[Reading]:
    """The objects, all of them; `InputError` names the first that cannot be read."""
    readings = codec.read(list(objects))
    for raw, reading in zip(objects, readings, strict=True):
        if not reading.ok:
            raise InputError(f"{raw[:80]!r} cannot be read ({reading.reason}): correct it, or leave it out")
    return readings


def predictor(model: DKLVAE, head: LatentGP, outcome_transform: OutcomeTransform = IDENTITY) -> Predict:
    """Predictions by a fitted surrogate, of objects and not of points: each is encoded first, as a candidate is.
    `outcome_transform` is how the surrogate counts.
    """

    @torch.no_grad()
    def predict(readings: Sequence[Reading]) -> Prediction:
        there = [i for i, reading in enumerate(readings) if reading.ok]
        mean, sd = np.full(len(readings), np.nan), np.full(len(readings), np.nan)
        if there:
            posterior = head.posterior(model.inputs([readings[i] for i in there]))
            mean[there], sd[there] = outcome_transform.inverse_transform(
                posterior.mean.squeeze(-1).numpy(), posterior.variance.sqrt().squeeze(-1).numpy()
            )
        return Prediction(mean, sd)

    return predict


def likeness(similarity: Similarity, centre: str, objects: Sequence[str | None]) -> Float[np.ndarray, " k"]:
    """Similarity of each object to the centre; NaN where there is none."""
    there = [i for i, name in enumerate(objects) if name is not None]
    found = np.full(len(objects), np.nan)
    if there:
        found[there] = similarity(centre, [objects[i] or "" for i in there])
    return found
