"""Random screening: what measuring molecules drawn blindly from a pool would have found."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
from jaxtyping import Float, Int

from latentbo.errors import InputError


def screening_band(
    values: Float[np.ndarray, " N"], calls: int, *, low: float = 0.1, high: float = 0.9
) -> pd.DataFrame:
    """Quantiles of the best of k = 1 ... `calls` molecules drawn without replacement from a pool of N.

    Columns `calls`, `low`, `median`, `high`. They are exact; nothing is drawn. NaN in `values` is a molecule
    whose measurement failed: drawing it costs a call and brings no value, and a quantile that falls on draws
    without any value is NaN. A quantile q is the smallest value v with P(best <= v) >= q.

        symbol  meaning                                                   range
        j       number of pool members that are no better than v          1 ... N
        F(j)    P(best of k <= v) = C(j, k) / C(N, k): all k among the j  0 (j < k) ... 1 (j = N)

    F grows with j: the smallest j with F(j) >= q is found by bisection, for all k at once, and v is the j-th
    smallest value.

    Raises `InputError` for an infinite value, an empty pool, more calls than the pool has members, or
    quantiles outside 0 < low < high < 1.
    """
    pool = np.sort(np.where(np.isnan(values), -np.inf, values))
    n = len(pool)
    if np.isinf(values).any():
        raise InputError("screened values must be finite, or NaN where a measurement failed: one is infinite")
    if not 1 <= calls <= n:
        raise InputError(
            f"calls must be from 1 to the {n} values of the pool, not {calls}: screen more, or ask for fewer"
        )
    if not 0 < low < high < 1:
        raise InputError(f"quantiles must satisfy 0 < low < high < 1, not low={low}, high={high}")
    k = np.arange(1, calls + 1)
    frame = {"calls": k}
    for name, q in (("low", low), ("median", 0.5), ("high", high)):
        best = pool[_smallest(n, k, q) - 1]
        frame[name] = np.where(np.isneginf(best), np.nan, best)
    return pd.DataFrame(frame)


def _smallest(n: int, k: Int[np.ndarray, " k"], q: float) -> Int[np.ndarray, " k"]:
    """For each k the smallest j of k ... n with C(j, k) / C(n, k) >= q."""
    log_factorial = np.array([math.lgamma(i + 1) for i in range(n + 1)])
    whole = log_factorial[n] - log_factorial[n - k]
    # The rounding of log-factorials must not decide a tie: n = 10, k = 1, q = 0.1 is j = 1 exactly.
    wanted = math.log(q) - 1e-14 * max(10.0, log_factorial[n])
    below, found = k - 1, np.full_like(k, n)
    while (found - below > 1).any():
        middle = np.maximum((below + found) // 2, k)
        enough = log_factorial[middle] - log_factorial[middle - k] - whole >= wanted
        below, found = np.where(enough, below, middle), np.where(enough, middle, found)
    return found
