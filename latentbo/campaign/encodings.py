"""Where objects of a campaign lie, encoded once for each encoder."""

from __future__ import annotations

from collections.abc import Sequence

import torch

from latentbo.models.dkl_vae import DKLVAE
from latentbo.types import Latents

BLOCK = 50


class Encodings:
    """The latents of growing lists of objects, remembered in blocks of `BLOCK`.

    The last digits of an encoding depend on what is encoded along with it. Whole blocks make them depend on the list
    alone, so that a campaign that is opened again continues exactly as if it had never been closed.
    """

    def __init__(self) -> None:
        self._encoder = ""
        self._blocks: dict[tuple[str, ...], Latents] = {}

    def __call__(self, model: DKLVAE, objects: Sequence[str]) -> Latents:
        """n x d, one row an object."""
        if model.id != self._encoder:  # those of an encoder of the past are forgotten
            self._encoder, self._blocks = model.id, {}
        blocks = [tuple(objects[start : start + BLOCK]) for start in range(0, len(objects), BLOCK)]
        for block in blocks:
            if block not in self._blocks:
                self._blocks[block] = model.embed(model.codec.read(block))
        known = [self._blocks[block] for block in blocks]
        return torch.cat([*known, torch.empty(0, model.latent, dtype=torch.float64)])
