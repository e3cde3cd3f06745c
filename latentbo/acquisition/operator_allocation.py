"""How much of the effort each proposer gets: by what its effort brought lately, quickly, and never nothing.

Which proposer is best differs between tasks and within a campaign, and predicted scores do not tell. So measured
success decides, per unit of effort: whoever makes most of the candidates also gets most of the picks.

symbol   meaning                                                             shape
s_k      a proposer's share of the candidates when an object was proposed    proposers
w_k      1 if the object was its own and a success, else 0                   proposers
y_k      yield, (1 + sum w_k) / (2 + sum s_k), sums fading with age          proposers
"""

from __future__ import annotations

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
    yields = {name: (1.0 + wins[name]) / (2.0 + effort[name]) for name in names}
    total = sum(yields.values())
    return {name: FLOOR / len(names) + (1 - FLOOR) * yields[name] / total for name in names}


def allocate(n: int, shares: Mapping[str, float], rng: np.random.Generator) -> dict[str, int]:
    """Whole numbers that sum to n, each a share's rounded up or down and right on average.

    The fractions are drawn by systematic resampling.
    """
    names = list(shares)
    edges = np.cumsum([shares[name] for name in names]) / sum(shares.values()) * n
    ticks = np.arange(n) + rng.random()
    slots = np.minimum(np.searchsorted(edges, ticks, side="right"), len(names) - 1)
    return {name: int((slots == i).sum()) for i, name in enumerate(names)}
