"""One seed, any number of independent named streams.

A stream is found by its name, never by how much another stream has used: `stream(seed, "ask", 7)` is the same
numbers whether rounds 0-6 ran in this process or in one that was killed yesterday. That is what makes a
resumed campaign propose what an uninterrupted one would have proposed. Those of torch are in `torch_rng`.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Mapping, Sequence
from typing import TypeVar

import numpy as np

T = TypeVar("T")


def fresh_seed() -> int:
    """A seed nobody chose, to be stored by whoever asked for it."""
    return secrets.randbelow(2**31)


def derive(seed: int, *path: str | int) -> int:
    """The 63-bit seed of the stream that `path` names."""
    text = "/".join(map(str, (seed, *path)))
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big") >> 1


def numpy_stream(seed: int, *path: str | int) -> np.random.Generator:
    """A numpy generator of the named stream."""
    return np.random.default_rng(derive(seed, *path))


def draw(rng: np.random.Generator, weights: Mapping[T, float]) -> T:
    """One key, with probability in proportion to its weight."""
    left = rng.random() * sum(weights.values())
    for key, weight in weights.items():
        left -= weight
        if left < 0:
            return key
    return key


def pick(rng: np.random.Generator, places: Sequence[T]) -> T:
    """One of the places, each as likely. There must be one."""
    return places[int(rng.integers(len(places)))]
