"""Which encoder an experiment goes on with, and the box that its parameters lie in; JSON-able, without the network."""

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
from latentbo.kinds.base import Kind
from latentbo.kinds.cards import SHIPPED
from latentbo.models.dkl_vae import DKLVAE
from latentbo.models.pretrained import load_model


@dataclass(frozen=True, eq=False)
class LatentSpace:
    """A model by name or folder, the id of the weights it must have, and the box. `given` is the model where it is at hand,
    and is not stored.
    """

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

    @property
    def kind(self) -> Kind:
        """What the objects are. Raises `StoreError` as `model` does."""
        return self.model.kind

    def spelled_out(self, rules: Mapping[str, Any]) -> dict[str, Any]:
        """Every rule of the kind with its value. Rules that were stored are, and are left as they are: their model may be
        gone, and an experiment must open all the same, to be pointed at another one.

        Raises `InputError` for rules that the kind does not have.
        """
        return dict(rules) if self.given is None else self.given.kind.spelled_out(rules)

    def pointed_at(self, source: str | Path) -> LatentSpace:
        """The same box with another encoder of as many dimensions, say a retrained one.

        Raises `InputError` for one of other dimensions.
        """
        model = load_model(source)
        if model.latent != len(self.box.low):
            raise InputError(
                f"{str(source)!r} has {model.latent} latents, but the search space has {len(self.box.low)}: "
                "begin a new experiment with it"
            )
        name = str(source) if str(source) in SHIPPED else str(Path(source).resolve())
        return replace(self, source=name, encoder=model.id, given=model)

    def place(self, readings: Sequence[Reading]) -> list[dict[str, float]]:
        """The parameters of objects: where each one is encoded now, in the box as it was at the beginning."""
        return [self.box.point(z) for z in self.model.embed(readings)]

    def to_dict(self) -> dict[str, Any]:
        """For Ax's JSON."""
        low, high = list(self.box.low), list(self.box.high)
        return {"source": self.source, "encoder": self.encoder, "low": low, "high": high}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> LatentSpace:
        return cls(data["source"], data["encoder"], LatentBox(tuple(data["low"]), tuple(data["high"])))


def refuse_fixed(fixed: ObservationFeatures | None) -> None:
    """Parameters cannot be fixed: Ax would pass over that silently. Raises `InputError` where some are."""
    if fixed is not None and fixed.parameters:
        raise InputError(
            f"fixed_parameters {sorted(fixed.parameters)} cannot be kept: an object has its whole latent point. "
            "Put what all objects must have into the rules"
        )
