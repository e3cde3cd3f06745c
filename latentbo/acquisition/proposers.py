"""Where candidates come from: a proposer turns what is known into points or objects worth scoring, and scores none.

Points are decoded and strings read, each into a canonical object or a reason.

proposer   what it makes
perturb    parents moved inside the region
path       points between two parents
mix        points with some axes of one parent and the others of another
prior      draws from the prior
resample   what else the decoder could write at a parent's point
regrow     a parent's beginning, and an end that the decoder writes
substitute a parent with one token replaced by another that the decoder finds likely there

symbol   meaning                                                shape
z_e      elites: the parents, best first, as they encode now    k x d
s        standard deviation of the prior along each axis        d
L        side length of the trust region                        scalar
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import torch
from jaxtyping import Float
from torch import Tensor

from latentbo.codecs.vocabulary import END
from latentbo.kinds.base import Edit
from latentbo.models.dkl_vae import DKLVAE
from latentbo.models.drafts import Drafts
from latentbo.models.geometry import great_arc
from latentbo.rng import numpy_stream
from latentbo.torch_rng import stream
from latentbo.types import Latents


@dataclass(frozen=True, eq=False)
class Parents:
    """What proposers start from: the model, and elites best first, with their latents under that model."""

    model: DKLVAE
    objects: tuple[str, ...]
    z: Latents
    length: float
    axes: Float[Tensor, " d"]
    """Relative extent of the region along each axis (ARD), geometric mean 1, times the prior's sd."""

    def joined(self, objects: Sequence[str], z: Latents) -> Parents:
        """These and others, both best first, in turn: the best of these, the best of the others, the second ..."""
        own = len(self.objects)
        order = sorted(range(own + len(objects)), key=lambda row: row - own if row >= own else row)
        names = (*self.objects, *objects)
        return replace(self, objects=tuple(names[row] for row in order), z=torch.cat([self.z, z])[order])

    def pick(self, n: int, generator: torch.Generator) -> Tensor:
        """Row numbers of n parents, better ones more often: weight 1 / (rank + 3)."""
        weights = 1.0 / (torch.arange(len(self.objects), dtype=torch.float64) + 3.0)
        return torch.multinomial(weights, n, replacement=True, generator=generator)

    def tokens(self, rows: Tensor) -> list[tuple[int, ...]]:
        """Those of the parents in these rows."""
        unique = {row: self.objects[row] for row in rows.tolist()}
        readings = self.model.codec.read(list(unique.values()))
        of = {row: reading.tokens for row, reading in zip(unique, readings, strict=True)}
        return [of[row] for row in rows.tolist()]


Made = Latents | Drafts | list[str]
"""What a proposer gives: latent points to decode greedily, what the decoder is to write otherwise, or objects as strings."""


class Proposer(Protocol):
    """Owned by the pool (`propose`): candidates, about n; `seed` decides every random choice.

    What is to be decoded, the pool decodes together with that of the other proposers.
    """

    def __call__(self, parents: Parents, n: int, seed: int) -> Made: ...


def perturb(parents: Parents, n: int, seed: int) -> Latents:
    """Parents moved by Gaussian steps inside the region, step sizes log-uniform over a decade, on a random
    part of the axes.

    Several sizes at once because how far one must go before the decode changes differs from place to place.
    """
    generator = stream(seed, "perturb")
    rows = parents.pick(n, generator)
    sizes = 0.05 * parents.length * 10 ** torch.rand(n, 1, generator=generator, dtype=torch.float64)
    share = torch.rand(n, 1, generator=generator, dtype=torch.float64).clamp(min=0.1)
    axes = torch.rand(n, parents.z.shape[1], generator=generator, dtype=torch.float64) < share
    noise = torch.randn(n, parents.z.shape[1], generator=generator, dtype=torch.float64) * axes / share.sqrt()
    return parents.z[rows] + sizes * 2.0 * parents.axes * noise


def path(parents: Parents, n: int, seed: int) -> Latents:
    """Points between two parents and a little beyond: half on straight lines, half on great arcs (slerp)
    about the prior's mean, which keep to the shell where a high-dimensional Gaussian has its mass.
    """
    generator = stream(seed, "path")
    first, second = parents.pick(n, generator), parents.pick(n, generator)
    share = 1.2 * torch.rand(n, 1, generator=generator, dtype=torch.float64)
    a, b = parents.z[first], parents.z[second]
    centre = parents.model.prior.mean().double()
    straight = torch.lerp(a, b, share)
    curved = great_arc(a, b, share, centre)
    return torch.where(torch.arange(n)[:, None] % 2 == 0, straight, curved)


def prior(parents: Parents, n: int, seed: int) -> Latents:
    """Fresh draws from the prior: what keeps the search from never leaving home. All of them: the acquisition
    chooses better than `DKLVAE.sample` does.
    """
    return parents.model.prior.sample(n, stream(seed, "prior")).double()


def mix(parents: Parents, n: int, seed: int) -> Latents:
    """Each axis from one of two parents, and a small step in the region (uniform crossover in z)."""
    generator = stream(seed, "mix")
    first, second = parents.pick(n, generator), parents.pick(n, generator)
    a, b = parents.z[first], parents.z[second]
    share = torch.rand(n, 1, generator=generator, dtype=torch.float64)
    from_first = torch.rand(a.shape, generator=generator, dtype=torch.float64) < share
    noise = torch.randn(a.shape, generator=generator, dtype=torch.float64)
    return torch.where(from_first, a, b) + 0.1 * parents.length * parents.axes * noise


def resample(parents: Parents, n: int, seed: int) -> Drafts:
    """What else the decoder could write at a parent's own point: drawn at the temperature `HOT`."""
    z = parents.z[parents.pick(n, stream(seed, "resample"))]
    return Drafts.drawn(z, [()] * n)


def regrow(parents: Parents, n: int, seed: int) -> Drafts:
    """A parent's first tokens, and the rest as the decoder writes it, half at the parent's own latent point and half at
    another parent's.
    """
    generator = stream(seed, "regrow")
    first, second = parents.pick(n, generator), parents.pick(n, generator)
    rows = parents.tokens(first)
    prefixes = [row[:place] for row, place in zip(rows, _places(rows, generator), strict=True)]
    own = torch.arange(n)[:, None] % 2 == 0
    return Drafts.drawn(torch.where(own, parents.z[first], parents.z[second]), prefixes)


def substitute(parents: Parents, n: int, seed: int) -> Drafts:
    """A parent with one token replaced by another that the decoder could have written there. The rest is what it finds
    likeliest after that at the parent's point, which leads back to the parent where it can.
    """
    generator = stream(seed, "substitute")
    chosen = parents.pick(n, generator)
    rows = [(*row, END) for row in parents.tokens(chosen)]
    places = _places(rows, generator)
    return Drafts.drawn(
        parents.z[chosen],
        [row[:place] for row, place in zip(rows, places, strict=True)],
        instead_of=[row[place] for row, place in zip(rows, places, strict=True)],
    )


def _places(rows: Sequence[Sequence[int]], generator: torch.Generator) -> list[int]:
    """A place in each row, evenly at random."""
    shares = torch.rand(len(rows), generator=generator, dtype=torch.float64).tolist()
    return [int(share * len(row)) for row, share in zip(rows, shares, strict=True)]


@dataclass(frozen=True)
class Edits:
    """Edits of the parents' structure outside the latent space (mutation, crossover)."""

    edit: Edit

    def __call__(self, parents: Parents, n: int, seed: int) -> list[str]:
        rows = parents.pick(n, stream(seed, "parents")).tolist()
        return self.edit([parents.objects[row] for row in rows], n, numpy_stream(seed, "edits"))


def edits_among(proposers: Mapping[str, Proposer]) -> frozenset[str]:
    """The names of those that edit structure, outside the latent space."""
    return frozenset(name for name, proposer in proposers.items() if isinstance(proposer, Edits))


LATENT_PROPOSERS: dict[str, Proposer] = {
    "perturb": perturb,
    "path": path,
    "prior": prior,
    "mix": mix,
    "regrow": regrow,
    "resample": resample,
    "substitute": substitute,
}


def proposers_of(edits: Mapping[str, Edit]) -> dict[str, Proposer]:
    """Who fills the pool if nobody else is named: all that move in the latent space, and a kind's own edits."""
    return {**LATENT_PROPOSERS, **{name: Edits(edit) for name, edit in edits.items()}}
