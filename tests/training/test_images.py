"""Images to a model: what comes out rebuilds its images, is saved as it was made, and goes on after a stop."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from benchmarks.cards.drawing import draw_cards
from latentbo.codecs.base import Reading
from latentbo.codecs.image_files import write_images
from latentbo.codecs.images import image_name, image_pixels
from latentbo.codecs.vocabulary import SPECIAL
from latentbo.errors import InputError
from latentbo.models.dkl_vae import DKLVAE
from latentbo.training.images import ImageRecipe, make_image_model, token_rows, train_images

CARDS = draw_cards(15, seed=0, side=16).images
SMALL = ImageRecipe(
    latent=4, hidden=32, channels=4, epochs=60, batch_size=20, learning_rate=1e-2, beta=0.1, bf16=False
)


def test_a_model_rebuilds_its_images_and_draws_new_ones() -> None:
    model, report = train_images(CARDS, replace(SMALL, epochs=80))
    assert report.stopped == "finished"
    assert report.held_out[-1] < report.held_out[0]
    back = np.stack([image_pixels(each.object or "") for each in rebuilt(model, CARDS)])
    error = np.abs(back.astype(float) - CARDS).mean()
    plain = np.abs(CARDS.mean(0) - CARDS).mean()
    assert error < 0.6 * plain
    drawn = model.sample(10, torch.Generator().manual_seed(0))
    assert all(reading.ok for reading in drawn)
    assert len({reading.object for reading in drawn}) == 10


def rebuilt(model: DKLVAE, images: np.ndarray) -> list[Reading]:
    return model.decode(model.embed(model.codec.read([image_name(image) for image in images])))


def test_known_targets_can_be_read_off_linearly() -> None:
    targets = np.repeat(np.eye(4), 15, axis=0) - 0.25
    taught, untaught = (
        train_images(CARDS, replace(SMALL, property_weight=weight), targets=targets)[0]
        for weight in (200.0, 0.0)
    )
    assert share_read(taught) > 0.6
    assert share_read(untaught) < 0.5


def share_read(model: DKLVAE) -> float:
    """Of the cards, how many suits the head reads right."""
    z = model.embed(model.codec.read([image_name(image) for image in CARDS]))
    assert model.vae.head is not None
    read = model.vae.head(z.float()).argmax(1)
    return float((read == torch.arange(4).repeat_interleave(15)).float().mean())


def test_files_to_a_folder_and_once_only(tmp_path: Path) -> None:
    recipe = replace(SMALL, epochs=2)
    (tmp_path / "pngs").mkdir()
    names = [image_name(image) for image in CARDS]
    write_images(names, [tmp_path / "pngs" / f"{place:03}.png" for place in range(len(names))])
    np.save(tmp_path / "a.npy", CARDS)
    heard = []
    made = make_image_model(
        tmp_path / "a.npy", tmp_path / "m", recipe, listener=lambda *said: heard.append(said)
    )
    card = json.loads((tmp_path / "m" / "card.json").read_text())
    assert card["data"]["images"] == 60
    assert card["training"]["main"]["steps"] == 2 * 3
    again = make_image_model(tmp_path / "pngs", tmp_path / "m", recipe)  # the same images, in files
    assert made.id == again.id
    with pytest.raises(InputError, match="epochs 2 there, 3 here"):
        make_image_model(tmp_path / "a.npy", tmp_path / "m", replace(recipe, epochs=3))
    np.save(tmp_path / "b.npy", CARDS[::-1])
    with pytest.raises(InputError, match="another data file"):
        make_image_model(tmp_path / "b.npy", tmp_path / "m", recipe)


def test_tokens_are_those_of_the_codec() -> None:
    rows = token_rows(CARDS[:2])
    assert rows.tokens.dtype == torch.int16
    assert torch.equal(rows.tokens[1].long() - SPECIAL, torch.from_numpy(CARDS[1].ravel()).long())
    assert rows.targets.shape == (2, 0)


def test_bad_input_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="19 images, but at least 20"):
        train_images(CARDS[:19], SMALL)
    with pytest.raises(InputError, match="did you mean 'epochs'"):
        ImageRecipe.from_dict({"epoch": 3})
    for bad in ({"latent": 0}, {"beta": -1.0}, {"learning_rate": 0.0}):
        with pytest.raises(InputError):
            ImageRecipe.from_dict(bad)
    (tmp_path / "pngs").mkdir()
    write_images(
        [image_name(CARDS[0]), image_name(CARDS[1][:3])], [tmp_path / "pngs" / n for n in ("a.png", "b.png")]
    )
    with pytest.raises(InputError, match="one size"):
        make_image_model(tmp_path / "pngs", tmp_path / "m", SMALL)
    (tmp_path / "pngs" / "c.png").write_bytes(b"")
    with pytest.raises(InputError, match=r"c\.png.*unreadable_image"):
        make_image_model(tmp_path / "pngs", tmp_path / "m", SMALL)
