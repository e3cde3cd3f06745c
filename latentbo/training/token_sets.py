"""Frozen data sets of tokens, and the batches they are trained on."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import torch
from jaxtyping import Float, Int
from torch import Tensor
from torch.nn import functional as F

from latentbo.codecs.vocabulary import PAD
from latentbo.errors import InputError

BUCKET = 50  # batches that are sorted by length together


class Batch(NamedTuple):
    """Token rows trimmed to their longest, and their descriptors (n x 0 where there are none)."""

    tokens: Int[Tensor, "n t"]
    targets: Float[Tensor, "n p"]


@dataclass(frozen=True, eq=False)
class TokenSet:
    """Token rows, right-padded, with `targets`: standardised descriptors of each row (NaN: not known), or n x 0.

    Raises `InputError` where the rows do not match.
    """

    tokens: Int[Tensor, "n t"]
    targets: Float[Tensor, "n p"]

    def __post_init__(self) -> None:
        if len(self.targets) != len(self.tokens):
            raise InputError(
                f"{len(self.tokens)} token rows need as many target rows, but there are {len(self.targets)}"
            )

    def __len__(self) -> int:
        return len(self.tokens)

    def steps(self, size: int) -> int:
        """Batches in one pass."""
        return -(-len(self) // size)

    def batch(self, rows: Int[Tensor, " n"]) -> Batch:
        tokens = self.tokens[rows].long()
        width = int((tokens != PAD).any(0).sum().clamp(min=1))
        return Batch(tokens[:, :width], self.targets[rows].float())

    def batches(self, size: int, generator: torch.Generator) -> Iterator[Batch]:
        """One pass in random order, in batches of rows of similar length, so that little of a batch is
        padding.
        """
        order = torch.randperm(len(self), generator=generator)
        lengths = (self.tokens != PAD).sum(1).cpu()
        groups: list[Tensor] = []
        for pool in order.split(size * BUCKET):
            groups.extend(pool[lengths[pool].argsort(stable=True)].split(size) if len(pool) else ())
        for i in torch.randperm(len(groups), generator=generator).tolist():
            yield self.batch(groups[i])

    def rows(self, start: int, stop: int) -> TokenSet:
        """A run of rows."""
        return TokenSet(self.tokens[start:stop], self.targets[start:stop])

    def joined(self, other: TokenSet) -> TokenSet:
        """The rows of both, in the types of this one; NaN for the descriptors of rows that have none."""
        width = max(self.tokens.shape[1], other.tokens.shape[1])
        rows = [
            F.pad(part.tokens.to(self.tokens.dtype), (0, width - part.tokens.shape[1]), value=PAD)
            for part in (self, other)
        ]
        targets = other.targets.to(self.targets.dtype)
        if targets.shape[1] == 0:
            targets = targets.new_full((1, self.targets.shape[1]), torch.nan).expand(len(other), -1)
        return TokenSet(torch.cat(rows), torch.cat([self.targets, targets]))

    def in_order(self, size: int) -> Iterator[Batch]:
        """One pass in the given order."""
        for start in range(0, len(self), size):
            yield self.batch(torch.arange(start, min(start + size, len(self))))
