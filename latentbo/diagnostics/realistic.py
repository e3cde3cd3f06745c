"""Whether what a model of molecules makes looks like molecules that people make, near known ones and in samples.

`chemistry.realism` says what is realistic, and by its table how often each ring system occurs in ZINC-250k.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import torch

from latentbo.chemistry.realism import ring_counts, ring_systems, unrealistic
from latentbo.codecs.base import Reading
from latentbo.models.dkl_vae import DKLVAE
from latentbo.models.priors import spread
from latentbo.torch_rng import stream

NOISE = (0.1, 0.2, 0.4, 0.8)  # standard deviations of the prior


@dataclass(frozen=True)
class Nearby:
    """Of decodes near known molecules, all levels of noise together.

    `valid` is the share that are molecules at all; `realistic` the share of realistic ones among those that are valid and
    another molecule than the centre (NaN where none is).
    """

    valid: float
    realistic: float


def nearby(model: DKLVAE, centres: Sequence[Reading], seed: int) -> Nearby:
    """Decode around known molecules as a search does, by `DKLVAE.decode` with all it tries.

    z + s * sd * e is decoded for each centre z and each s of `NOISE`, with sd the prior's standard deviation along each axis
    and e ~ N(0, I), drawn anew for each. Both shares are averages over the levels: `valid` weighs them alike, `realistic`
    by how many of their decodes have changed. A centre is compared with itself, not with its own decode: what comes back as
    another molecule is what a search would be given.
    """
    z = model.embed(centres)
    noise = torch.randn(
        (len(NOISE), *z.shape), generator=stream(seed, "nearby"), dtype=z.dtype
    )  # levels x n x d
    levels = torch.tensor(NOISE, dtype=z.dtype)[:, None, None]
    found = model.decode((z + levels * spread(model.prior) * noise).flatten(0, 1))
    homes = [centre.object for centre in centres] * len(NOISE)
    valid = [(home, each.object) for home, each in zip(homes, found, strict=True) if each.object is not None]
    changed = [name for home, name in valid if name != home]
    return Nearby(len(valid) / max(1, len(found)), realistic_share(changed))


def realistic_share(objects: Sequence[str]) -> float:
    """Share of canonical SMILES that are realistic; NaN of none."""
    return sum(unrealistic(name) is None for name in objects) / len(objects) if objects else float("nan")


def ring_systems_tv(objects: Iterable[str]) -> float:
    """Total variation distance between the frequencies of ring systems in these molecules and in ZINC-250k.

    A ring system counts once a molecule. Few molecules lie far from any corpus, their own included: compare only with as many
    others.
    """
    return total_variation(
        Counter(system for name in objects for system in ring_systems(name)), ring_counts()
    )


def total_variation(a: Mapping[str, int], b: Mapping[str, int]) -> float:
    """0.5 * sum |p - q| of two tables of counts, each normalised to sum to one: within 0 and 1. 1 where one is empty."""
    total_a, total_b = sum(a.values()), sum(b.values())
    if not total_a or not total_b:
        return 1.0
    return 0.5 * sum(abs(a.get(name, 0) / total_a - b.get(name, 0) / total_b) for name in a.keys() | b.keys())
