"""An Ax experiment over images: nothing in it takes objects for molecules."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from ax.adapter.registry import Generators
from ax.api.client import Client
from ax.generation_strategy.generator_spec import GeneratorSpec

from benchmarks.cards.drawing import draw_cards
from latentbo.campaign.settings import Settings
from latentbo.codecs.images import image_name, image_pixels
from latentbo.errors import InputError
from latentbo.integrations.ax import (
    BoxNode,
    attach_object,
    attach_table,
    experiment_of,
    latent_client,
    latent_node,
    next_objects,
    object_of,
    sqlite_storage,
)
from latentbo.models.dkl_vae import DKLVAE
from latentbo.models.pretrained import save_model
from latentbo.training.images import ImageRecipe, train_images
from tests.integrations.ax.conftest import complete

CARDS = draw_cards(5, seed=0, side=8).images
NAMES = [image_name(image) for image in CARDS]


def light(name: str) -> dict[str, float]:
    """How bright an image is, and how much of that stands in its upper half."""
    pixels = image_pixels(name).astype(float)
    return {"brightness": float(pixels.mean()), "upper": float(pixels[:4].mean())}


@pytest.fixture(scope="module")
def images() -> DKLVAE:
    recipe = ImageRecipe(
        latent=2, hidden=16, channels=4, epochs=60, beta=0.05, learning_rate=1e-2, batch_size=20, bf16=False
    )
    model, _ = train_images(CARDS, recipe)
    return model


@pytest.fixture(scope="module")
def folder(images: DKLVAE, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("models") / "images"
    save_model(images, path)
    return path


@pytest.fixture
def settings(folder: Path) -> Settings:
    return Settings(seed=1, model=str(folder), initial=6, pool_rounds=2, pool_size=12)


@pytest.mark.parametrize("objective", ["brightness", "-brightness, upper"])
def test_they_are_proposed_measured_and_proposed_again(
    settings: Settings, tmp_path: Path, objective: str
) -> None:
    client = latent_client(objective, settings=settings)
    known: set[str] = set()
    for n in (6, 3):
        found = next_objects(client, n)
        assert len({*found.values()} - known) == n
        assert all(image_pixels(name).shape == (8, 8) for name in found.values())
        known |= {*found.values()}
        complete(client, found, light)
    last = list(experiment_of(client).trials.values())[-1]
    assert object_of(last, column="image") in known
    assert object_of(last) is None  # no molecule
    rounds = latent_node(client).read(experiment_of(client)).history.rounds
    assert [round_.threshold is None for round_ in rounds] == [True, objective != "brightness"]
    client.save_to_json_file(str(tmp_path / "experiment.json"))
    again = Client.load_from_json_file(str(tmp_path / "experiment.json"))
    assert set(again.summarize()["image"]) == known
    assert next_objects(again, 2) == next_objects(client, 2)


@pytest.mark.filterwarnings("ignore:TypeDecorator JSONEncoded:sqlalchemy.exc.SAWarning")  # as in test_storage
def test_they_are_a_column_of_the_summary_and_of_tables(settings: Settings, tmp_path: Path) -> None:
    storage = sqlite_storage(tmp_path / "experiment.db")
    client = latent_client("brightness", settings=settings, name="images", storage=storage)
    own = attach_object(client, NAMES[0], light(NAMES[0]))
    frame = pd.DataFrame(
        {
            "image": [*NAMES[1:8], "CCO"],
            "brightness": [*(light(name)["brightness"] for name in NAMES[1:8]), 1.0],
        }
    )
    report = attach_table(client, frame)
    assert report.measured == 7
    (problem,) = report.problems
    assert problem.startswith("row 8: 'CCO' cannot be used")
    assert "PNG" in problem
    with pytest.raises(InputError, match="the column 'image'"):
        attach_table(client, frame.rename(columns={"image": "smiles"}))
    again = Client.load_from_database("images", storage)
    assert again.summarize().set_index("trial_index")["image"][own] == NAMES[0]
    assert not {*next_objects(again, 3).values()} & {*NAMES[:8]}


def test_values_of_no_image_are_refused_in_few_words(settings: Settings) -> None:
    client = latent_client("brightness", settings=settings)
    index = client.attach_trial({"z0": 0.5, "z1": 0.5})
    client.complete_trial(index, {"brightness": 1.0})
    with pytest.raises(InputError, match=r"names no image: .*PNG.*\"image\": \.\.\."):
        next_objects(client, 1)
    other = image_name(np.zeros((9, 9), dtype=np.uint8))
    experiment_of(client).trials[index].update_run_metadata({"image": other})
    with pytest.raises(InputError, match="names 'image ") as caught:
        next_objects(client, 1)
    assert other not in str(caught.value)


def test_rules_of_molecules_are_refused(settings: Settings) -> None:
    with pytest.raises(InputError, match="no rules for images"):
        latent_client("brightness", settings=Settings(model=settings.model, rules={"charge": (0, 0)}))


def test_ax_s_generators_move_to_images(settings: Settings) -> None:
    client = latent_client("brightness", settings=settings)
    spec = GeneratorSpec(generator_enum=Generators.SOBOL, generator_kwargs={"seed": 0})
    node = BoxNode(latent_node(client).space, 1, generator_specs=[spec])
    run = node.gen(experiment=experiment_of(client), pending_observations=None, n=3)
    names = [metadata["image"] for metadata in run.candidate_metadata_by_arm_signature.values()]
    assert len(set(names)) == 3
    z = latent_node(client).space.model.embed(latent_node(client).space.model.codec.read(names))
    for arm, point in zip(run.arms, z, strict=True):
        assert arm.parameters == pytest.approx(node.space.box.point(point))
