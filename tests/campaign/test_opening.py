"""Opening campaigns by path: only what is named can contradict what is stored."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest

from latentbo.campaign import Campaign, Settings
from latentbo.campaign.files import read_history
from latentbo.campaign.opening import begin, begin_or_reopen, reopen
from latentbo.errors import InputError, StoreError
from latentbo.models.dkl_vae import DKLVAE
from latentbo.models.pretrained import save_model


@pytest.fixture
def model(tiny_model: DKLVAE, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A folder with a model, named from where the test runs."""
    save_model(tiny_model, tmp_path / "m")
    monkeypatch.chdir(tmp_path)
    return "m"


def test_a_campaign_begins_once(model: str, tmp_path: Path) -> None:
    path = tmp_path / "c.db"
    begin(path, {"seed": 3}, model=model).close()
    assert read_history(path).settings["seed"] == 3
    with pytest.raises(InputError, match="is a campaign already"):
        begin(path, {"seed": 3}, model=model)


def test_what_is_left_out_is_as_stored(model: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "c.db"
    begin(path, {"seed": 3, "acquisition": "ts", "rules": {"charge": (0, 0)}}, model=model).close()
    monkeypatch.chdir("/")  # the model is found from anywhere
    for settings in ({}, {"acquisition": "ts"}, {"seed": 3, "rules": {"charge": [0, 0]}}):
        with reopen(path, settings) as campaign:
            assert campaign.settings.acquisition == "ts"
            assert campaign.settings.rules["charge"] == [0, 0]
    with pytest.raises(InputError, match="acquisition is 'ts', not 'ei'"):
        reopen(path, {"acquisition": "ei"})
    with pytest.raises(InputError, match="did you mean 'acquisition'"):
        reopen(path, {"aquisition": "ei"})


def test_begin_or_reopen(model: str, tmp_path: Path) -> None:
    path = tmp_path / "folder" / "c.db"
    with begin_or_reopen(path, {"seed": 3}, model=model) as first, begin_or_reopen(path, {}) as second:
        assert first.seed == second.seed == 3


def test_another_model_is_refused(model: str, tiny_model: DKLVAE, tmp_path: Path) -> None:
    begin(tmp_path / "c.db", {}, model=model).close()
    weights = {name: value + 1.0 for name, value in tiny_model.vae.state_dict().items()}
    other = type(tiny_model.vae)(**tiny_model.vae.arguments)
    other.load_state_dict(weights)
    save_model(replace(tiny_model, vae=other), tmp_path / "other")
    with pytest.raises(StoreError, match="give that model"):
        reopen(tmp_path / "c.db", model="other")
    os.rename("m", "moved")
    reopen(tmp_path / "c.db", model="moved").close()


def test_nothing_is_made_by_looking(tmp_path: Path) -> None:
    for call in (read_history, reopen):
        with pytest.raises(InputError, match="no campaign at"):
            call(tmp_path / "none.db")
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize(
    "settings", [{"seeed": 1}, {"model": "nowhere"}, {"rules": {"chrge": (0, 0)}}, {"acquisition": "best"}]
)
def test_a_mistake_leaves_no_file(settings: dict[str, object], tmp_path: Path) -> None:
    with pytest.raises(InputError):
        begin(tmp_path / "c.db", settings)
    assert os.listdir(tmp_path) == []


def test_an_interrupted_beginning_can_be_begun_again(model: str, tmp_path: Path) -> None:
    (tmp_path / "c.db").touch()
    with pytest.raises(InputError, match="no campaign at"):
        read_history(tmp_path / "c.db")
    begin(tmp_path / "c.db", {"seed": 1}, model=model).close()


def test_rules_given_as_tuples_are_the_stored_ones(tiny_model: DKLVAE, tmp_path: Path) -> None:
    """JSON has lists and no infinity: neither may make a campaign contradict itself."""
    settings = Settings(seed=1, rules={"charge": (0, 0), "windows": {"logp": (float("-inf"), 5.0)}})
    Campaign(tmp_path / "c.db", settings, model=tiny_model).close()
    Campaign(tmp_path / "c.db", settings, model=tiny_model).close()
