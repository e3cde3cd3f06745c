"""The search space of an Ax experiment over a latent space: z in a box, scaled to [0, 1] along each axis.

The box is fixed when the experiment begins, around the prior of the encoder it begins with. Parameters say where an
object lay; they are never read back for an arm whose object is known, because the object is the identity.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import torch
from ax.api.configs import RangeParameterConfig
from ax.core.parameter import ParameterType, RangeParameter
from ax.core.search_space import SearchSpace
from jaxtyping import Float
from torch import Tensor

from latentbo.data.latents import LATENTS
from latentbo.errors import InputError
from latentbo.models.priors import Prior, spread
from latentbo.types import Latents

REACH = 5.0  # standard deviations of the prior on either side: all of 4,989 molecules of ZINC-250k lie within


@dataclass(frozen=True)
class LatentBox:
    """Lowest and highest z along each axis. Raises `InputError` for bounds that are not finite or cross."""

    low: tuple[float, ...]
    high: tuple[float, ...]

    def __post_init__(self) -> None:
        pairs = list(zip(self.low, self.high, strict=False))
        if len(self.low) != len(self.high) or not all(-math.inf < a < b < math.inf for a, b in pairs):
            raise InputError(f"a latent box needs finite low < high along each axis, not {pairs[:3]} ...")

    @classmethod
    def around(cls, prior: Prior) -> LatentBox:
        """`REACH` standard deviations of the prior on either side of its mean."""
        mean, half = prior.mean().double(), REACH * spread(prior)
        return cls(tuple((mean - half).tolist()), tuple((mean + half).tolist()))

    @property
    def names(self) -> list[str]:
        """z0, z1 ..."""
        return [f"{LATENTS}{i}" for i in range(len(self.low))]

    @property
    def widths(self) -> Float[Tensor, " d"]:
        """Sides, in units of z."""
        low, high = self._edges()
        return high - low

    def parameters(self) -> list[RangeParameterConfig]:
        """For `Client.configure_experiment`."""
        return [
            RangeParameterConfig(name=name, bounds=(0.0, 1.0), parameter_type="float") for name in self.names
        ]

    def point(self, z: Float[Tensor, " d"]) -> dict[str, float]:
        """The parameters of a latent point; one outside the box is moved to its edge."""
        low, _ = self._edges()
        return dict(zip(self.names, ((z - low) / self.widths).clamp(0.0, 1.0).tolist(), strict=True))

    def latents(self, parameters: Mapping[str, object]) -> Latents:
        """The latent point of parameters, 1 x d. Raises `InputError` where some are missing."""
        missing = [name for name in self.names if not isinstance(parameters.get(name), float | int)]
        if missing:
            raise InputError(
                f"parameters {self.names[0]} ... {self.names[-1]} are needed, but {missing[0]} is not there"
            )
        low, _ = self._edges()
        scaled = torch.tensor([[float(str(parameters[name])) for name in self.names]], dtype=torch.float64)
        return low + scaled * self.widths

    def check(self, space: SearchSpace) -> None:
        """Raises `InputError` for a search space that is not this box."""
        expected = (
            f"the search space must be {self.names[0]} ... {self.names[-1]}, real numbers in [0, 1], alone"
        )
        if sorted(space.parameters) != sorted(self.names):
            found = ", ".join(list(space.parameters)[:4])
            raise InputError(f"{expected}; it has {len(space.parameters)} parameters ({found} ...)")
        for name, parameter in space.parameters.items():
            plain = isinstance(parameter, RangeParameter) and parameter.parameter_type == ParameterType.FLOAT
            if not plain or (parameter.lower, parameter.upper, parameter.log_scale) != (0.0, 1.0, False):
                raise InputError(f"{expected}; {name} is {parameter}")
        if space.parameter_constraints:
            raise InputError(f"{expected}; it has constraints on them: put limits on objects into the rules")

    def _edges(self) -> tuple[Float[Tensor, " d"], Float[Tensor, " d"]]:
        return torch.tensor(self.low, dtype=torch.float64), torch.tensor(self.high, dtype=torch.float64)
