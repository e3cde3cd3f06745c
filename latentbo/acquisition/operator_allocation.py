"""How much of the effort each proposer gets: by what its effort brought lately, quickly, and never nothing.

Which proposer is best differs between tasks and within a campaign. A proposal begins with the shares of measured success
(`success_shares`), and goes on with those of who made the best candidates so far (`standing_shares`); both per unit of
effort: whoever makes most of the candidates also gets most of the picks.

symbol   meaning                                                             shape
s_k      a proposer's share of the candidates when an object was proposed    proposers
w_k      1 if the object was its own and a success, else 0                   proposers
y_k      yield, (1 + sum w_k) / (2 + sum s_k), sums fading with age          proposers
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

import numpy as np

HALF_LIFE = 40.0  # told proposals after which an outcome counts half
FLOOR = 0.2  # of all the shares, spread evenly


OperatorOutcome = tuple[str, bool, Mapping[str, float]]
"""What came of a proposal: who made it, whether it was a success, and the shares that all had then."""


def success_shares(names: Sequence[str], outcomes: Iterable[OperatorOutcome]) -> dict[str, float]:
    """Shares that sum to 1, in proportion to the yields above a floor.

    `outcomes` are told proposals in order. What unknown proposers did is left out.
    """
    wins, effort = dict.fromkeys(names, 0.0), dict.fromkeys(names, 0.0)
    fade = 0.5 ** (1.0 / HALF_LIFE)
    for proposer, success, shares in outcomes:
        if proposer not in wins:
            continue
        for name in names:
            wins[name] = fade * wins[name] + float(success and name == proposer)
            effort[name] = fade * effort[name] + shares.get(name, 0.0)
    return _above_floor({name: (1.0 + wins[name]) / (2.0 + effort[name]) for name in names})


def standing_shares(best: Iterable[str], asked_of: Mapping[str, int]) -> dict[str, float]:
    """Shares that sum to 1 within one proposal, in proportion to (1 + b) / (1 + m) above the same floor.

    b of the `best` candidates so far are by a proposer, which was to make m (`asked_of`). Others among the best are left out.
    """
    own = Counter(best)
    return _above_floor({name: (1.0 + own[name]) / (1.0 + size) for name, size in asked_of.items()})


def _above_floor(yields: Mapping[str, float]) -> dict[str, float]:
    total = sum(yields.values())
    return {name: FLOOR / len(yields) + (1 - FLOOR) * each / total for name, each in yields.items()}


def allocate(n: int, shares: Mapping[str, float], rng: np.random.Generator) -> dict[str, int]:
    """Whole numbers that sum to n, each a share's rounded up or down and right on average.

    The fractions are drawn by systematic resampling.
    """
    names = list(shares)
    edges = np.cumsum([shares[name] for name in names]) / sum(shares.values()) * n
    ticks = np.arange(n) + rng.random()
    slots = np.minimum(np.searchsorted(edges, ticks, side="right"), len(names) - 1)
    return {name: int((slots == i).sum()) for i, name in enumerate(names)}
