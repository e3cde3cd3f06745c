"""Saved, loaded in a new process and continued: the same next proposals as one that never stopped."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from ax.api.client import Client
from ax.generation_strategy.generation_node import GenerationNode
from ax.storage.json_store.decoder import object_from_json
from ax.storage.json_store.encoder import object_to_json
from ax.storage.sqa_store.decoder import Decoder
from ax.storage.sqa_store.encoder import Encoder
from ax.storage.sqa_store.sqa_config import SQAConfig

from latentbo.campaign.settings import Settings
from latentbo.errors import InputError
from latentbo.integrations.ax import (
    ObjectRunner,
    attach_object,
    experiment_of,
    latent_node,
    next_objects,
    sqlite_storage,
)
from tests.integrations.ax.conftest import both, complete

CONTINUE = """
import json, sys, warnings
import torch
torch.set_num_threads(1)
from ax.api.client import Client
from latentbo.integrations.ax import next_objects, sqlite_storage
kind, path = sys.argv[1:]
if kind == "json":
    client = Client.load_from_json_file(path)
else:
    client = Client.load_from_database("stored", sqlite_storage(path))
print(json.dumps([list(next_objects(client, n).values()) for n in (3, 2)]))
"""


OLD_RULES = {"heavy_atoms": [1, 30], "charge": [0, 0], "windows": {"logp": [None, 3.0]}}


def measured(smiles: str) -> dict[str, float]:
    """With more digits than Ax's storage keeps."""
    return {name: value + 1.0 / (3.0 + len(smiles)) for name, value in both(smiles).items()}


def twenty(client: Client) -> None:
    """20 trials of every kind: own, proposed, failed, abandoned, partial, pending."""
    attach_object(client, "CCO", measured("CCO"))
    for n in (6, 5, 4, 4):
        for place, (index, smiles) in enumerate(next_objects(client, n).items()):
            if place == 1:
                client.mark_trial_failed(index, "no crystal")
            elif place == 3 and n == 4:
                client.mark_trial_abandoned(index)
            elif place == 2 and n == 4:
                client.complete_trial(index, {"carbons": measured(smiles)["carbons"]})
            elif not (place == 0 and n == 5):
                complete(client, {index: smiles}, measured)
    assert len(experiment_of(client).trials) == 20


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
    expected = [list(next_objects(client, n).values()) for n in (3, 2)]
    assert in_a_new_process("json", tmp_path / "experiment.json") == expected


# Ax 1.3.1 leaves `cache_ok` of its column types open, of which SQLAlchemy warns.
@pytest.mark.filterwarnings("ignore:TypeDecorator JSONEncoded:sqlalchemy.exc.SAWarning")
def test_sqlite_goes_on_in_a_new_process(make: Callable[..., Client], tmp_path: Path) -> None:
    twenty(make(name="stored", storage=sqlite_storage(tmp_path / "experiment.db")))
    unstopped = make()
    twenty(unstopped)
    expected = [list(next_objects(unstopped, n).values()) for n in (3, 2)]
    assert in_a_new_process("sqlite", tmp_path / "experiment.db") == expected
    again = Client.load_from_database("stored", sqlite_storage(tmp_path / "experiment.db"))
    assert len(experiment_of(again).trials) == 25  # what the other process asked for is in the file
    assert set(again.summarize()["smiles"]) == set(unstopped.summarize()["smiles"])


@pytest.mark.parametrize("size", [1e-6, 1.0, 1e5, 1e12])
def test_values_are_the_same_to_the_last_digit(
    make: Callable[..., Client], tmp_path: Path, size: float
) -> None:
    """Stored or not: a surrogate of other last digits is another surrogate."""
    client = make()
    for place, smiles in enumerate(("CCO", "CCN", "CCC", "c1ccccc1"), start=1):
        attach_object(client, smiles, {"carbons": (size / (2.0 + place), size / (7.0 * place))})
    client.save_to_json_file(str(tmp_path / "experiment.json"))
    again = Client.load_from_json_file(str(tmp_path / "experiment.json"))
    before, after = (latent_node(one).read(experiment_of(one)) for one in (client, again))
    assert torch.equal(before.knowledge.y, after.knowledge.y)
    assert torch.equal(before.knowledge.outcomes[0].variances, after.knowledge.outcomes[0].variances)


def test_no_network_is_stored(make: Callable[..., Client], tmp_path: Path) -> None:
    client = make()
    client.save_to_json_file(str(tmp_path / "experiment.json"))
    stored = json.loads((tmp_path / "experiment.json").read_text())
    (node,) = stored["generation_strategy"]["nodes"]
    assert node["__type"] == "LatentGenerationNode"
    assert sorted(node["space"]) == ["encoder", "high", "low", "source"]
    assert node["space"]["encoder"] == latent_node(client).space.encoder
    assert (tmp_path / "experiment.json").stat().st_size < 20_000


def nodes_of(client: Client) -> list[GenerationNode]:
    return list(latent_node(client).generation_strategy.nodes_by_name.values())


def test_both_nodes_and_their_settings_come_back(make: Callable[..., Client], tmp_path: Path) -> None:
    client = make(block=4, ax_generators=True)
    client.save_to_json_file(str(tmp_path / "experiment.json"))
    again = Client.load_from_json_file(str(tmp_path / "experiment.json"))
    for old, new in zip(nodes_of(client), nodes_of(again), strict=True):
        assert type(new) is type(old)
        assert new.name == old.name
        assert list(new.transition_criteria) == list(old.transition_criteria)
        assert new.space.to_dict() == old.space.to_dict()
    first, second = nodes_of(again)
    assert (first.block, first.settings) == (4, latent_node(client).settings)
    assert second.rules == nodes_of(client)[1].rules
    assert second.generator_specs == nodes_of(client)[1].generator_specs


def test_a_runner_s_column_is_stored() -> None:
    runner = ObjectRunner("image")
    assert object_from_json(object_to_json(runner)) == runner
    again = Decoder(SQAConfig()).runner_from_sqa(Encoder(SQAConfig()).runner_to_sqa(runner))
    assert again.run_metadata_report_keys == ["image"]


def test_a_runner_of_the_first_version_is_one_of_molecules() -> None:
    again = object_from_json({"__type": "MoleculeRunner"})
    assert again == ObjectRunner()
    row = Encoder(SQAConfig()).runner_to_sqa(again)
    assert row.runner_type == 6_081
    row.properties = {}  # it had no arguments
    assert Decoder(SQAConfig()).runner_from_sqa(row) == ObjectRunner("smiles")


def test_a_box_of_the_first_version_keeps_its_rules(make: Callable[..., Client]) -> None:
    node = nodes_of(make(ax_generators=True))[1]
    again = object_from_json({**object_to_json(node), "rules": OLD_RULES})
    assert again.rules == OLD_RULES
    assert again.generator_specs == node.generator_specs
    assert again._check(["CCO", "C[NH3+]", "C" * 31]) == [None, "charge", "too_many_atoms"]


def test_an_experiment_whose_model_is_gone_opens_and_goes_on_with_another(
    make: Callable[..., Client], settings: Settings, folder: Path, tmp_path: Path
) -> None:
    here = shutil.copytree(folder, tmp_path / "here")
    client = make(settings=replace(settings, model=str(here)), ax_generators=True)
    attach_object(client, "CCO", both("CCO"))
    client.save_to_json_file(str(tmp_path / "experiment.json"))
    shutil.rmtree(here)
    again = Client.load_from_json_file(str(tmp_path / "experiment.json"))
    with pytest.raises(InputError, match="no model"):
        next_objects(again, 1)
    latent_node(again).point_at(folder)
    assert len(next_objects(again, 2)) == 2
