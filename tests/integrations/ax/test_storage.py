"""Saved, loaded in a new process and continued: the same next proposals as one that never stopped."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from ax.api.client import Client

from latentbo.integrations.ax import attach_molecule, latent_node, next_molecules, sqlite_storage
from tests.integrations.ax.conftest import both, complete

CONTINUE = """
import json, sys, warnings
import torch
torch.set_num_threads(1)
from ax.api.client import Client
from latentbo.integrations.ax import next_molecules, sqlite_storage
kind, path = sys.argv[1:]
if kind == "json":
    client = Client.load_from_json_file(path)
else:
    client = Client.load_from_database("stored", sqlite_storage(path))
print(json.dumps([list(next_molecules(client, n).values()) for n in (3, 2)]))
"""


def measured(smiles: str) -> dict[str, float]:
    """With more digits than Ax's storage keeps."""
    return {name: value + 1.0 / (3.0 + len(smiles)) for name, value in both(smiles).items()}


def twenty(client: Client) -> None:
    """20 trials of every kind: own, proposed, failed, abandoned, partial, pending."""
    attach_molecule(client, "CCO", measured("CCO"))
    for n in (6, 5, 4, 4):
        for place, (index, smiles) in enumerate(next_molecules(client, n).items()):
            if place == 1:
                client.mark_trial_failed(index, "no crystal")
            elif place == 3 and n == 4:
                client.mark_trial_abandoned(index)
            elif place == 2 and n == 4:
                client.complete_trial(index, {"carbons": measured(smiles)["carbons"]})
            elif not (place == 0 and n == 5):
                complete(client, {index: smiles}, measured)
    assert len(client._experiment.trials) == 20


def in_a_new_process(kind: str, path: Path) -> list[list[str]]:
    run = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", CONTINUE, kind, str(path)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    return json.loads(run.stdout.splitlines()[-1])


@pytest.mark.parametrize("objective", ["carbons", "-carbons, letters"])
def test_json_goes_on_in_a_new_process(make: Callable[..., Client], tmp_path: Path, objective: str) -> None:
    client = make(objective)
    twenty(client)
    client.save_to_json_file(str(tmp_path / "experiment.json"))
    expected = [list(next_molecules(client, n).values()) for n in (3, 2)]
    assert in_a_new_process("json", tmp_path / "experiment.json") == expected


# Ax 1.3.1 leaves `cache_ok` of its column types open, of which SQLAlchemy warns.
@pytest.mark.filterwarnings("ignore:TypeDecorator JSONEncoded:sqlalchemy.exc.SAWarning")
def test_sqlite_goes_on_in_a_new_process(make: Callable[..., Client], tmp_path: Path) -> None:
    twenty(make(name="stored", storage=sqlite_storage(tmp_path / "experiment.db")))
    unstopped = make()
    twenty(unstopped)
    expected = [list(next_molecules(unstopped, n).values()) for n in (3, 2)]
    assert in_a_new_process("sqlite", tmp_path / "experiment.db") == expected
    again = Client.load_from_database("stored", sqlite_storage(tmp_path / "experiment.db"))
    assert len(again._experiment.trials) == 25  # what the other process asked for is in the file
    assert set(again.summarize()["smiles"]) == set(unstopped.summarize()["smiles"])


@pytest.mark.parametrize("size", [1e-6, 1.0, 1e5, 1e12])
def test_values_are_the_same_to_the_last_digit(
    make: Callable[..., Client], tmp_path: Path, size: float
) -> None:
    """Stored or not: a surrogate of other last digits is another surrogate."""
    client = make()
    for place, smiles in enumerate(("CCO", "CCN", "CCC", "c1ccccc1"), start=1):
        attach_molecule(client, smiles, {"carbons": (size / (2.0 + place), size / (7.0 * place))})
    client.save_to_json_file(str(tmp_path / "experiment.json"))
    again = Client.load_from_json_file(str(tmp_path / "experiment.json"))
    before, after = (latent_node(one).read(one._experiment) for one in (client, again))
    assert torch.equal(before.y, after.y)
    assert torch.equal(before.outcomes[0].variances, after.outcomes[0].variances)


def test_no_network_is_stored(make: Callable[..., Client], tmp_path: Path) -> None:
    client = make()
    client.save_to_json_file(str(tmp_path / "experiment.json"))
    stored = json.loads((tmp_path / "experiment.json").read_text())
    (node,) = stored["generation_strategy"]["nodes"]
    assert node["__type"] == "LatentGenerationNode"
    assert sorted(node["space"]) == ["encoder", "high", "low", "source"]
    assert node["space"]["encoder"] == latent_node(client).space.encoder
    assert (tmp_path / "experiment.json").stat().st_size < 20_000


def test_both_nodes_and_their_settings_come_back(make: Callable[..., Client], tmp_path: Path) -> None:
    client = make(block=4, ax_generators=True)
    client.save_to_json_file(str(tmp_path / "experiment.json"))
    again = Client.load_from_json_file(str(tmp_path / "experiment.json"))
    for old, new in zip(client._generation_strategy._nodes, again._generation_strategy._nodes, strict=True):
        assert type(new) is type(old)
        assert new.name == old.name
        assert list(new.transition_criteria) == list(old.transition_criteria)
        assert new.space.to_dict() == old.space.to_dict()
    first, second = again._generation_strategy._nodes
    assert (first.block, first.settings) == (4, latent_node(client).settings)
    assert second.rules == client._generation_strategy._nodes[1].rules
    assert second.generator_specs == client._generation_strategy._nodes[1].generator_specs
