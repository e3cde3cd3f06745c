"""The generation node: an Ax experiment in, parameters of the next objects out.

Ax calls `update_generator_state` once and then `get_next_candidate` as often as it wants trials, without ever saying how
often. So the first candidate makes a block of them, picked jointly, and the others are taken from it: picks are made
one after the other, so that the first three of a block of ten are those of a block of three. Where a block runs out,
the next one takes its objects for measured. What is left over at the next update is not lost: it is among the
runners-up that the next block begins with.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from ax.core.data import Data
from ax.core.experiment import Experiment
from ax.core.generator_run import GeneratorRun
from ax.core.observation import ObservationFeatures
from ax.core.search_space import SearchSpace
from ax.core.types import TParameterization
from ax.generation_strategy.external_generation_node import ExternalGenerationNode
from ax.generation_strategy.transition_criterion import TransitionCriterion
from ax.storage.json_store.decoder import object_from_json

from latentbo.acquisition.functions import make_acquisition
from latentbo.acquisition.proposers import proposers_of
from latentbo.campaign.proposing import ProposalStrategy
from latentbo.campaign.settings import Settings
from latentbo.errors import InputError
from latentbo.integrations.ax.experiment import ExperimentState, read_experiment
from latentbo.integrations.ax.objects import with_metadata
from latentbo.integrations.ax.proposing import propose_block
from latentbo.integrations.ax.space import LatentSpace, refuse_fixed
from latentbo.models.dkl_vae import DKLVAE
from latentbo.rng import derive, fresh_seed

NAME = "latentbo"
BLOCK = 10  # objects picked at once: whoever asks for more in one call gets further blocks


class LatentGenerationNode(ExternalGenerationNode):
    """Proposes objects as a campaign with these settings does; prior samples until `settings.initial` have all values.

    `space` says which encoder and box; left out, it begins with `settings.model`, or with a `model` that is given
    instead: that one is not stored, so `settings.model` must name it if the node is to be loaded again. Raises
    `InputError` for settings that Ax decides or that have no meaning here, and for rules that the kind does not have.
    """

    fit_time_since_gen: float  # Ax's own

    def __init__(
        self,
        settings: Settings | None = None,
        *,
        space: LatentSpace | None = None,
        block: int = BLOCK,
        name: str = NAME,
        transition_criteria: Sequence[TransitionCriterion] | None = None,
        model: DKLVAE | None = None,
    ) -> None:
        settings = settings or Settings()
        _refuse(settings, block)
        # Duplicates are objects, not parameters: the state of the experiment knows them, failed ones too.
        super().__init__(name=name, should_deduplicate=False, transition_criteria=transition_criteria)
        seed = fresh_seed() if settings.seed is None else settings.seed
        self.space = space or LatentSpace.of(settings.model, model)
        self.settings = replace(settings, seed=seed, rules=self.space.spelled_out(settings.rules))
        self.block = block
        self._strategy: ProposalStrategy | None = None
        self._state: ExperimentState | None = None
        self._search_space: SearchSpace | None = None
        self._queue: list[dict[str, Any]] = []
        self._handed: list[dict[str, Any]] = []

    @property
    def proposal_strategy(self) -> ProposalStrategy:
        """How it proposes: as a campaign does. Raises `StoreError` where the model is not the one that was stored."""
        if self._strategy is None:
            kind = self.space.kind
            self._strategy = ProposalStrategy(
                self.space.model,
                self.settings,
                proposers_of(kind.edits),
                kind.check(self.settings.rules),
                make_acquisition(self.settings.acquisition),
            )
        return self._strategy

    def point_at(self, model: str | Path) -> None:
        """Go on with another encoder, say a retrained one, by its name or folder: everything known is encoded anew.

        Raises `InputError` for a model of other dimensions.
        """
        self.space = self.space.pointed_at(model)
        self.settings = replace(self.settings, model=self.space.source)
        self._strategy = None  # it has the old model

    def read(self, experiment: Experiment, data: Data | None = None) -> ExperimentState:
        """What the node makes of an experiment: measurements, failures, rounds.

        Raises `InputError` for goals that cannot be followed, and for values of an arm that names no object.
        """
        known = experiment.lookup_data() if data is None else data
        return read_experiment(experiment, known, self.space.model.reader)

    def update_generator_state(self, experiment: Experiment, data: Data) -> None:
        """Read everything again, and forget what was proposed and not made a trial.

        Raises `InputError` as `read` does, for another search space, and for an acquisition that cannot do the goals.
        """
        self.space.box.check(experiment.search_space)
        self._search_space = experiment.search_space
        self._state = self.read(experiment, data)
        if self._state.knowledge.objectives is not None and self.settings.acquisition != "ei":
            raise InputError(
                f"acquisition {self.settings.acquisition!r} is for one objective without constraints: "
                "leave it out here"
            )
        self._queue, self._handed = [], []

    def get_next_candidate(self, pending_parameters: list[TParameterization]) -> TParameterization:
        """Where the next object lies. Pending trials are known from the experiment, not from their parameters.

        Raises `ShortfallError` where nothing new could be proposed, `InputError` before any experiment was read.
        """
        if self._state is None or self._search_space is None:
            raise InputError("the node has read no experiment yet: ask its generation strategy")
        column, codec = self.space.kind.column, self.space.model.codec
        if not self._queue:
            taken = [candidate[column] for candidate in self._handed]
            seed = derive(self.settings.seed or 0, "ask", self._state.trials, len(taken))
            self._queue = propose_block(self.block, self._state, self.proposal_strategy, taken, seed)
        candidate = self._queue.pop(0)
        (parameters,) = self.space.place(codec.read([candidate[column]]))
        self._search_space.check_membership(parameters, raise_error=True)
        self._handed.append(candidate)
        return parameters

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
        """As Ax does it, with the objects in the candidate metadata. Raises as `get_next_candidate`, and `InputError`
        where parameters are fixed.
        """
        refuse_fixed(more.get("fixed_features"))
        # Ax resets it to the integer 0; SQL gives back 0.0, and Ax then loses track of which rows are whose.
        self.fit_time_since_gen = float(self.fit_time_since_gen)
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
        handed = self._handed[-len(run.arms) :]
        return with_metadata(run, run.arms, handed, node=self.name, generator=self.name)

    def to_dict(self) -> dict[str, Any]:
        """For Ax's JSON: flat settings and an encoder's id, never a network."""
        return {
            "__type": type(self).__name__,
            "settings": self.settings.to_dict(),
            "space": self.space.to_dict(),
            "block": self.block,
            "name": self.name,
            "transition_criteria": self.transition_criteria,
        }

    @classmethod
    def deserialize_init_args(
        cls, args: dict[str, Any], decoder_registry: Any = None, class_decoder_registry: Any = None
    ) -> dict[str, Any]:
        """The arguments that `to_dict` wrote."""
        criteria = object_from_json(args["transition_criteria"], decoder_registry, class_decoder_registry)
        return {
            "settings": Settings.from_dict(args["settings"]),
            "space": LatentSpace.from_dict(args["space"]),
            "block": args["block"],
            "name": args["name"],
            "transition_criteria": criteria,
        }


def _refuse(settings: Settings, block: int) -> None:
    """What a campaign decides and an Ax experiment decides elsewhere."""
    plain = Settings()
    for name, where in (
        ("objective", "Ax measures"),
        ("minimise", "write a minus before the metric, `objective='-loss'`"),
        ("proposer", "in Ax there is the pool only"),
        ("retrain_every", "retrain by hand and call `point_at`"),
    ):
        if getattr(settings, name) != getattr(plain, name):
            raise InputError(f"{name}={getattr(settings, name)!r} has no meaning here: {where}")
    if block < 1:
        raise InputError(f"a block has at least 1 object, not {block}")
