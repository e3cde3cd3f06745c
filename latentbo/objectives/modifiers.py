"""Shapes that turn a property into a desirability in [0, 1], and the mean that joins desirabilities.

The vocabulary of GuacaMol (Brown et al. 2019, arXiv:1811.09621).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable

Modifier = Callable[[float], float]


def gaussian(mu: float, sigma: float) -> Modifier:
    """exp(-((x - mu) / sigma)² / 2): 1 at mu alone."""
    return lambda x: math.exp(-0.5 * ((x - mu) / sigma) ** 2)


def min_gaussian(mu: float, sigma: float) -> Modifier:
    """1 up to mu, `gaussian` above it: small is good."""
    bell = gaussian(mu, sigma)
    return lambda x: bell(max(x, mu))


def max_gaussian(mu: float, sigma: float) -> Modifier:
    """1 from mu on, `gaussian` below it: large is good."""
    bell = gaussian(mu, sigma)
    return lambda x: bell(min(x, mu))


def clipped(upper: float) -> Modifier:
    """x / upper, held within [0, 1]."""
    return lambda x: min(max(x / upper, 0.0), 1.0)


def geometric_mean(values: Iterable[float], count: int) -> float:
    """The geometric mean of `count` non-negative numbers; nothing is read after the first 0.

    Roots are taken before the product: a product of four values of 1e-100 would underflow to 0.
    """
    mean = 1.0
    for value in values:
        if value == 0.0:
            return 0.0
        mean *= value ** (1.0 / count)
    return mean
