"""The other road: Ax's own generators over the latent box, with our surrogate, each proposal made an object.

Ax proposes a point; it is decoded, and the trial's parameters become those of the point where its object is encoded.
So whatever Ax fits is fitted to where the objects really lie. The box and the encoder stay as they are: parameters of
earlier trials are not encoded again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any

import torch
from ax.adapter.registry import Generators
from ax.core.arm import Arm
from ax.core.data import Data
from ax.core.experiment import Experiment
from ax.core.generator_run import GeneratorRun
from ax.core.observation import ObservationFeatures
from ax.generation_strategy.generation_node import GenerationNode
from ax.generation_strategy.generator_spec import GeneratorSpec
from ax.generators.torch.botorch_modular.surrogate import ModelConfig, SurrogateSpec
from ax.storage.json_store.decoder import object_from_json
from jaxtyping import Float
from torch import Tensor

from latentbo.acquisition.candidates import filter_candidates
from latentbo.errors import ShortfallError
from latentbo.integrations.ax.arms import known_objects
from latentbo.integrations.ax.box import REACH
from latentbo.integrations.ax.objects import with_metadata
from latentbo.integrations.ax.space import LatentSpace, refuse_fixed
from latentbo.kinds.base import Check
from latentbo.models.surrogate import LatentGP
from latentbo.rng import derive
from latentbo.torch_rng import stream
from latentbo.types import Latents

NAME = "ax over the latent box"
TRIES, DECODES = 12, 8
JITTER = 0.02  # of the box, and as much again after each try that gave nothing new


class BoxGP(LatentGP):
    """`LatentGP` of latents alone, over parameters in [0, 1]: what `SurrogateSpec` takes for `botorch_model_class`.

    Lengthscales mean what they mean everywhere: the prior fills the same share of every box.
    """

    def __init__(
        self,
        train_X: Float[Tensor, "*b n d"],
        train_Y: Float[Tensor, "*b n 1"],
        train_Yvar: Float[Tensor, "*b n 1"] | None = None,
    ) -> None:
        half = 3**0.5 / (2 * REACH) * torch.ones(train_X.shape[-1]).to(train_X)
        super().__init__(
            train_X, train_Y, bounds=torch.stack([0.5 - half, 0.5 + half]), train_Yvar=train_Yvar
        )


def surrogate_spec() -> SurrogateSpec:
    """Our surrogate for Ax's `Generators.BOTORCH_MODULAR`, one model a metric."""
    model = ModelConfig(botorch_model_class=BoxGP, input_transform_classes=None, name="latentbo")
    return SurrogateSpec(model_configs=[model], allow_batched_models=False)


class BoxNode(GenerationNode):
    """A node of Ax's own over a latent box (by default its BoTorch generator with our surrogate), whose arms are moved
    to where their objects lie.

    `rules` are those of the kind of object, as in `Settings`; what they refuse is not proposed. A point that decodes to
    nothing new or nothing admissible is jittered. Raises `InputError` for rules that the kind does not have, and from
    `gen` a `ShortfallError` where that was so `TRIES` times.
    """

    def __init__(
        self,
        space: LatentSpace,
        seed: int,
        *,
        rules: Mapping[str, Any] | None = None,
        generator_specs: Sequence[GeneratorSpec] | None = None,
        name: str = NAME,
    ) -> None:
        specs = generator_specs or [
            GeneratorSpec(
                generator_enum=Generators.BOTORCH_MODULAR,
                generator_kwargs={"surrogate_spec": surrogate_spec()},
            )
        ]
        super().__init__(name=name, generator_specs=list(specs), should_deduplicate=False)
        self.space, self.seed, self.rules = space, seed, space.spelled_out(rules or {})
        self._taken: set[str] = set()

    def gen(
        self,
        *,
        experiment: Experiment,
        pending_observations: dict[str, list[ObservationFeatures]] | None,
        skip_fit: bool = False,
        data: Data | None = None,
        n: int | None = None,
        **more: Any,
    ) -> GeneratorRun | None:
        """As Ax does it, moved. Unless the fit is skipped, what was proposed and not made a trial is forgotten."""
        self.space.box.check(experiment.search_space)
        refuse_fixed(more.get("fixed_features"))
        if not skip_fit:
            self._taken = set()
        run = super().gen(
            experiment=experiment,
            pending_observations=pending_observations,
            skip_fit=skip_fit,
            data=data,
            n=n,
            **more,
        )
        if run is None:
            return None
        moved = [self._moved(experiment, self.space.box.latents(arm.parameters)) for arm in run.arms]
        arms = [Arm(parameters=parameters) for _, parameters in moved]
        metadata = [{self.space.kind.column: name} for name, _ in moved]
        generator = self.generator_spec_to_gen_from.generator_key
        return with_metadata(run, arms, metadata, node=self.name, generator=generator)

    @cached_property
    def _check(self) -> Check:
        return self.space.kind.check(self.rules)

    def _moved(self, experiment: Experiment, z: Latents) -> tuple[str, dict[str, float]]:
        """The object of a point or of one near it, and where that is encoded."""
        model = self.space.model
        known = known_objects(experiment, model.reader) | self._taken
        seed = derive(self.seed, "move", len(experiment.trials), len(self._taken))
        for turn in range(TRIES):
            noise = torch.randn(
                DECODES if turn else 1, z.shape[1], generator=stream(seed, turn), dtype=z.dtype
            )
            readings = model.decode(z + turn * JITTER * self.space.box.widths * noise)
            fresh, _ = filter_candidates(((NAME, reading) for reading in readings), known, self._check)
            if fresh:
                (parameters,) = self.space.place([fresh[0].reading])
                experiment.search_space.check_membership(parameters, raise_error=True)
                self._taken.add(fresh[0].object)
                return fresh[0].object, parameters
        raise ShortfallError(f"nothing new was found in {TRIES} tries around a point: loosen the rules")

    def to_dict(self) -> dict[str, Any]:
        """For Ax's JSON."""
        return {
            "__type": type(self).__name__,
            "space": self.space.to_dict(),
            "seed": self.seed,
            "rules": self.rules,
            "generator_specs": self.generator_specs,
            "name": self.name,
        }

    @classmethod
    def deserialize_init_args(
        cls, args: dict[str, Any], decoder_registry: Any = None, class_decoder_registry: Any = None
    ) -> dict[str, Any]:
        """The arguments that `to_dict` wrote."""
        return {
            "space": LatentSpace.from_dict(args["space"]),
            "seed": args["seed"],
            "rules": args["rules"],
            "generator_specs": object_from_json(
                args["generator_specs"], decoder_registry, class_decoder_registry
            ),
            "name": args["name"],
        }
