"""How values are counted while they are modelled, and predictions in the user's own unit again.

A surrogate wants values that spread over about 1. Tolerances of GPyTorch and BoTorch are absolute: a standard deviation below
1e-8 counts as none, a variance is at least 1e-10, so that concentrations in mol/l would all be the same. And where nearly all
values lie within a thousandth of the range, a Gaussian process sees the largest and no way to it: only their order is left.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

ORDINARY = (1e-2, 1e6)  # ranges of values that are modelled as they are
MIDDLE, ALIKE = (0.1, 0.9), 1e-3  # between which quantiles values may be alike, to which part of the range

Number = TypeVar("Number", float, np.ndarray)


@dataclass(frozen=True)
class Unit:
    """The values themselves, in units of `size`: a power of two, by which nothing is rounded."""

    size: float = 1.0

    def counted(self, values: Float[Tensor, "n 1"]) -> Float[Tensor, "n 1"]:
        """What the models are given of values."""
        return values / self.size

    def told(self, mean: Number, sd: Number) -> tuple[Number, Number]:
        """A prediction in the user's unit."""
        return self.size * mean, self.size * sd


@dataclass(frozen=True, eq=False)
class Ranks:
    """Normal scores of ranks (van der Waerden 1952): the quantile of the standard normal distribution where a value stands
    among all; of equal ones the middle of theirs. `values` are the distinct ones, ascending, and `scores` theirs.
    """

    values: Float[np.ndarray, " k"]
    scores: Float[np.ndarray, " k"]

    @classmethod
    def of(cls, values: Float[np.ndarray, " n"]) -> Ranks:
        distinct, counts = np.unique(values, return_counts=True)
        middle = (np.cumsum(counts) - counts / 2) / len(values)
        return cls(distinct, torch.special.ndtri(torch.from_numpy(middle)).numpy())

    def counted(self, values: Float[Tensor, "n 1"]) -> Float[Tensor, "n 1"]:
        """As `Unit.counted`; of values that stand among the ranked ones."""
        return torch.from_numpy(self.scores[np.searchsorted(self.values, values.numpy())])

    def told(self, mean: Number, sd: Number) -> tuple[Number, Number]:
        """As `Unit.told`: between the ranked values, and not beyond them; sd is half of what lies between mean -+ sd."""
        low, middle, high = (
            np.interp(score, self.scores, self.values) for score in (mean - sd, mean, mean + sd)
        )
        return middle, (high - low) / 2


Scale = Unit | Ranks
AS_THEY_ARE = Unit()


def scale_of(values: Float[Tensor, "n 1"]) -> Scale:
    """The values as they are, where that will do; in a unit of their size, where their range is not `ORDINARY`; their
    ranks, where all but a few are alike beside it.
    """
    if not len(values):
        return AS_THEY_ARE
    told = values[:, 0].numpy()
    reach = float(told.max() - told.min())
    low, high = np.quantile(told, MIDDLE)
    if high - low < ALIKE * reach:
        return Ranks.of(told)
    if reach == 0.0 or ORDINARY[0] <= reach <= ORDINARY[1]:
        return AS_THEY_ARE
    return Unit(2.0 ** math.floor(math.log2(reach)))
