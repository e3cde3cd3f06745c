"""What is saved is what is loaded; what is damaged or foreign is refused, and no code is run on the way."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from latentbo.chemistry.descriptors import morgan_counts, scaled_descriptors
from latentbo.errors import InputError, ModelFileError
from latentbo.kinds.cards import CARD, WEIGHTS, locate, read_card
from latentbo.models.dkl_vae import DKLVAE
from latentbo.models.exemplars import ExemplarPrior
from latentbo.models.pretrained import load_model, save_model
from latentbo.models.priors import GaussianMixture
from tests.conftest import MOLECULES


@pytest.fixture
def folder(tiny_model: DKLVAE, tmp_path: Path) -> Path:
    save_model(tiny_model, tmp_path / "deep" / "model", facts={"name": "tiny", "metrics": {"μ": 0.5}})
    return tmp_path / "deep" / "model"


def test_a_loaded_model_is_the_saved_one(tiny_model: DKLVAE, folder: Path) -> None:
    loaded = load_model(folder)
    assert loaded.id == tiny_model.id == read_card(folder)["id"]
    assert loaded.codec == tiny_model.codec
    assert loaded.structure is morgan_counts
    assert not loaded.vae.training
    readings = loaded.codec.read(MOLECULES)
    z = tiny_model.embed(readings)
    assert torch.equal(loaded.embed(readings), z)
    assert loaded.decode(z) == tiny_model.decode(z)
    for name in ("weights", "means", "factors"):
        assert torch.equal(getattr(loaded.prior, name), getattr(tiny_model.prior, name))
    assert load_model(str(folder)).id == loaded.id


def test_a_prior_of_exemplars_is_kept(tiny_model: DKLVAE, tmp_path: Path) -> None:
    z = tiny_model.embed(tiny_model.codec.read(MOLECULES)).float()
    prior = ExemplarPrior(z, neighbours=3, between=0.25, noise=0.125)
    save_model(replace(tiny_model, prior=prior), tmp_path)
    loaded = load_model(tmp_path).prior
    assert isinstance(loaded, ExemplarPrior)
    assert torch.equal(loaded.exemplars, z)
    assert (loaded.neighbours, loaded.between, loaded.noise) == (3, 0.25, 0.125)


def test_a_prior_of_the_user_s_own_is_refused(tiny_model: DKLVAE, tmp_path: Path) -> None:
    class Own(GaussianMixture):
        """Which a card has no name for."""

    known = tiny_model.prior
    assert isinstance(known, GaussianMixture)
    with pytest.raises(InputError, match="cannot be saved"):
        save_model(replace(tiny_model, prior=Own(known.weights, known.means, known.factors)), tmp_path)


def test_the_card_holds_the_facts_and_no_part_is_left(folder: Path) -> None:
    card = read_card(folder)
    assert card["name"] == "tiny"
    assert card["metrics"] == {"μ": 0.5}
    assert sorted(path.name for path in folder.iterdir()) == [CARD, WEIGHTS]


def test_saving_again_replaces(tiny_model: DKLVAE, folder: Path) -> None:
    save_model(tiny_model, folder)
    assert "name" not in read_card(folder)
    assert load_model(folder).id == tiny_model.id


def test_structure_counts_are_kept_or_left_out(tiny_model: DKLVAE, tmp_path: Path) -> None:
    save_model(replace(tiny_model, structure=None), tmp_path)
    assert load_model(tmp_path).structure is None
    assert load_model(tmp_path).descriptors is scaled_descriptors
    save_model(tiny_model.latents_only, tmp_path / "bare")
    assert load_model(tmp_path / "bare").descriptors is None


def test_structure_counts_of_the_user_s_own_are_refused(tiny_model: DKLVAE, tmp_path: Path) -> None:
    def own_counts(objects: Any) -> Any:
        return morgan_counts(objects)

    with pytest.raises(InputError, match="own_counts"):
        save_model(replace(tiny_model, structure=own_counts), tmp_path)


def test_facts_cannot_take_the_card_s_names(tiny_model: DKLVAE, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="sha256"):
        save_model(tiny_model, tmp_path, facts={"sha256": "0", "name": "x"})
    assert not (tmp_path / CARD).exists()


@pytest.mark.parametrize("where", [0, 9, 100, 0.5, -1])
def test_a_flipped_bit_is_refused(folder: Path, where: float) -> None:
    payload = bytearray((folder / WEIGHTS).read_bytes())
    payload[int(where * len(payload)) if isinstance(where, float) else where] ^= 1
    (folder / WEIGHTS).write_bytes(payload)
    with pytest.raises(ModelFileError, match="SHA-256"):
        load_model(folder)


def test_missing_and_cut_weights_are_refused(folder: Path) -> None:
    payload = (folder / WEIGHTS).read_bytes()
    (folder / WEIGHTS).write_bytes(payload[:-1])
    with pytest.raises(ModelFileError, match="SHA-256"):
        load_model(folder)
    (folder / WEIGHTS).unlink()
    with pytest.raises(ModelFileError, match=r"no weights\.safetensors"):
        load_model(folder)


def rewrite(folder: Path, change: Callable[[dict[str, Any]], object]) -> None:
    card = json.loads((folder / CARD).read_text(encoding="utf-8"))
    change(card)
    (folder / CARD).write_text(json.dumps(card), encoding="utf-8")


@pytest.mark.parametrize(
    "change",
    [
        lambda card: card["codec"]["vocabulary"]["merges"].reverse(),
        lambda card: card["codec"].update(max_tokens=3),
        lambda card: card["codec"]["vocabulary"]["symbols"].reverse(),
        lambda card: card["network"].update(latent=9),
        lambda card: card.update(structure=None),
        lambda card: card["prior"].update(kind="exemplars"),
    ],
)
def test_a_changed_codec_or_network_is_refused(
    folder: Path, change: Callable[[dict[str, Any]], object]
) -> None:
    """It would load, and decode to other molecules."""
    rewrite(folder, change)
    with pytest.raises(ModelFileError, match="changed since"):
        load_model(folder)


def test_facts_may_be_edited(folder: Path) -> None:
    rewrite(folder, lambda card: card.update(name="renamed", metrics={"exact_match": 0.9}))
    assert read_card(folder)["name"] == "renamed"
    assert load_model(folder)


@pytest.mark.parametrize(
    "key", ["format", "sha256", "settings_sha256", "network", "codec", "structure", "descriptors"]
)
def test_a_card_without_its_parts_is_refused(folder: Path, key: str) -> None:
    rewrite(folder, lambda card: card.pop(key))
    with pytest.raises(ModelFileError):
        load_model(folder)


@pytest.mark.parametrize("text", [b"", b"{", b"[1]", b"\xff\xfe", b'"card"', b'{"format": 1, "sha256": ""}'])
def test_what_is_no_card_is_refused(folder: Path, text: bytes) -> None:
    (folder / CARD).write_bytes(text)
    with pytest.raises(ModelFileError, match=CARD):
        load_model(folder)


def test_a_folder_without_a_card_is_no_model(tmp_path: Path) -> None:
    with pytest.raises(ModelFileError, match=f"no readable {CARD}"):
        load_model(tmp_path)


def test_an_unknown_model_is_an_error_of_the_user_s(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="zinc250k"):
        load_model("zinc250")
    with pytest.raises(InputError, match="no model"):
        locate(tmp_path / "missing")


@pytest.mark.parametrize(
    "spoil",
    [
        lambda card: card["codec"].update(kind="images"),
        lambda card: card["codec"].update(salts="drop"),
        lambda card: card["codec"]["vocabulary"].update(merges=[[1, 2]]),
        lambda card: card["codec"]["vocabulary"]["merges"].pop(),
        lambda card: card["network"].update(layers=3),
        lambda card: card["network"].update(latent="8"),
        lambda card: card["network"].pop("vocabulary"),
        lambda card: card.update(codec=[]),
        lambda card: card.update(structure="pickled"),
        lambda card: card["prior"].update(kind="vamp"),
        lambda card: card["prior"].update(kind="exemplars"),
        lambda card: card["prior"].update(temperature=2.0),
    ],
)
@pytest.mark.usefixtures("unchecked")
def test_a_card_of_another_version_is_refused(
    folder: Path, spoil: Callable[[dict[str, Any]], object], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Even one whose hash is right."""
    rewrite(folder, spoil)
    monkeypatch.setattr("latentbo.kinds.cards.settings_sha256", lambda card: card["settings_sha256"])
    with pytest.raises(ModelFileError):
        load_model(folder)


def test_weights_that_are_no_tensors_are_refused(folder: Path) -> None:
    import hashlib

    payload = b"\x80\x04cos\nsystem\n(S'true'\ntR."
    (folder / WEIGHTS).write_bytes(payload)
    rewrite(folder, lambda card: card.update(sha256=hashlib.sha256(payload).hexdigest()))
    with pytest.raises(ModelFileError, match="not written by this version"):
        load_model(folder)
