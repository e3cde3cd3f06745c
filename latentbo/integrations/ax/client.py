"""An Ax client for a latent space in one call, and the molecules that go in and come out of it.

client = latent_client("-loss", settings=Settings(seed=0))
for trial, smiles in next_molecules(client, 4).items():
    client.complete_trial(trial, {"loss": measure(smiles)})
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ax.api.client import Client
from ax.api.configs import StorageConfig
from ax.core.runner import Runner
from ax.core.trial_status import TrialStatus
from ax.generation_strategy.generation_strategy import GenerationStrategy
from ax.generation_strategy.transition_criterion import MinTrials

from latentbo.campaign.settings import Settings
from latentbo.errors import InputError
from latentbo.integrations.ax.generators import BoxNode
from latentbo.integrations.ax.molecules import SMILES, MoleculeRunner, molecule_of
from latentbo.integrations.ax.node import BLOCK, LatentGenerationNode
from latentbo.models.dkl_vae import DKLVAE

Outcomes = Mapping[str, float | tuple[float, float]]


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
    have values.
    """
    node = LatentGenerationNode(settings, block=block, model=model)
    client = Client(storage_config=storage)
    client.configure_experiment(parameters=node.space.box.parameters(), name=name)
    client.configure_runner(runner or MoleculeRunner())
    client.configure_optimization(objective, outcome_constraints=list(outcome_constraints) or None)
    client.set_generation_strategy(with_ax_generators(node) if ax_generators else latent_strategy(node))
    return client


def latent_strategy(node: LatentGenerationNode) -> GenerationStrategy:
    """The node alone: it begins with prior samples by itself."""
    return GenerationStrategy(name=node.name, nodes=[node])


def with_ax_generators(node: LatentGenerationNode) -> GenerationStrategy:
    """The node's prior samples until `settings.initial` trials have values, then Ax's generator over the same box."""
    box = BoxNode(node.space, node.settings.seed or 0)
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


def next_molecules(client: Client, n: int) -> dict[int, str]:
    """`Client.get_next_trials`, with the molecule of each trial instead of its parameters, and in its run metadata."""
    trials = [client._experiment.trials[index] for index in client.get_next_trials(n)]
    molecules: dict[int, str] = {}
    for trial in trials:
        found = molecule_of(trial)
        if found is None:
            raise InputError(
                f"trial {trial.index} came from a node that names no molecule: use one of latentbo's"
            )
        molecules[trial.index] = found
        trial.update_run_metadata({SMILES: found})
    client._save_or_update_trials_in_db_if_possible(experiment=client._experiment, trials=trials)
    return molecules


def attach_molecule(client: Client, smiles: str, values: Outcomes | None = None) -> int:
    """A trial with a molecule of the user's own, completed if it has values, else running; its index.

    Raises `InputError` for a molecule that the model cannot read.
    """
    space = latent_node(client).space
    (reading,) = space.model.codec.read([smiles])
    if reading.object is None:
        raise InputError(f"{smiles!r} cannot be used ({reading.reason}): write it as SMILES that RDKit reads")
    (parameters,) = space.place([reading])
    index = client.attach_trial(parameters)
    trial = client._experiment.trials[index]
    trial.update_run_metadata({SMILES: reading.object})
    client._save_or_update_trials_in_db_if_possible(experiment=client._experiment, trials=[trial])
    if values:
        client.complete_trial(index, dict(values))
    return index


def latent_node(client: Client) -> LatentGenerationNode:
    """The node of a client's strategy. Raises `InputError` where there is none."""
    nodes = [node for node in client._generation_strategy._nodes if isinstance(node, LatentGenerationNode)]
    if not nodes:
        raise InputError("this client proposes no molecules: make it with `latent_client`")
    return nodes[0]
