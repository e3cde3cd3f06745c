"""Outcome transforms: values before they are modelled, and predictions in the user's own unit again.

A surrogate needs values that spread over about 1, because tolerances in GPyTorch and BoTorch are absolute: a standard
deviation below 1e-8 counts as none, and a variance is at least 1e-10. Concentrations in mol/l would all look the same. Where
nearly all values lie within a thousandth of the range, a Gaussian process sees the largest one and no way to it. There only
the order of the values is kept.
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
MIDDLE, ALIKE = (0.1, 0.9), 1e-3  # values between these quantiles are alike within this share of the range

Number = TypeVar("Number", float, np.ndarray)


@dataclass(frozen=True)
class Unit:
    """The values themselves, in units of `size`: a power of two, by which nothing is rounded."""

    size: float = 1.0

    def transform(self, values: Float[Tensor, "n 1"]) -> Float[Tensor, "n 1"]:
        """The values as the surrogate is given them."""
        return values / self.size

    def inverse_transform(self, mean: Number, sd: Number) -> tuple[Number, Number]:
        """A prediction in the user's unit."""
        return self.size * mean, self.size * sd


@dataclass(frozen=True, eq=False)
class NormalScores:
    """Normal scores of ranks (van der Waerden 1952): the standard normal quantile of a value's place among all; equal
    values share the middle of their places. `values` are the distinct ones, ascending, and `scores` theirs.
    """

    values: Float[np.ndarray, " k"]
    scores: Float[np.ndarray, " k"]

    @classmethod
    def of(cls, values: Float[np.ndarray, " n"]) -> NormalScores:
        distinct, counts = np.unique(values, return_counts=True)
        middle = (np.cumsum(counts) - counts / 2) / len(values)
        return cls(distinct, torch.special.ndtri(torch.from_numpy(middle)).numpy())

    def transform(self, values: Float[Tensor, "n 1"]) -> Float[Tensor, "n 1"]:
        """As `Unit.transform`; only for values that are among the ranked ones."""
        return torch.from_numpy(self.scores[np.searchsorted(self.values, values.numpy())])

    def inverse_transform(self, mean: Number, sd: Number) -> tuple[Number, Number]:
        """As `Unit.inverse_transform`, interpolated between the ranked values and never beyond them. The sd is half the distance
        between what mean - sd and mean + sd stand for.
        """
        low, middle, high = (
            np.interp(score, self.scores, self.values) for score in (mean - sd, mean, mean + sd)
        )
        return middle, (high - low) / 2


OutcomeTransform = Unit | NormalScores
IDENTITY = Unit()


def outcome_transform_of(values: Float[Tensor, "n 1"]) -> OutcomeTransform:
    """The transform that these values need: none where their range is `ORDINARY`, a unit of their size where it is not,
    ranks where nearly all of them are alike.
    """
    if not len(values):
        return IDENTITY
    known = values[:, 0].numpy()
    reach = float(known.max() - known.min())
    low, high = np.quantile(known, MIDDLE)
    if high - low < ALIKE * reach:
        return NormalScores.of(known)
    if reach == 0.0 or ORDINARY[0] <= reach <= ORDINARY[1]:
        return IDENTITY
    return Unit(2.0 ** math.floor(math.log2(reach)))
