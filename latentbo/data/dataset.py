"""Frozen data sets of tokens, and the batches they are trained on."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import NamedTuple

import torch
from jaxtyping import Float, Int
from torch import Tensor
from torch.nn import functional as F

from latentbo.codecs.vocabulary import PAD
from latentbo.data.scales import Scale, scale_of
from latentbo.errors import InputError

BUCKET = 50  # batches that are sorted by length together


class Batch(NamedTuple):
    """Token rows trimmed to their longest, and their descriptors (n x 0 where there are none)."""

    tokens: Int[Tensor, "n t"]
    targets: Float[Tensor, "n p"]


@dataclass(frozen=True, eq=False)
class TokenSet:
    """Token rows, right-padded, with `targets`: standardised descriptors of each row (NaN: not known), or n x 0."""

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


@dataclass(frozen=True, eq=False)
class Measurements:
    """Canonical objects with one finite value each, larger is better; never a latent point (law 1 of the
    design).

    What failed has a reason instead of a value (law 2) and does not stand here.
    """

    objects: tuple[str, ...]
    values: Float[Tensor, "n 1"]

    def __post_init__(self) -> None:
        if self.values.shape != (len(self.objects), 1):
            n, shape = len(self.objects), tuple(self.values.shape)
            raise InputError(f"{n} objects need values of shape {n} x 1, not {shape}")
        if not torch.isfinite(self.values).all():
            raise InputError("measured values must be finite: leave out what failed")
        if len(set(self.objects)) != len(self.objects):
            raise InputError(
                "each object may stand once in Measurements: average repeated measurements first"
            )

    @property
    def scale(self) -> Scale:
        """How the values are to be counted when they are modelled."""
        return scale_of(self.values)

    def counted_in(self, scale: Scale) -> Measurements:
        """The same objects, with their values on that scale."""
        return replace(self, values=scale.counted(self.values))

    def __len__(self) -> int:
        return len(self.objects)
