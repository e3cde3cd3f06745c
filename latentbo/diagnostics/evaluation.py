"""What makes a latent space worth searching: it reconstructs, it has no holes, it is smooth.

Each measure takes a `DKLVAE` and returns plain numbers. Chemistry comes in only through callables
(properties, similarity), so that the same measures serve any codec.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from latentbo.codecs.base import Codec, Reading
from latentbo.kinds.base import Similarity
from latentbo.models.dkl_vae import BATCH, DKLVAE
from latentbo.models.hypotheses import TokenRow
from latentbo.models.padding import pad
from latentbo.torch_rng import stream

ACTIVE = 0.01  # a unit is active when the variance of its mean over the data exceeds this (Burda et al. 2016)
WRITTEN = 100  # spellings that `smoothness` writes between two looks at whether it knows enough


@dataclass(frozen=True)
class Reconstruction:
    """Encoder mean, then decode.

    `exact_match`: the same canonical object comes back from greedy decoding; `exact_match_beam`: from the beam
    search that `DKLVAE.decode` does. `token_accuracy`: teacher-forced share of right tokens, END counted,
    padding not; it flatters, because each token follows the true ones. `decodes_per_second` is of greedy
    decoding alone (what it writes need not be an object), `beam_decodes_per_second` of `DKLVAE.decode_tokens`,
    `objects_per_second` of that and its canonical objects. Where the codec is not robust, those two, and both exact matches,
    include the search with the encoder's help (`models.hypotheses`); `exact_match_unaided` is greedy decoding without it.
    """

    exact_match: float
    exact_match_beam: float
    exact_match_unaided: float
    token_accuracy: float
    active_units: int
    posterior_sd: float
    encodes_per_second: float
    decodes_per_second: float
    beam_decodes_per_second: float
    objects_per_second: float


@torch.no_grad()
def reconstruction(model: DKLVAE, readings: Sequence[Reading]) -> Reconstruction:
    """Over readable objects. Speeds are of this process: tokens to z, z to tokens, z to canonical objects."""
    write, n = _Writer(model.codec), len(readings)
    began = time.perf_counter()
    z = model.embed(readings)
    encoded = time.perf_counter()
    unaided = model.raw_tokens(z, width=1)
    spelled = time.perf_counter()
    searched = model.decode_tokens(z)
    found = time.perf_counter()
    back = write(searched)
    written = time.perf_counter()
    greedy = model.decode_tokens(z, width=1)
    right = total = 0
    deviations: list[Tensor] = []
    for start in range(0, len(readings), BATCH):
        part = slice(start, start + BATCH)
        tokens = pad([reading.tokens for reading in readings[part]]).to(model.device)
        hits, counted = model.vae.token_hits(z[part].float().to(model.device), tokens)
        right, total = right + hits, total + counted
        deviations.append((0.5 * model.vae.encode(tokens).log_variance).exp().mean(1))
    return Reconstruction(
        exact_match=_share_equal(readings, write(greedy)),
        exact_match_beam=_share_equal(readings, back),
        exact_match_unaided=_share_equal(readings, write(unaided)),
        token_accuracy=right / total,
        active_units=int((z.var(0) > ACTIVE).sum()),
        posterior_sd=float(torch.cat(deviations).mean()),
        encodes_per_second=n / (encoded - began),
        decodes_per_second=n / (spelled - encoded),
        beam_decodes_per_second=n / (found - spelled),
        objects_per_second=n / (written - spelled),
    )


def share_that_comes_back(model: DKLVAE, readings: Sequence[Reading]) -> float:
    """Share of readable objects that are what `DKLVAE.decode` makes of their own latent points; 0 of none."""
    return _share_equal(readings, model.decode(model.embed(readings)))


def share_written_at_once(model: DKLVAE, readings: Sequence[Reading]) -> float:
    """Share of readable objects that the network writes greedily at their own latent points, without a second try; 0 of none."""
    names = model.decode_objects(model.embed(readings))
    pairs = zip(readings, names, strict=True)
    return sum(reading.object == name for reading, (name, _) in pairs) / max(1, len(readings))


def _share_equal(readings: Sequence[Reading], back: Sequence[Reading]) -> float:
    return sum(a.object == b.object for a, b in zip(readings, back, strict=True)) / max(1, len(readings))


@dataclass(frozen=True)
class Samples:
    """Of draws from the prior, by `DKLVAE.sample`.

    `unique` and `new` are shares of the valid ones; `fixed_points` the share of valid ones that come back
    unchanged through encode - decode; `kolmogorov_smirnov` the distance of each property's distribution to
    the data's. `objects` are the valid ones in the order in which they were drawn.
    """

    valid: float
    unique: float
    new: float
    fixed_points: float
    kolmogorov_smirnov: dict[str, float]
    objects: tuple[str, ...]


def samples(
    model: DKLVAE,
    n: int,
    seed: int,
    *,
    known: set[str],
    properties: Callable[[Sequence[str]], dict[str, np.ndarray]],
    reference: dict[str, np.ndarray],
) -> Samples:
    """Of n draws. `known` are the objects of training; `reference` holds property values of held-out data."""
    write = _Writer(model.codec)
    drawn = model.sample(n, stream(seed, "samples"))
    valid = [reading for reading in drawn if reading.ok]
    objects = [reading.object for reading in valid if reading.object is not None]
    back = write(model.decode_tokens(model.embed(valid))) if valid else []
    values = properties(objects)
    return Samples(
        valid=len(valid) / n,
        unique=len(set(objects)) / max(1, len(valid)),
        new=sum(text not in known for text in objects) / max(1, len(valid)),
        fixed_points=_share_equal(valid, back),
        kolmogorov_smirnov={name: ks_distance(values[name], reference[name]) for name in reference},
        objects=tuple(objects),
    )


def ks_distance(a: np.ndarray, b: np.ndarray) -> float:
    """Two-sample Kolmogorov-Smirnov statistic: the largest gap between empirical distribution functions."""
    if not len(a) or not len(b):
        return 1.0
    a, b = np.sort(a), np.sort(b)
    grid = np.concatenate([a, b])
    below_a = np.searchsorted(a, grid, side="right") / len(a)
    below_b = np.searchsorted(b, grid, side="right") / len(b)
    return float(np.abs(below_a - below_b).max())


@dataclass(frozen=True)
class Smoothness:
    """Around held-out centres, along random directions.

    `half_changed_step` is the step (latent units) at which half of the decodes differ from the centre;
    `half_changed_similarity` the mean similarity to the centre of the decodes that differ there. A space
    where half never differ has an infinite step and no similarity (NaN).
    """

    half_changed_step: float
    half_changed_similarity: float


def smoothness(
    model: DKLVAE,
    centres: Sequence[Reading],
    similarity: Similarity,
    seed: int,
    *,
    directions: int = 20,
    bisections: int = 12,
) -> Smoothness:
    """Find the step by bisection over common random directions.

    A centre is compared with its own decode, so that an object that is not reconstructed does not count as
    change.
    """
    z = model.embed(centres)
    rays = torch.randn(len(z), directions, model.latent, generator=stream(seed, "directions"), dtype=z.dtype)
    rays = rays / rays.norm(dim=-1, keepdim=True)
    write = _Writer(model.codec)
    homes = [row for row in model.decode_tokens(z) for _ in range(directions)]
    half = len(homes) / 2

    def around(step: float) -> list[tuple[TokenRow, TokenRow]]:
        """Centre and neighbour of those that are spelled differently."""
        rows = model.decode_tokens((z[:, None] + step * rays).flatten(0, 1))
        return [pair for pair in zip(homes, rows, strict=True) if pair[0] != pair[1]]

    low, high = 0.0, 4.0 * float(z.std()) * model.latent**0.5
    for _ in range(bisections):
        middle = 0.5 * (low + high)
        if _at_least(half, around(middle), write):
            high = middle
        else:
            low = middle
    pairs = _differing(around(high), write)
    if len(pairs) < half:
        return Smoothness(float("inf"), float("nan"))
    others: dict[str, list[str]] = {}
    for home, other in pairs:
        if home and other:
            others.setdefault(home, []).append(other)
    scores = [score for home, group in others.items() for score in similarity(home, group)]
    return Smoothness(high, float(np.mean(scores)) if scores else float("nan"))


def _at_least(wanted: float, pairs: Sequence[tuple[TokenRow, TokenRow]], write: _Writer) -> bool:
    """Whether so many pairs are different objects; writing is slow and goes on only while that is open."""
    found = 0
    for start in range(0, len(pairs), WRITTEN):
        if found >= wanted or found + len(pairs) - start < wanted:
            break
        found += len(_differing(pairs[start : start + WRITTEN], write))
    return found >= wanted


def _differing(pairs: Sequence[tuple[TokenRow, TokenRow]], write: _Writer) -> list[tuple[str, str]]:
    """The pairs as objects ("" for none), without those that are two spellings of one."""
    written = zip(write([home for home, _ in pairs]), write([other for _, other in pairs]), strict=True)
    objects = [(home.object or "", other.object or "") for home, other in written]
    return [pair for pair in objects if pair[0] != pair[1]]


class _Writer:
    """`Codec.write` that remembers: near a centre the same spellings come up again and again."""

    def __init__(self, codec: Codec) -> None:
        self._codec = codec
        self._written: dict[TokenRow, Reading] = {}

    def __call__(self, rows: Sequence[TokenRow]) -> list[Reading]:
        new = [row for row in dict.fromkeys(rows) if row not in self._written]
        self._written.update(zip(new, self._codec.write(new), strict=True))
        return [self._written[row] for row in rows]
