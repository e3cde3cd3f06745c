"""Which molecule a trial is about, and how it gets into the summary."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from ax.api.client import Client
from ax.core.arm import Arm
from ax.core.generator_run import GeneratorRun

from latentbo.errors import InputError
from latentbo.integrations.ax import ObjectRunner, experiment_of, object_of
from latentbo.integrations.ax.objects import only_arm


def arm(value: float) -> Arm:
    return Arm(parameters={f"z{i}": value for i in range(8)})


def run(*molecules: str) -> GeneratorRun:
    arms = [arm(0.1 * (place + 1)) for place in range(len(molecules))]
    metadata = {a.signature: {"smiles": text} for a, text in zip(arms, molecules, strict=True)}
    return GeneratorRun(arms=arms, candidate_metadata_by_arm_signature=metadata)


def test_the_proposal_names_it_and_what_was_made_counts_more(make: Callable[..., Client]) -> None:
    trial = experiment_of(make()).new_trial(generator_run=run("CCO"))
    assert object_of(trial) == "CCO"
    trial.update_run_metadata({"smiles": "CCN"})
    assert object_of(trial) == "CCN"


def test_a_trial_without_a_molecule_has_none(make: Callable[..., Client]) -> None:
    trial = experiment_of(make()).new_trial(generator_run=GeneratorRun(arms=[arm(0.5)]))
    assert object_of(trial) is None
    with pytest.raises(InputError, match="attach_object"):
        ObjectRunner().run(trial)


def test_trials_of_several_arms_name_each(make: Callable[..., Client]) -> None:
    trial = experiment_of(make()).new_batch_trial(generator_runs=[run("CCO", "CCC")])
    first, second = trial.arms
    assert (object_of(trial, first), object_of(trial, second)) == ("CCO", "CCC")
    assert ObjectRunner().run(trial) == {"smiles": {first.name: "CCO", second.name: "CCC"}}
    trial.update_run_metadata({"smiles": {second.name: "CCN"}})
    assert (object_of(trial, first), object_of(trial, second)) == ("CCO", "CCN")
    with pytest.raises(InputError, match="2 arms"):
        only_arm(trial)


def test_the_runner_writes_it_down_and_shows_it(make: Callable[..., Client]) -> None:
    trial = experiment_of(make()).new_trial(generator_run=run("CCO"))
    trial.run()
    assert trial.run_metadata["smiles"] == "CCO"
    assert ObjectRunner().run_metadata_report_keys == ["smiles"]
