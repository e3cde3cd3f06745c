"""What was measured: objects and their values, without any latent point."""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch
from jaxtyping import Float
from torch import Tensor

from latentbo.data.outcome_transforms import OutcomeTransform, outcome_transform_of
from latentbo.errors import InputError


@dataclass(frozen=True, eq=False)
class Measurements:
    """Canonical objects with one finite value each, larger is better; never a latent point (law 1 of the
    design).

    What failed has a reason instead of a value (law 2) and does not stand here. Raises `InputError` for values that are
    not finite or do not match, and for an object that stands twice.
    """

    objects: tuple[str, ...]
    values: Float[Tensor, "n 1"]

    def __post_init__(self) -> None:
        if self.values.shape != (len(self.objects), 1):
            n, shape = len(self.objects), tuple(self.values.shape)
            raise InputError(f"{n} objects need values of shape {n} x 1, not {shape}")
        if not torch.isfinite(self.values).all():
            raise InputError("measured values must be finite: leave out what failed")
        if len(set(self.objects)) != len(self.objects):
            raise InputError(
                "each object may stand once in Measurements: average repeated measurements first"
            )

    @property
    def outcome_transform(self) -> OutcomeTransform:
        """What these values need before they are modelled."""
        return outcome_transform_of(self.values)

    def transformed(self, outcome_transform: OutcomeTransform) -> Measurements:
        """The same objects with transformed values."""
        return replace(self, values=outcome_transform.transform(self.values))

    def best(self, n: int) -> tuple[str, ...]:
        """The n objects with the largest values, best first; all where there are fewer."""
        order = self.values[:, 0].argsort(descending=True, stable=True)[:n]
        return tuple(self.objects[row] for row in order.tolist())

    def __len__(self) -> int:
        return len(self.objects)
