"""Which encoder an experiment goes on with, and the box that its parameters live in; JSON-able, without the network."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from ax.core.observation import ObservationFeatures

from latentbo.codecs.base import Reading
from latentbo.errors import InputError, StoreError
from latentbo.integrations.ax.box import LatentBox
from latentbo.models.dkl_vae import DKLVAE
from latentbo.models.pretrained import SHIPPED, load_model


@dataclass(frozen=True, eq=False)
class LatentSpace:
    """A model by name or folder, the id of the weights it must have, and the box. `given` is not stored."""

    source: str
    encoder: str
    box: LatentBox
    given: DKLVAE | None = None

    @classmethod
    def of(cls, source: str, model: DKLVAE | None = None) -> LatentSpace:
        """A space that begins with this model: `load_model(source)`, or the one that is given instead."""
        live = model or load_model(source)
        return cls(source, live.id, LatentBox.around(live.prior), live)

    @cached_property
    def model(self) -> DKLVAE:
        """The live model. Raises `StoreError` if it has not the weights that the experiment goes on with."""
        model = self.given or load_model(self.source)
        if model.id != self.encoder:
            raise StoreError(
                f"this experiment goes on with encoder {self.encoder}, but {self.source!r} is {model.id}: "
                "put that model back, or choose this one with `point_at`"
            )
        return model

    def pointed_at(self, source: str | Path) -> LatentSpace:
        """The same box with another encoder of as many dimensions, say a retrained one."""
        model = load_model(source)
        if model.latent != len(self.box.low):
            raise InputError(
                f"{str(source)!r} has {model.latent} latents, but the search space has {len(self.box.low)}: "
                "begin a new experiment with it"
            )
        name = str(source) if str(source) in SHIPPED else str(Path(source).resolve())
        return replace(self, source=name, encoder=model.id, given=model)

    def place(self, readings: Sequence[Reading]) -> list[dict[str, float]]:
        """The parameters of molecules: where each one is encoded now, in the box as it was at the beginning."""
        return [self.box.point(z) for z in self.model.embed(readings)]

    def to_dict(self) -> dict[str, Any]:
        """For Ax's JSON."""
        low, high = list(self.box.low), list(self.box.high)
        return {"source": self.source, "encoder": self.encoder, "low": low, "high": high}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> LatentSpace:
        return cls(data["source"], data["encoder"], LatentBox(tuple(data["low"]), tuple(data["high"])))


def refuse_fixed(fixed: ObservationFeatures | None) -> None:
    """Parameters cannot be fixed: Ax would pass over that silently."""
    if fixed is not None and fixed.parameters:
        raise InputError(
            f"fixed_parameters {sorted(fixed.parameters)} cannot be kept: a molecule has its whole latent point. "
            "Put what all molecules must have into the rules (`require`, `windows`)"
        )
