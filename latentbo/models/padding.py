"""Token rows of different lengths as one tensor."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from latentbo.codecs.vocabulary import PAD


def pad(rows: Sequence[Sequence[int]]) -> Tensor:
    """Token rows as one right-padded tensor, n x t with t the longest row (at least 1)."""
    width = max((len(row) for row in rows), default=1) or 1
    out = torch.full((len(rows), width), PAD, dtype=torch.long)
    for i, row in enumerate(rows):
        out[i, : len(row)] = torch.as_tensor(row, dtype=torch.long)
    return out
