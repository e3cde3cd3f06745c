"""An Ax client for a latent space in one call, and the molecules that go in and come out of it.

client = latent_client("-loss", settings=Settings(seed=0))
for trial, smiles in next_molecules(client, 4).items():
    client.complete_trial(trial, {"loss": measure(smiles)})
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd
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


@dataclass(frozen=True)
class Attached:
    """What became of the rows of a table; a line for each that could not be used."""

    measured: int
    failed: int
    abandoned: int
    pending: int
    problems: tuple[str, ...]

    def __str__(self) -> str:
        text = f"{self.measured} measured, {self.failed} failed, {self.abandoned} abandoned, {self.pending} pending"
        return "\n".join([text, *self.problems])


def attach_table(client: Client, frame: pd.DataFrame) -> Attached:
    """Rows of a table as trials: a column `smiles`, and one for each metric of the experiment that is known.

    The `summarize()` of another experiment is such a table. `trial_status` says of rows without values whether they
    failed, were abandoned, or are still running; left out, they are running: to be measured next.
    """
    metrics = [name for name in client._experiment.metrics if name in frame.columns]
    if SMILES not in frame.columns or not (metrics or "trial_status" in frame.columns):
        known = ", ".join(client._experiment.metrics)
        raise InputError(
            f"a table needs the column {SMILES!r} and at least one of the metrics {known}, "
            f"but has {', '.join(map(str, frame.columns))}"
        )
    counts = dict.fromkeys(("measured", "failed", "abandoned", "pending"), 0)
    problems = []
    for number, cells in enumerate(frame.itertuples(index=False, name=None), start=1):
        row = dict(zip(map(str, frame.columns), cells, strict=True))
        try:
            counts[_attach_row(client, row, metrics)] += 1
        except InputError as error:
            problems.append(f"row {number}: {error}")
    return Attached(**counts, problems=tuple(problems))


def latent_node(client: Client) -> LatentGenerationNode:
    """The node of a client's strategy. Raises `InputError` where there is none."""
    nodes = [node for node in client._generation_strategy._nodes if isinstance(node, LatentGenerationNode)]
    if not nodes:
        raise InputError("this client proposes no molecules: make it with `latent_client`")
    return nodes[0]


def _attach_row(client: Client, row: Mapping[str, Any], metrics: Sequence[str]) -> str:
    """What became of the row."""
    given = {name: float(row[name]) for name in metrics if pd.notna(row[name])}
    values = {name: value for name, value in given.items() if math.isfinite(value)}
    status = str(row.get("trial_status")).upper()
    index = attach_molecule(
        client, str(row[SMILES]), values if status not in ("FAILED", "ABANDONED") else None
    )
    if status == "ABANDONED":
        client.mark_trial_abandoned(index)
        return "abandoned"
    if status == "FAILED" or (given and not values):
        reason = row.get("status_reason")
        client.mark_trial_failed(index, str(reason) if isinstance(reason, str) else f"values were {given}")
        return "failed"
    if values:
        return "measured"
    if status in ("COMPLETED", "EARLY_STOPPED"):
        client.complete_trial(index)
        return "measured"
    return "pending"
