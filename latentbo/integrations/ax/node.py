"""The generation node: an Ax experiment in, parameters of the next molecules out.

Ax calls `update_generator_state` once and then `get_next_candidate` as often as it wants trials, without ever saying how
often. So the first candidate makes a block of them, picked jointly, and the others are taken from it: picks are made
one after the other, so that the first three of a block of ten are those of a block of three. Where a block runs out,
the next one takes its molecules for measured. What is left over at the next update is not lost: it is among the
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
from ax.core.search_space import SearchSpace
from ax.core.types import TParameterization
from ax.generation_strategy.external_generation_node import ExternalGenerationNode
from ax.generation_strategy.transition_criterion import TransitionCriterion
from ax.storage.json_store.decoder import object_from_json

from latentbo.campaign.kinds import settled
from latentbo.campaign.settings import Settings
from latentbo.errors import InputError
from latentbo.integrations.ax.ledger import Ledger, read_experiment
from latentbo.integrations.ax.molecules import SMILES
from latentbo.integrations.ax.proposing import propose_block
from latentbo.integrations.ax.space import LatentSpace, refuse_fixed
from latentbo.models.dkl_vae import DKLVAE
from latentbo.rng import derive, fresh_seed

NAME = "latentbo"
BLOCK = 10  # molecules picked at once: whoever asks for more in one call gets further blocks


class LatentGenerationNode(ExternalGenerationNode):
    """Proposes molecules as a campaign with these settings does; prior samples until `settings.initial` have all values.

    `space` says which encoder and box; left out, it begins with `settings.model`, or with a `model` that is given
    instead: that one is not stored, so `settings.model` must name it if the node is to be loaded again. Raises
    `InputError` for settings that Ax decides or that have no meaning here.
    """

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
        # Duplicates are molecules, not parameters: the ledger knows them, failed ones too.
        super().__init__(name=name, should_deduplicate=False, transition_criteria=transition_criteria)
        seed = fresh_seed() if settings.seed is None else settings.seed
        self.settings = settled(replace(settings, seed=seed), "molecules")
        self.space = space or LatentSpace.of(settings.model, model)
        self.block = block
        self._ledger: Ledger | None = None
        self._search_space: SearchSpace | None = None
        self._queue: list[dict[str, Any]] = []
        self._handed: list[dict[str, Any]] = []

    def point_at(self, model: str | Path) -> None:
        """Go on with another encoder, say a retrained one, by its name or folder: everything known is encoded anew."""
        self.space = self.space.pointed_at(model)
        self.settings = replace(self.settings, model=self.space.source)

    def read(self, experiment: Experiment, data: Data | None = None) -> Ledger:
        """What the node makes of an experiment: measurements, failures, rounds."""
        known = experiment.lookup_data() if data is None else data
        return read_experiment(experiment, known, self.space.model.codec)

    def update_generator_state(self, experiment: Experiment, data: Data) -> None:
        """Read everything again, and forget what was proposed and not made a trial."""
        self.space.box.check(experiment.search_space)
        self._search_space = experiment.search_space
        self._ledger = self.read(experiment, data)
        if not self._ledger.goals.aims.plain and self.settings.acquisition != "ei":
            raise InputError(
                f"acquisition {self.settings.acquisition!r} is for one objective without limits: leave it out here"
            )
        self._queue, self._handed = [], []

    def get_next_candidate(self, pending_parameters: list[TParameterization]) -> TParameterization:
        """Where the next molecule lies. Pending trials are known from the experiment, not from their parameters."""
        if self._ledger is None or self._search_space is None:
            raise InputError("the node was never told of an experiment: ask its generation strategy")
        model = self.space.model
        if not self._queue:
            taken = [candidate[SMILES] for candidate in self._handed]
            seed = derive(self.settings.seed or 0, "ask", self._ledger.trials, len(taken))
            self._queue = propose_block(self.block, self._ledger, model, self.settings, taken, seed)
        candidate = self._queue.pop(0)
        (parameters,) = self.space.place(model.codec.read([candidate[SMILES]]))
        self._search_space.check_membership(parameters, raise_error=True)
        self._handed.append(candidate)
        return parameters

    def _gen(
        self,
        experiment: Experiment,
        data: Data | None = None,
        n: int | None = None,
        pending_observations: Any = None,
        **more: Any,
    ) -> GeneratorRun:
        """As Ax does it, with the molecules in the candidate metadata."""
        refuse_fixed(more.get("fixed_features"))
        run = super()._gen(experiment, data, n, pending_observations, **more)
        # Ax resets it to the integer 0; SQL gives back 0.0, and Ax then loses track of which rows are whose.
        run._fit_time = float(run.fit_time or 0.0)
        handed = self._handed[-len(run.arms) :]
        run._candidate_metadata_by_arm_signature = {
            arm.signature: candidate for arm, candidate in zip(run.arms, handed, strict=True)
        }
        return run

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
        raise InputError(f"a block has at least 1 molecule, not {block}")
