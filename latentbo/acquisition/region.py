"""The trust region, a frozen state and a pure update (TuRBO: Eriksson et al. 2019, arXiv:1910.01739).

symbol   meaning                                                        shape
L        side length, in units of the prior's latent box (1 spans it)   scalar
z_c      centre: the incumbent, encoded by the live encoder             d
l        ARD lengthscales of the surrogate's latent term                d
w        the prior's box widths                                         d
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from latentbo.errors import InputError

if TYPE_CHECKING:  # a campaign's state holds a region, and is read without torch
    from jaxtyping import Float
    from torch import Tensor


@dataclass(frozen=True)
class TrustRegion:
    """Side length and the counters that move it. One `update` a batch of told values.

    `first` is the length to restart at; left out, it is the length given at construction.
    """

    length: float = 0.8
    successes: int = 0
    failures: int = 0
    restarts: int = 0
    success_tolerance: int = 3
    failure_tolerance: int = 4
    shortest: float = 0.05
    longest: float = 1.6
    first: float | None = None

    def __post_init__(self) -> None:
        if self.first is None:
            object.__setattr__(self, "first", self.length)
        for length in (self.length, self.first):
            if length is None or not 0 < self.shortest <= length <= self.longest:
                raise InputError(
                    "a region needs 0 < shortest <= length <= longest, "
                    f"not {self.shortest}, {length}, {self.longest}"
                )
        if self.success_tolerance < 1 or self.failure_tolerance < 1:
            raise InputError(
                "tolerances count batches and must be at least 1, "
                f"not {self.success_tolerance}, {self.failure_tolerance}"
            )

    def update(self, *, best_before: float, best_of_batch: float) -> TrustRegion:
        """After a batch: a success is a gain of more than a thousandth of the best value's size. Doubles
        after `success_tolerance` successes in a row, halves after `failure_tolerance` failures, and restarts
        at its first length once it would fall below `shortest`.
        """
        if best_of_batch > best_before + 1e-3 * abs(best_before):
            if self.successes + 1 < self.success_tolerance:
                return replace(self, successes=self.successes + 1, failures=0)
            return replace(self, length=min(2 * self.length, self.longest), successes=0, failures=0)
        if self.failures + 1 < self.failure_tolerance:
            return replace(self, failures=self.failures + 1, successes=0)
        if self.length / 2 < self.shortest:
            length = self.length if self.first is None else self.first
            return replace(self, length=length, successes=0, failures=0, restarts=self.restarts + 1)
        return replace(self, length=self.length / 2, successes=0, failures=0)

    def sides(self, lengthscales: Float[Tensor, " d"], widths: Float[Tensor, " d"]) -> Float[Tensor, " d"]:
        """Side along each axis, L w_i l_i / (prod_j l_j)^(1/d): long where the value varies slowly."""
        return self.length * widths * lengthscales / lengthscales.log().mean().exp()

    def box(
        self, centre: Float[Tensor, " d"], lengthscales: Float[Tensor, " d"], bounds: Float[Tensor, "2 d"]
    ) -> Float[Tensor, "2 d"]:
        """Lower and upper corner around the centre."""
        half = 0.5 * self.sides(lengthscales, bounds[1] - bounds[0])
        return centre + half * half.new_tensor([[-1.0], [1.0]])
