"""An Ax client for a latent space in one call, and the objects that go in and come out of it.

client = latent_client("-loss", settings=Settings(seed=0))
for trial, smiles in next_objects(client, 4).items():
    client.complete_trial(trial, {"loss": measure(smiles)})
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ax.api.client import Client
from ax.api.configs import StorageConfig
from ax.core.base_trial import BaseTrial
from ax.core.experiment import Experiment
from ax.core.runner import Runner
from ax.core.trial_status import TrialStatus
from ax.generation_strategy.generation_node import GenerationNode
from ax.generation_strategy.generation_strategy import GenerationStrategy
from ax.generation_strategy.transition_criterion import MinTrials

from latentbo.campaign.settings import Settings
from latentbo.codecs.base import brief
from latentbo.errors import InputError
from latentbo.integrations.ax.generators import BoxNode
from latentbo.integrations.ax.node import BLOCK, LatentGenerationNode
from latentbo.integrations.ax.objects import ObjectRunner, object_of
from latentbo.integrations.ax.space import LatentSpace
from latentbo.models.dkl_vae import DKLVAE

Outcomes = Mapping[str, float | tuple[float, float]]
NO_NODE = "this client proposes nothing in a latent space: make it with `latent_client`"


def latent_client(
    objective: str,
    *,
    outcome_constraints: Sequence[str] = (),
    settings: Settings | None = None,
    model: DKLVAE | None = None,
    name: str = "latentbo",
    block: int = BLOCK,
    runner: Runner | None = None,
    storage: StorageConfig | None = None,
    ax_generators: bool = False,
) -> Client:
    """A client with search space, objective and generation strategy for the model that the settings name.

    `objective` and `outcome_constraints` are Ax's own expressions ("-loss", "potency, -toxicity", "logp <= 3").
    `ax_generators` leaves the proposing to Ax's BoTorch generator, with our surrogate, once `settings.initial` trials
    have values. Raises `InputError` for settings that have no meaning here (`LatentGenerationNode`).
    """
    node = LatentGenerationNode(settings, block=block, model=model)
    client = Client(storage_config=storage)
    client.configure_experiment(parameters=node.space.box.parameters(), name=name)
    client.configure_runner(runner or ObjectRunner(node.space.kind.column))
    client.configure_optimization(objective, outcome_constraints=list(outcome_constraints) or None)
    client.set_generation_strategy(with_ax_generators(node) if ax_generators else latent_strategy(node))
    return client


def latent_strategy(node: LatentGenerationNode) -> GenerationStrategy:
    """The node alone: it begins with prior samples by itself."""
    return GenerationStrategy(name=node.name, nodes=[node])


def with_ax_generators(node: LatentGenerationNode) -> GenerationStrategy:
    """The node's prior samples until `settings.initial` trials have values, then Ax's generator over the same box, under
    the same rules.
    """
    box = BoxNode(node.space, node.settings.seed or 0, rules=node.settings.rules)
    enough = MinTrials(
        threshold=node.settings.initial,
        transition_to=box.name,
        only_in_statuses=[TrialStatus.COMPLETED],
        use_all_trials_in_exp=True,
        count_only_trials_with_data=True,
    )
    first = LatentGenerationNode(
        node.settings, space=node.space, block=node.block, name=node.name, transition_criteria=[enough]
    )
    return GenerationStrategy(name=f"{node.name} + {box.name}", nodes=[first, box])


def next_objects(client: Client, n: int) -> dict[int, str]:
    """`Client.get_next_trials`, with the object of each trial instead of its parameters, and in its run metadata.

    Raises `InputError` for a client without a node of latentbo's, or for a trial that another node proposed;
    `ShortfallError` where nothing new could be proposed.
    """
    column = space_of(client).kind.column
    indices = client.get_next_trials(n)
    trials = [experiment_of(client).trials[index] for index in indices]
    objects: dict[int, str] = {}
    for trial in trials:
        found = object_of(trial, column=column)
        if found is None:
            raise InputError(
                f"trial {trial.index} came from a node that names no {column}: use one of latentbo's"
            )
        objects[trial.index] = found
        trial.update_run_metadata({column: found})
    _save(client, trials)
    return objects


def attach_object(client: Client, text: str, values: Outcomes | None = None) -> int:
    """A trial with an object of the user's own, completed if it has values, else running; its index.

    Raises `InputError` for an object that the model cannot read, and for a client without a node of latentbo's.
    """
    space = space_of(client)
    (reading,) = space.model.codec.read([text])
    if reading.object is None:
        raise InputError(
            f"{brief(repr(text))} cannot be used ({reading.reason}): write it as {space.kind.expected}"
        )
    experiment = experiment_of(client)
    _, index = experiment.attach_trial(
        space.place([reading]), run_metadata={space.kind.column: reading.object}
    )
    _save(client, [experiment.trials[index]])
    if values:
        client.complete_trial(index, dict(values))
    return int(index)


def latent_node(client: Client) -> LatentGenerationNode:
    """The node of a client's strategy. Raises `InputError` where there is none."""
    for node in _nodes_of(client):
        if isinstance(node, LatentGenerationNode):
            return node
    raise InputError(NO_NODE)


def experiment_of(client: Client) -> Experiment:
    """The experiment of a client, with its trials. Raises `InputError` for a client without a strategy."""
    return _strategy_of(client).experiment


def space_of(client: Client) -> LatentSpace:
    """The space that a client proposes in. Raises `InputError` where there is none."""
    for node in _nodes_of(client):
        if isinstance(node, LatentGenerationNode | BoxNode):
            return node.space
    raise InputError(NO_NODE)


def _nodes_of(client: Client) -> list[GenerationNode]:
    return list(_strategy_of(client).nodes_by_name.values())


def _strategy_of(client: Client) -> GenerationStrategy:
    # Private, as Ax 1.3 has no public way: its `Client` lets a strategy be set and not be read.
    strategy = client._maybe_generation_strategy
    if strategy is None:
        raise InputError(NO_NODE)
    return strategy


def _save(client: Client, trials: Sequence[BaseTrial]) -> None:
    """Trials whose run metadata have changed into the client's database, if it has one."""
    # Private, as Ax 1.3 has no public way: it saves a trial only along with a new status or new values.
    client._save_or_update_trials_in_db_if_possible(experiment=experiment_of(client), trials=list(trials))
