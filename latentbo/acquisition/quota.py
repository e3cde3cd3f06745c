"""How many candidates and picks each proposer gets: by its recent success, quickly, and never nothing.

Which proposer is best differs between tasks and within a campaign, and predicted scores do not tell: picking
by score alone starves the latent proposers even where they are the better ones. So measured success decides.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np

HALF_LIFE = 40.0  # told proposals after which an outcome counts half
FLOOR = 0.3  # of all the shares, spread evenly


def success_shares(names: Sequence[str], outcomes: Iterable[tuple[str, bool]]) -> dict[str, float]:
    """Shares that sum to 1, from told proposals in order: (proposer, whether the value was a success).

    Rates are Beta(1, 2) posterior means under exponentially fading counts; outcomes of unknown proposers are
    left out.
    """
    wins, tries = dict.fromkeys(names, 0.0), dict.fromkeys(names, 0.0)
    fade = 0.5 ** (1.0 / HALF_LIFE)
    for name, success in outcomes:
        if name not in wins:
            continue
        for counts in (wins, tries):
            counts.update({key: value * fade for key, value in counts.items()})
        tries[name] += 1.0
        wins[name] += float(success)
    rates = {name: (wins[name] + 1.0) / (tries[name] + 3.0) for name in names}
    total = sum(rates.values())
    return {name: FLOOR / len(rates) + (1 - FLOOR) * rate / total for name, rate in rates.items()}


def allocate(n: int, shares: Mapping[str, float], rng: np.random.Generator) -> dict[str, int]:
    """Whole numbers that sum to n, each a share's rounded up or down and right on average.

    The fractions are drawn by systematic resampling.
    """
    names = list(shares)
    edges = np.cumsum([shares[name] for name in names]) / sum(shares.values()) * n
    ticks = np.arange(n) + rng.random()
    slots = np.minimum(np.searchsorted(edges, ticks, side="right"), len(names) - 1)
    return {name: int((slots == i).sum()) for i, name in enumerate(names)}
