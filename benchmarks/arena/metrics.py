"""What a trace of values is worth. A trace has one number a call in order; NaN is a call that brought no value.

    symbol  meaning
    B       budget in calls
    t(c)    mean of the k best values among the first c calls (of all there are, where fewer than k; 0 of none)

    AUC-topk = 1/B * sum of trapezoids under t at c = 0, 100, 200, ..., B, with t = 0 at c = 0

This is `top_auc` of the PMO benchmark (Gao et al. 2022, arXiv:2206.12411; github.com/wenhao-gao/mol_opt). A run that ends
early at n < B calls has a last trapezoid at n, and t(n) is held from n to B. Values below 0 are taken as they are.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from latentbo.errors import InputError

FREQUENCY = 100  # calls between two samples of t


def auc_top_k(trace: Sequence[float], k: int, budget: int, *, frequency: int = FREQUENCY) -> float:
    """The area above, in units of the value. Raises `InputError` for a trace longer than the budget."""
    if min(k, budget, frequency) < 1:
        raise InputError(f"k, budget and frequency must be at least 1, not {k}, {budget}, {frequency}")
    if len(trace) > budget:
        raise InputError(
            f"a trace of at most {budget} calls was expected, not {len(trace)}: cut it or raise the budget"
        )
    knots = [*range(0, len(trace), frequency), len(trace)]
    heights = [0.0, *(top_k_at(trace, k, calls) for calls in knots[1:])]
    area = sum((knots[i + 1] - knots[i]) * (heights[i] + heights[i + 1]) / 2.0 for i in range(len(knots) - 1))
    return (area + (budget - len(trace)) * top_k_at(trace, k, len(trace))) / budget


def top_k_at(trace: Sequence[float], k: int, calls: int) -> float:
    """t(calls). Beyond the end of the trace its last value is held."""
    found = sorted((value for value in trace[:calls] if not math.isnan(value)), reverse=True)[:k]
    return sum(found) / len(found) if found else 0.0


def best_at(trace: Sequence[float], calls: int) -> float:
    """The best value among the first `calls` calls; NaN where none has a value."""
    found = [value for value in trace[:calls] if not math.isnan(value)]
    return max(found, default=math.nan)


def best_so_far(trace: Sequence[float], length: int) -> np.ndarray:
    """`best_at` for 1 ... length calls; the last value is held beyond the end of the trace."""
    known = np.full(length, -np.inf)
    known[: len(trace)] = [-np.inf if math.isnan(value) else value for value in trace[:length]]
    running = np.maximum.accumulate(known)
    return np.where(np.isneginf(running), np.nan, running)


def improvements(trace: Sequence[float]) -> str:
    """What draws `best_so_far`: call and value of each new best, as "1:0.2 17:0.31"."""
    best, found = -math.inf, []
    for call, value in enumerate(trace, start=1):
        if value > best:
            best = value
            found.append(f"{call}:{value:.6g}")
    return " ".join(found)


def improved_trace(text: str) -> list[float]:
    """A trace with those improvements, and calls without a value between them."""
    points = [(int(call), float(value)) for call, value in (each.split(":") for each in text.split())]
    trace = [math.nan] * max((call for call, _ in points), default=0)
    for call, value in points:
        trace[call - 1] = value
    return trace


def regret(trace: Sequence[float], optimum: float, length: int) -> np.ndarray:
    """What the best so far lacks of `optimum` after 1 ... length calls; at least 0 where `optimum` is a bound."""
    return optimum - best_so_far(trace, length)
