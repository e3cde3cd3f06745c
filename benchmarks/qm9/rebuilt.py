"""What comes back of molecules through a latent space."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from latentbo.codecs.base import Reading
from latentbo.codecs.vocabulary import END, PAD
from latentbo.models.dkl_vae import DKLVAE
from latentbo.models.padding import pad


def rebuilt(model: DKLVAE, readings: Sequence[Reading], positions: int | None = None) -> dict[str, float]:
    """What greedy decoding gives back of each molecule: all of it, and token by token, with padding to so many positions
    (the codec's most) counted and without.
    """
    z = model.embed(readings)
    back = model.decode(z, width=1)
    written = padded(model.decode_tokens(z, width=1))
    true = padded([reading.tokens for reading in readings])
    positions = positions or model.codec.max_tokens
    width = max(written.shape[1], true.shape[1], positions)
    written, true = (torch.nn.functional.pad(rows, (0, width - rows.shape[1])) for rows in (written, true))
    same, real = written == true, true != PAD
    return {
        "exact_match": float(np.mean([a.object == b.object for a, b in zip(readings, back, strict=True)])),
        "token_accuracy": float(same[real].double().mean()),
        "token_accuracy_padded": float(same[:, :positions].double().mean()),
    }


def padded(rows: Sequence[Sequence[int]]) -> Tensor:
    """Token rows without their END, right-padded."""
    return pad([[token for token in row if token not in (PAD, END)] for row in rows])
