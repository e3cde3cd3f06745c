"""Which molecule a trial is about, and how it gets into the summary."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from ax.api.client import Client
from ax.core.arm import Arm
from ax.core.generator_run import GeneratorRun

from latentbo.errors import InputError
from latentbo.integrations.ax.molecules import MoleculeRunner, molecule_of, only_arm


def arm(value: float) -> Arm:
    return Arm(parameters={f"z{i}": value for i in range(8)})


def run(*molecules: str) -> GeneratorRun:
    arms = [arm(0.1 * (place + 1)) for place in range(len(molecules))]
    metadata = {a.signature: {"smiles": text} for a, text in zip(arms, molecules, strict=True)}
    return GeneratorRun(arms=arms, candidate_metadata_by_arm_signature=metadata)


def test_the_proposal_names_it_and_what_was_made_counts_more(make: Callable[..., Client]) -> None:
    trial = make()._experiment.new_trial(generator_run=run("CCO"))
    assert molecule_of(trial) == "CCO"
    trial.update_run_metadata({"smiles": "CCN"})
    assert molecule_of(trial) == "CCN"


def test_a_trial_without_a_molecule_has_none(make: Callable[..., Client]) -> None:
    trial = make()._experiment.new_trial(generator_run=GeneratorRun(arms=[arm(0.5)]))
    assert molecule_of(trial) is None
    with pytest.raises(InputError, match="attach_molecule"):
        MoleculeRunner().run(trial)


def test_trials_of_several_arms_name_each(make: Callable[..., Client]) -> None:
    trial = make()._experiment.new_batch_trial(generator_runs=[run("CCO", "CCC")])
    first, second = trial.arms
    assert (molecule_of(trial, first), molecule_of(trial, second)) == ("CCO", "CCC")
    assert MoleculeRunner().run(trial) == {"smiles": {first.name: "CCO", second.name: "CCC"}}
    trial.update_run_metadata({"smiles": {second.name: "CCN"}})
    assert (molecule_of(trial, first), molecule_of(trial, second)) == ("CCO", "CCN")
    with pytest.raises(InputError, match="2 arms"):
        only_arm(trial)


def test_the_runner_writes_it_down_and_shows_it(make: Callable[..., Client]) -> None:
    trial = make()._experiment.new_trial(generator_run=run("CCO"))
    trial.run()
    assert trial.run_metadata["smiles"] == "CCO"
    assert MoleculeRunner().run_metadata_report_keys == ["smiles"]
