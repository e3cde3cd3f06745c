"""Campaign files begun and opened without their model: whatever is wrong is found before anything is written."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from latentbo.campaign.files import begin_file, is_begun, open_file, read_history
from latentbo.campaign.opening import reopen
from latentbo.errors import InputError, LatentboError, ModelFileError, StoreError
from latentbo.kinds.cards import CARD, WEIGHTS
from latentbo.models.dkl_vae import DKLVAE
from latentbo.models.pretrained import save_model


@pytest.fixture
def folder(tiny_model: DKLVAE, tmp_path: Path) -> Path:
    save_model(tiny_model, tmp_path / "m")
    return tmp_path / "m"


def test_what_was_begun_without_a_model_goes_on_with_it(
    folder: Path, tiny_model: DKLVAE, tmp_path: Path
) -> None:
    log, reader = begin_file(tmp_path / "c.db", {"seed": 3, "rules": {"charge": (0, 0)}}, model=str(folder))
    with log:
        assert log.history.base_encoder == tiny_model.id
        assert (log.history.kind, log.history.column) == (reader.kind.name, "smiles")
        assert log.history.settings["rules"]["charge"] == [0, 0]
    with reopen(tmp_path / "c.db", {"seed": 3}) as campaign:
        assert len(campaign.ask(1)) == 1
    log, reader = open_file(tmp_path / "c.db")
    with log:
        assert len(log.history.rows) == 1
        assert reader.codec.canonical(["OCC"]) == ["CCO"]


def test_a_seed_is_drawn_and_stored(folder: Path, tmp_path: Path) -> None:
    seeds = set()
    for name in ("a.db", "b.db"):
        log, _ = begin_file(tmp_path / name, {}, model=str(folder))
        with log:
            seeds.add(log.history.settings["seed"])
    assert len(seeds) == 2


def spoil_network(folder: Path) -> None:
    card = json.loads((folder / CARD).read_text())
    card["network"]["decoder_hidden"] = 65
    (folder / CARD).write_text(json.dumps(card))


def spoil_weights(folder: Path) -> None:
    payload = bytearray((folder / WEIGHTS).read_bytes())
    payload[-1] ^= 1
    (folder / WEIGHTS).write_bytes(payload)


@pytest.mark.parametrize(
    ("spoil", "error", "said"),
    [
        (spoil_network, ModelFileError, "were changed since it was written"),
        (spoil_weights, ModelFileError, "SHA-256"),
        (lambda folder: (folder / WEIGHTS).unlink(), ModelFileError, "no weights.safetensors"),
        (lambda folder: (folder / CARD).unlink(), ModelFileError, "no readable"),
        (lambda folder: None, InputError, "did you mean 'charge'"),
    ],
)
def test_nothing_is_written_for_what_could_not_go_on(
    folder: Path, tmp_path: Path, spoil: Callable[[Path], None], error: type[LatentboError], said: str
) -> None:
    spoil(folder)
    rules = {"rules": {"charges": (0, 0)}} if error is InputError else {}
    with pytest.raises(error, match=said):
        begin_file(tmp_path / "c.db", rules, model=str(folder))
    assert not (tmp_path / "c.db").exists()


def test_a_file_is_begun_once_and_opened_with_its_own_model(
    folder: Path, tiny_model: DKLVAE, tmp_path: Path
) -> None:
    path = tmp_path / "c.db"
    assert not is_begun(path)
    with pytest.raises(InputError, match="no campaign at"):
        read_history(path)
    begin_file(path, {}, model=str(folder))[0].close()
    assert is_begun(path)
    with pytest.raises(InputError, match="is a campaign already"):
        begin_file(path, {}, model=str(folder))
    with pytest.raises(StoreError, match="give that model"):
        open_file(path, model="zinc250k")
