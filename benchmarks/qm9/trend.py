"""A trend that is known before anything is learnt: values as a sum over counts, so that a surrogate learns the rest.

symbol   meaning                                       shape
u        numbers known of each object (group counts)   n x q
y        values                                        n x 1
W, b     weights and intercept; y is about W u + b     q, 1
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from latentbo.errors import InputError
from latentbo.types import Values


@dataclass(frozen=True, eq=False)
class LinearTrend:
    """W and b; a call gives the trend at u, or raises `InputError` for u of another width."""

    weights: Float[Tensor, "q 1"]
    intercept: float

    def __call__(self, u: Float[Tensor, "n q"]) -> Values:
        if u.shape[-1] != len(self.weights):
            raise InputError(
                f"a trend over {len(self.weights)} numbers was asked for objects with {u.shape[-1]}"
            )
        return u.double() @ self.weights + self.intercept

    @classmethod
    def fitted(cls, u: Float[Tensor, "n q"], y: Float[Tensor, "m 1"]) -> LinearTrend:
        """Least squares; of many solutions (counts that go together) the one with the smallest weights.

        Raises `InputError` for numbers that are not finite and for rows that do not match.
        """
        if len(u) != len(y) or not len(y):
            raise InputError(f"a trend needs as many rows of numbers as values, not {len(u)} and {len(y)}")
        if not torch.isfinite(u).all() or not torch.isfinite(y).all():
            raise InputError(
                "a trend is fitted to finite numbers: leave out rows that have NaN or infinite ones"
            )
        centre, mean = u.double().mean(0), y.double().mean()
        weights = torch.linalg.lstsq(u.double() - centre, y.double() - mean, driver="gelsd").solution
        return cls(weights, float(mean - centre @ weights[:, 0]))
