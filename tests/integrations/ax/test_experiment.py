"""What is read out of an experiment: invalid is not bad, partial is not nothing, and no value is lost."""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd
import pytest
import torch
from ax.api.client import Client
from ax.core.arm import Arm
from ax.core.data import Data

from latentbo.campaign.knowledge import measurements
from latentbo.errors import InputError, StoreError
from latentbo.integrations.ax import attach_object, experiment_of, latent_node, next_objects
from latentbo.integrations.ax.arms import known_objects
from latentbo.integrations.ax.experiment import ExperimentState
from latentbo.models.dkl_vae import DKLVAE
from tests.integrations.ax.conftest import carbon, complete
from tests.rows import row_of


def read(client: Client) -> ExperimentState:
    return latent_node(client).read(experiment_of(client))


def measured(state: ExperimentState) -> dict[str, float]:
    data = measurements(state.history)
    return dict(zip(data.objects, data.values[:, 0].tolist(), strict=True))


@pytest.mark.parametrize("objective", ["carbons", "-carbons"])
def test_every_status_is_told_apart(make: Callable[..., Client], objective: str) -> None:
    client = make(objective)
    index = {s: attach_object(client, s) for s in ("CCO", "CCN", "CCC", "c1ccccc1", "CCCl", "CC(C)O")}
    client.complete_trial(index["CCO"], {"carbons": 2.0})
    client.mark_trial_failed(index["CCN"], "no crystal")
    client.mark_trial_abandoned(index["CCC"])
    client.complete_trial(index["c1ccccc1"])  # completed, and nothing came of it
    client.attach_data(index["CCCl"], {"carbons": 9.0})  # still running: not a value yet
    client.attach_data(index["CC(C)O"], {"carbons": 3.0})
    client.mark_trial_early_stopped(index["CC(C)O"])
    state = read(client)
    sign = -1.0 if objective.startswith("-") else 1.0
    assert measured(state) == {"CCO": sign * 2.0, "CC(C)O": sign * 3.0}
    assert state.knowledge.failed == ("CCN",)
    assert row_of(state.history, "CCN").failure == "no crystal"
    assert state.knowledge.pending == ("CCCl",)
    assert (
        state.history.known()
        == set(index)
        == known_objects(experiment_of(client), latent_node(client).space.model.reader)
    )
    assert state.trials == 6


def test_partial_data_counts_for_the_metric_that_it_has(make: Callable[..., Client]) -> None:
    client = make("carbons, -letters")
    attach_object(client, "CCO", {"carbons": 2.0, "letters": 3.0})
    attach_object(client, "CCN", {"carbons": 2.0})
    attach_object(client, "CCC", {"letters": 3.0, "unrelated": 1.0})
    state = read(client)
    first, second = state.knowledge.outcomes
    assert first.data.objects == ("CCO", "CCN")
    assert second.data.objects == ("CCO", "CCC")
    assert second.data.values[:, 0].tolist() == [-3.0, -3.0]
    assert state.knowledge.ranked.objects == ("CCO",)
    assert state.knowledge.y.tolist() == [[2.0, -3.0]]
    assert state.knowledge.pending == ()
    assert state.knowledge.failed == ()
    assert list(measured(state)) == ["CCO"]


def test_repeated_measurements_are_averaged_and_their_errors_too(make: Callable[..., Client]) -> None:
    client = make()
    attach_object(client, "CCO", {"carbons": (2.0, 0.3)})
    attach_object(client, "OCC", {"carbons": (4.0, 0.4)})
    attach_object(client, "CCC", {"carbons": (3.0, 0.0)})
    outcome = read(client).knowledge.outcomes[0]
    assert outcome.data.objects == ("CCO", "CCC")
    assert outcome.data.values[:, 0].tolist() == [3.0, 3.0]
    assert outcome.variances[0].item() == pytest.approx((0.3**2 + 0.4**2) / 4)
    assert 0.0 < outcome.variances[1].item() < 1e-6  # exact, but a covariance must be inverted
    attach_object(client, "CCN", {"carbons": 2.0})
    assert read(client).knowledge.outcomes[0].variances is None  # one is not known: the noise is learnt


def test_a_failure_that_succeeded_later_is_a_value(make: Callable[..., Client]) -> None:
    client = make()
    client.mark_trial_failed(attach_object(client, "CCO"))
    assert read(client).knowledge.failed == ("CCO",)
    attach_object(client, "CCO", {"carbons": 2.0})
    assert read(client).knowledge.failed == ()
    assert measured(read(client)) == {"CCO": 2.0}


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_a_number_that_is_none_is_no_value(make: Callable[..., Client], value: float) -> None:
    client = make()
    attach_object(client, "CCO", {"carbons": value})
    state = read(client)
    assert measured(state) == {}
    assert state.history.known() == {"CCO"}


def test_rounds_are_read_as_they_were_asked_for(make: Callable[..., Client]) -> None:
    client = make()
    for n in (6, 3, 2):
        complete(client, next_objects(client, n))
    history = read(client).history
    assert [round_.proposed for round_ in history.rounds] == [6, 3, 2]
    assert [row.round for row in history.rows.values()] == [1] * 6 + [2] * 3 + [3] * 2
    first, second, third = history.rounds
    assert first.threshold is None
    assert second.best == max(row.value for row in history.rows.values() if row.round == 1)
    assert third.region == second.region.update(
        best_before=second.best, best_of_batch=max(r.value for r in history.rows.values() if r.round == 2)
    )
    assert len(history.operator_outcomes()) == 5  # of the rounds that a surrogate stood behind
    assert sum(second.shares.values()) == pytest.approx(1.0)
    later = {row.object for row in history.rows.values() if row.round == 2}
    assert not later & {name for _, name in second.runners_up}
    assert (
        len(second.runners_up) >= latent_node(client).block - 3
    )  # what was picked and not taken is among them


def test_what_was_made_is_what_was_measured(make: Callable[..., Client], tiny_model: DKLVAE) -> None:
    """The chemist made another molecule than was proposed: the value is that one's."""
    client = make()
    (index,) = next_objects(client, 1)
    other = next(s for s in ("CCO", "CCN") if s not in read(client).history.known())
    experiment_of(client).trials[index].update_run_metadata({"smiles": other})
    client.complete_trial(index, carbon(other))
    state = read(client)
    assert list(measured(state)) == [other]
    assert row_of(state.history, other).proposer == "start"


def test_values_of_which_ax_keeps_little_are_refused(make: Callable[..., Client]) -> None:
    client = make("carbons")
    attach_object(client, "CCO", {"carbons": 3.24e-9})
    attach_object(client, "CCN", {"carbons": 0.0})
    with pytest.raises(InputError, match="all values of carbons are below 1e-07 in size"):
        read(client)
    attach_object(client, "CCC", {"carbons": 2.0})
    assert measured(read(client))["CCC"] == 2.0, "small beside others is a value like any"


def test_values_of_no_molecule_are_refused(make: Callable[..., Client]) -> None:
    client = make()
    index = client.attach_trial({f"z{i}": 0.5 for i in range(8)})
    assert read(client).history.known() == frozenset()  # it has no value yet
    client.complete_trial(index, {"carbons": 1.0})
    with pytest.raises(InputError, match=r"trial 0 .* names no molecule"):
        read(client)
    experiment_of(client).trials[index].update_run_metadata({"smiles": "C1CC"})
    with pytest.raises(InputError, match=r"trial 0 .* names 'C1CC'"):
        read(client)


def test_batch_trials_are_read_arm_by_arm(make: Callable[..., Client]) -> None:
    client = make()
    trial = experiment_of(client).new_batch_trial()
    trial.add_arms_and_weights([Arm(parameters={f"z{i}": x for i in range(8)}) for x in (0.4, 0.5)])
    names = [arm.name for arm in trial.arms]
    trial.update_run_metadata({"smiles": dict(zip(names, ("CCO", "CCN"), strict=True))})
    trial.mark_running(no_runner_required=True)
    rows = [
        (trial.index, name, "carbons", "carbons", mean, 0.1)
        for name, mean in zip(names, (2.0, 5.0), strict=True)
    ]
    columns = ["trial_index", "arm_name", "metric_name", "metric_signature", "mean", "sem"]
    experiment_of(client).attach_data(Data(df=pd.DataFrame(rows, columns=columns)))
    trial.mark_completed()
    assert measured(read(client)) == {"CCO": 2.0, "CCN": 5.0}


def test_limits_rank_what_was_measured(make: Callable[..., Client]) -> None:
    client = make("carbons", outcome_constraints=["letters <= 5"])
    for smiles in ("CCO", "CCCCCCCCO", "CCCCO"):
        attach_object(client, smiles, {"carbons": smiles.count("C"), "letters": float(len(smiles))})
    found = measured(read(client))
    assert found["CCO"] == 2.0
    assert max(found, key=found.get) == "CCCCO"
    assert min(found, key=found.get) == "CCCCCCCCO"


def test_proposals_of_another_version_are_refused(make: Callable[..., Client]) -> None:
    client = make()
    (index,) = next_objects(client, 1)
    run = experiment_of(client).trials[index].generator_run
    (metadata,) = run.candidate_metadata_by_arm_signature.values()
    metadata["latentbo"]["row"]["mood"] = "good"
    with pytest.raises(StoreError, match=f"trial {index} cannot be understood .*mood"):
        read(client)


def test_nothing_is_nothing(make: Callable[..., Client]) -> None:
    client = make("carbons, -letters", outcome_constraints=["mass <= 300"])
    state = latent_node(client).read(experiment_of(client), Data())
    assert state.knowledge.y.shape == (0, 3)
    assert torch.equal(state.knowledge.outcomes[2].data.values, torch.empty(0, 1).double())
    assert state.history.known() == frozenset()
