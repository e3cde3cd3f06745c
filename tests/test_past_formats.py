"""What past versions wrote is read by this one: models, campaign files, Ax experiments.

Each folder of `past_formats` was written by the version that it is named after, with what that said of it in
`expected.json`.
"""

from __future__ import annotations

import json
import math
import shutil
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from ax.api.client import Client
from ax.core.trial_status import TrialStatus
from typer.testing import CliRunner

from latentbo.campaign import Campaign
from latentbo.campaign.files import read_history
from latentbo.campaign.opening import reopen
from latentbo.campaign.table import export, table
from latentbo.cli import app
from latentbo.codecs.images import image_pixels
from latentbo.integrations.ax import latent_node, next_objects
from latentbo.models.dkl_vae import DKLVAE
from latentbo.models.pretrained import load_model, save_model

FOLDERS = sorted(path.parent for path in (Path(__file__).parent / "past_formats").glob("v*/expected.json"))
CAMPAIGNS = {"molecules.db": "molecules", "images.db": "images"}
COLUMNS = {"molecules": "smiles", "images": "image"}


@pytest.fixture(params=FOLDERS, ids=lambda folder: folder.name)
def past(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of one version's files, and the working directory, which their paths refer to."""
    copy = tmp_path / request.param.name
    shutil.copytree(request.param, copy)
    monkeypatch.chdir(copy)
    return copy


@pytest.fixture
def expected(past: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((past / "expected.json").read_text(encoding="utf-8"))
    return found


def test_there_are_files_of_every_version_so_far() -> None:
    assert [folder.name for folder in FOLDERS] == ["v0_1"]


# Models


def agrees(model: DKLVAE, expected: dict[str, Any]) -> None:
    """The model makes of objects what it made of them then. Of images a grey level may differ by a rounding."""
    assert model.id == expected["id"]
    assert model.codec.canonical(expected["objects"]) == expected["objects"]
    z = model.embed(model.codec.read(expected["objects"]))
    np.testing.assert_allclose(z.numpy(), expected["latents"], rtol=0, atol=1e-5)
    back = [
        reading.object for reading in model.decode(torch.tensor(expected["latents"], dtype=torch.float64))
    ]
    if model.codec.kind == "images":
        for now, then in zip(back, expected["back"], strict=True):
            assert now is not None
            np.testing.assert_allclose(image_pixels(now).astype(int), image_pixels(then).astype(int), atol=1)
    else:
        assert back == expected["back"]
    np.testing.assert_allclose(model.prior.mean().numpy(), expected["prior_mean"], rtol=0, atol=1e-5)
    draws = model.prior.sample(len(expected["prior_draws"]), torch.Generator().manual_seed(0))
    np.testing.assert_allclose(draws.numpy(), expected["prior_draws"], rtol=0, atol=1e-5)


@pytest.mark.parametrize("name", ["molecules", "images"])
def test_a_model_encodes_and_decodes_as_it_did(past: Path, expected: dict[str, Any], name: str) -> None:
    model = load_model(past / name)
    agrees(model, expected[name])
    of_molecules = name == "molecules"
    assert (model.structure is not None, model.descriptors is not None) == (of_molecules, of_molecules)


@pytest.mark.parametrize("name", ["molecules", "images"])
def test_a_model_that_is_saved_again_is_the_same(past: Path, expected: dict[str, Any], name: str) -> None:
    save_model(load_model(past / name), past / "again")
    agrees(load_model(past / "again"), expected[name])


# Campaigns


@pytest.mark.parametrize("name", CAMPAIGNS)
def test_a_campaign_says_what_it_said(past: Path, expected: dict[str, Any], name: str) -> None:
    then, before = expected[name], (past / name).read_bytes()
    history = read_history(past / name)
    rows = table(history)
    then_known = rows[list(then["rows"][0])].to_json(orient="records", double_precision=15)
    assert json.loads(then_known) == then["rows"]
    best = history.best()
    assert best is not None
    assert best.id == then["best"]
    assert [asdict(event) for event in history.encoders] == then["encoders"]
    assert history.encoder == then["live"]
    assert [{"asked": each.asked, "proposed": each.proposed} for each in history.rounds] == then["rounds"]
    assert [dict(each) for each in history.refused] == then["refused"]
    assert dict(history.settings).items() >= then["settings"].items()
    assert (past / name).read_bytes() == before  # looking at it changes nothing
    assert len(pd.read_csv(export(history, past / "rows.csv"))) == len(rows)


def test_every_event_of_the_first_version_counts(tmp_path: Path) -> None:
    """In plain numbers, and not by what the version itself said."""
    files = Path(shutil.copytree(FOLDERS[0], tmp_path / "v0_1"))
    history = read_history(files / "molecules.db")
    assert {
        row.id: row.value for row in history.rows.values() if row.object in ("CCO", "CCN", "CC(N)=O")
    } == {
        "p00004": 7.5,  # corrected
        "u00008": 3.0,  # told twice: 2 and 4
        "u00013": 2.0,
    }
    failed = {row.object: row.failure for row in history.with_status("failed")}
    assert failed == {"CCCCO": "never dissolved", "CCCBr": "failed"}
    assert len(history.with_status("measured")) == 38
    assert [row.id for row in history.with_status("pending")] == [
        "p00002",
        "p00003",
        "p00043",
        "p00044",
        "p00045",
    ]
    assert [each["smiles"] for each in history.refused] == ["no molecule", "CCBr"]
    assert [(event.accepted, event.measured) for event in history.encoders] == [
        (False, 35), (True, 35), (True, 37), (True, 38),
    ]  # fmt: skip
    assert history.live_encoders == ["6470a9407587", "071e9fa90a19", "6470a9407587", "071e9fa90a19"]
    row = history.rows["p00044"]
    assert (row.object, row.round, row.encoder) == ("C=C(c1ccccc1)c1cccc(C)c1", 5, "071e9fa90a19")
    assert (row.mean, row.sd) == pytest.approx((14.288230083482631, 0.796069215853419), rel=1e-12)
    images = read_history(files / "images.db")
    assert (images.kind, images.sign, images.column) == ("images", -1.0, "image")
    assert [row.value for row in images.with_status("measured")] == [
        68.015625, 65.515625, 74.5, 44.5625, 77.71875, 84.921875,
    ]  # fmt: skip
    assert [row.failure for row in images.with_status("failed")] == ["torn"]


@pytest.mark.parametrize("name", CAMPAIGNS)
def test_a_campaign_goes_on(past: Path, expected: dict[str, Any], name: str) -> None:
    then, column = expected[name], COLUMNS[CAMPAIGNS[name]]
    with reopen(past / name, model=str(past / CAMPAIGNS[name])) as campaign:
        assert campaign.model.id == then["live"]
        assert campaign.pending()["id"].tolist() == then["pending"]
        frame = campaign.ask(3)
        assert len(frame) == 3
        assert np.isfinite(frame[["mean", "sd", "p_feasible"]].to_numpy(float)).all()
        assert not set(frame[column]) & {row[column] for row in then["rows"]}
        waiting = [then["pending"][0], *frame["id"][:2]]
        told = pd.DataFrame({"id": waiting, "value": [1.5, 2.5, None], "reason": [None, None, "lost"]})
        report = campaign.tell(told)
        assert (report.measured, report.failed, report.problems) == (2, 1, ())
    with reopen(past / name, model=str(past / CAMPAIGNS[name])) as campaign:
        assert campaign.history.rows[waiting[0]].value == 1.5
        assert campaign.history.rows[waiting[2]].failure == "lost"
        assert len(campaign.history.rows) == len(then["rows"]) + 3
        assert campaign.pending()["id"].tolist() == [*then["pending"][1:], frame["id"][2]]


def test_a_campaign_finds_its_model_by_its_relative_path(past: Path, expected: dict[str, Any]) -> None:
    with reopen(past / "images.db") as campaign:
        assert campaign.model.id == expected["images"]["id"]


def test_a_retrained_encoder_comes_out_of_the_file(past: Path, expected: dict[str, Any]) -> None:
    then = expected["molecules.db"]
    base, retrained = expected["molecules"]["id"], then["live"]
    with Campaign(past / "molecules.db", model=load_model(past / "molecules")) as campaign:
        agrees(campaign.model, then["retrained"])
        assert campaign.model.structure is not None
        assert [model.id for model in campaign.past_models()] == [base]
        campaign.roll_back(base)
        agrees(campaign.model, expected["molecules"])
        assert all(map(math.isfinite, campaign.ask(2)["mean"]))
    with Campaign(past / "molecules.db", model=load_model(past / "molecules")) as campaign:
        assert campaign.model.id == base
        campaign.roll_back(retrained)
        agrees(campaign.model, then["retrained"])
        assert campaign.history.rows["p00046"].encoder == base


@pytest.mark.parametrize("name", CAMPAIGNS)
def test_the_commands_that_load_no_model_read_it(past: Path, expected: dict[str, Any], name: str) -> None:
    waiting, rows = expected[name]["pending"][0], expected[name]["rows"]
    status = CliRunner().invoke(app, ["status", name])
    assert status.exit_code == 0, status.output
    assert f"{sum(row['status'] == 'measured' for row in rows)} measured" in status.output
    (past / "told.csv").write_text(f"id,value\n{waiting},1.5\n")
    told = CliRunner().invoke(app, ["tell", name, "told.csv"])
    assert told.exit_code == 0, told.output
    assert read_history(past / name).rows[waiting].value == 1.5


# Ax


def test_an_ax_experiment_goes_on(past: Path, expected: dict[str, Any]) -> None:
    then = expected["ax.json"]
    client = Client.load_from_json_file(str(past / "ax.json"))
    trials = client._experiment.trials.values()
    counts = {status: sum(trial.status == status for trial in trials) for status in TrialStatus}
    assert {status.name: count for status, count in counts.items() if count} == then["statuses"]
    rows = client.summarize()
    assert rows["smiles"].tolist() == then["smiles"]
    assert [None if math.isnan(value) else value for value in rows["carbons"]] == then["carbons"]
    assert latent_node(client).space.encoder == expected["molecules"]["id"]
    for n in (2, 1):
        molecules = next_objects(client, n)
        assert len(molecules) == n
        assert not set(molecules.values()) & set(then["smiles"])
        client.complete_trial(next(iter(molecules)), {"carbons": 4.0})
    client.save_to_json_file(str(past / "again.json"))
    again = Client.load_from_json_file(str(past / "again.json"))
    assert again.summarize()["smiles"].tolist() == client.summarize()["smiles"].tolist()
