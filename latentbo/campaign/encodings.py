"""Where objects of a campaign lie, encoded once for each encoder."""

from __future__ import annotations

from collections.abc import Sequence

import torch

from latentbo.models.dkl_vae import DKLVAE
from latentbo.types import Latents

BLOCK = 50


class Encodings:
    """The latents of a growing list of objects, remembered in blocks of `BLOCK`.

    The last digits of an encoding depend on what is encoded along with it. Whole blocks make them depend on the list
    alone, so that a campaign that is opened again continues exactly as if it had never been closed.
    """

    def __init__(self) -> None:
        self._blocks: dict[tuple[str, tuple[str, ...]], Latents] = {}

    def __call__(self, model: DKLVAE, objects: Sequence[str]) -> Latents:
        """n x d, one row an object."""
        parts = [tuple(objects[start : start + BLOCK]) for start in range(0, len(objects), BLOCK)]
        known = self._blocks
        # What is not asked for any more (a block that was not full yet, an encoder of the past) is forgotten.
        self._blocks = {
            (model.id, part): known[model.id, part] if (model.id, part) in known else _embed(model, part)
            for part in parts
        }
        return torch.cat([*self._blocks.values(), torch.empty(0, model.latent, dtype=torch.float64)])


def _embed(model: DKLVAE, objects: Sequence[str]) -> Latents:
    return model.embed(model.codec.read(objects))
