"""What a decoder is asked to write: where, from which beginning, and what of it is drawn."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor

from latentbo.codecs.vocabulary import PAD
from latentbo.types import Latents

HOT = 1.0  # temperature of what is drawn instead of likeliest


@dataclass(frozen=True, eq=False)
class Drafts:
    """One object to be written at each latent point (`DKLVAE.complete`).

    z            the points                                                                     n x d
    prefixes     the tokens that each begins with, none: ()                                     n
    temperature  0: each token is the likeliest; else it is drawn                               n
    instead_of   a token that must not follow the prefix: another is drawn, and the rest is     n
                 the likeliest. PAD: none is named
    """

    z: Latents
    prefixes: tuple[tuple[int, ...], ...]
    temperature: Float[Tensor, " n"]
    instead_of: Int[Tensor, " n"]

    @classmethod
    def greedy(cls, z: Latents) -> Drafts:
        """The likeliest tokens from the first on."""
        return cls.drawn(z, [()] * len(z), temperature=0.0)

    @classmethod
    def drawn(
        cls,
        z: Latents,
        prefixes: Sequence[Sequence[int]],
        *,
        instead_of: Sequence[int] | None = None,
        temperature: float = HOT,
    ) -> Drafts:
        """What goes on from the prefixes, drawn; with `instead_of`, of that one token alone."""
        return cls(
            z,
            tuple(map(tuple, prefixes)),
            torch.full((len(z),), temperature),
            torch.tensor(instead_of or [PAD] * len(z), dtype=torch.long),
        )

    @classmethod
    def joined(cls, parts: Sequence[Drafts]) -> Drafts:
        """One after the other; there must be one at least."""
        return cls(
            torch.cat([part.z for part in parts]),
            tuple(prefix for part in parts for prefix in part.prefixes),
            torch.cat([part.temperature for part in parts]),
            torch.cat([part.instead_of for part in parts]),
        )

    def __len__(self) -> int:
        return len(self.z)
