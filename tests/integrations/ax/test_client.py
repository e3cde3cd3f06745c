"""The client in one call, molecules of the user's own, and a table from an experiment elsewhere."""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd
import pytest
from ax.api.client import Client
from ax.api.configs import ChoiceParameterConfig

from latentbo.errors import InputError
from latentbo.integrations.ax import (
    ObjectRunner,
    attach_object,
    attach_table,
    experiment_of,
    latent_node,
    next_objects,
    object_of,
)
from tests.acquisition.conftest import OBJECTS
from tests.integrations.ax.conftest import both, carbon, complete
from tests.rows import row_of


def test_the_molecule_is_a_column_of_the_summary(make: Callable[..., Client]) -> None:
    client = make()
    molecules = next_objects(client, 2)
    index = attach_object(client, "OCC", {"carbons": 2.0})
    summary = client.summarize().set_index("trial_index")
    assert dict(summary["smiles"]) == {**molecules, index: "CCO"}
    assert summary["carbons"][index] == 2.0
    assert isinstance(experiment_of(client).runner, ObjectRunner)


def test_a_trial_names_its_molecule_without_our_help(make: Callable[..., Client]) -> None:
    client = make()
    for index in client.get_next_trials(2):
        assert object_of(experiment_of(client).trials[index])


def test_molecules_of_one_s_own(make: Callable[..., Client]) -> None:
    client = make()
    waiting = attach_object(client, "OCC")
    trial = experiment_of(client).trials[waiting]
    assert trial.status.is_running
    assert object_of(trial) == "CCO"
    with pytest.raises(InputError, match="'C1CC' cannot be used"):
        attach_object(client, "C1CC")
    assert len(experiment_of(client).trials) == 1


def test_the_best_parameterization_is_ax_s_own(make: Callable[..., Client]) -> None:
    client = make("-carbons")
    for smiles in OBJECTS[:5]:
        attach_object(client, smiles, carbon(smiles))
    _, values, index, _ = client.get_best_parameterization(use_model_predictions=False)
    assert values["carbons"][0] == min(carbon(smiles)["carbons"] for smiles in OBJECTS[:5])
    assert object_of(experiment_of(client).trials[index]) in OBJECTS[:5]


def elsewhere() -> Client:
    """An experiment that Ax runs over a list of molecules."""
    client = Client()
    client.configure_experiment(
        [ChoiceParameterConfig(name="smiles", values=list(OBJECTS), parameter_type="str", is_ordered=False)]
    )
    client.configure_optimization("carbons")
    for smiles in OBJECTS[:9]:
        index = client.attach_trial({"smiles": smiles})
        if smiles == OBJECTS[0]:
            client.mark_trial_failed(index, "no crystal")
        elif smiles == OBJECTS[1]:
            client.mark_trial_abandoned(index)
        elif smiles != OBJECTS[2]:
            client.complete_trial(index, carbon(smiles))
    return client


def test_another_experiment_goes_on_here(make: Callable[..., Client]) -> None:
    client = make()
    report = attach_table(client, elsewhere().summarize())
    assert str(report) == "6 measured, 1 failed, 1 abandoned, 1 pending"
    state = latent_node(client).read(experiment_of(client))
    assert state.knowledge.ranked.objects == OBJECTS[3:9]
    assert row_of(state.history, OBJECTS[0]).failure == "no crystal"
    assert state.knowledge.pending == (OBJECTS[2],)
    found = next_objects(client, 3)
    assert not set(found.values()) & set(OBJECTS[:9])
    assert latent_node(client).read(experiment_of(client)).history.rounds[0].threshold is not None
    complete(client, found)


def test_rows_that_cannot_be_used_are_listed(make: Callable[..., Client]) -> None:
    client = make("carbons, -letters")
    frame = pd.DataFrame(
        {
            "smiles": ["CCO", "C1CC", "CCN", "CCC", "CCCl", None],
            "carbons": [2.0, 3.0, 2.0, float("inf"), None, 1.0],
            "letters": [3.0, 4.0, None, None, None, 1.0],
        }
    )
    report = attach_table(client, frame)
    assert (report.measured, report.failed, report.abandoned, report.pending) == (2, 1, 0, 1)
    assert [line.partition(":")[0] for line in report.problems] == ["row 2", "row 6"]
    state = latent_node(client).read(experiment_of(client))
    assert state.knowledge.ranked.objects == ("CCO",)
    assert state.knowledge.failed == ("CCC",)
    assert "inf" in row_of(state.history, "CCC").failure


def test_a_cell_that_is_no_number_costs_its_row_and_no_other(make: Callable[..., Client]) -> None:
    client = make("carbons")
    frame = pd.DataFrame({"smiles": ["CCO", "CCN", "CCC"], "carbons": [2.0, "n.d.", "3"]}, dtype=object)
    report = attach_table(client, frame)
    assert report.measured == len(experiment_of(client).trials) == 2
    (problem,) = report.problems
    assert problem.startswith("row 2: carbons is 'n.d.', which is no number")


def test_tables_without_molecules_or_values_are_refused(make: Callable[..., Client]) -> None:
    for columns in (["molecule", "carbons"], ["smiles", "weight"]):
        with pytest.raises(InputError, match="the column 'smiles' and at least one of the metrics carbons"):
            attach_table(make(), pd.DataFrame([["CCO", 1.0]], columns=columns))


def test_clients_of_others_are_refused() -> None:
    client = elsewhere()
    client.configure_generation_strategy()
    with pytest.raises(InputError, match="latent_client"):
        latent_node(client)


def test_two_objectives_and_a_limit_to_a_front(make: Callable[..., Client]) -> None:
    def three(smiles: str) -> dict[str, float]:
        return {**both(smiles), "rings": float(smiles.count("1"))}

    thresholds = ["carbons >= 0", "letters <= 30"]
    client = make("carbons, -letters", outcome_constraints=[*thresholds, "rings <= 2"])
    for _ in range(3):
        complete(client, next_objects(client, 4), three)
    front = client.get_pareto_frontier(use_model_predictions=False)
    assert front
    assert all(object_of(experiment_of(client).trials[index]) for _, _, index, _ in front)
