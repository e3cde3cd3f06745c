"""Views of a space of images: the same pages, in which nothing speaks of molecules or of exact decodes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from benchmarks.cards.drawing import draw_cards
from latentbo.codecs.image_files import write_images
from latentbo.codecs.images import image_name
from latentbo.diagnostics.dead_zones import Gauge, calibrate
from latentbo.errors import InputError
from latentbo.kinds.images import IMAGES, cosine
from latentbo.models.dkl_vae import DKLVAE
from latentbo.report.latent_views import map_page, path_page
from latentbo.report.spaces import Listed, listed, space_of_model
from latentbo.report.views_page import ViewsPage, write_views
from latentbo.training.images import ImageRecipe, train_images

CARDS = draw_cards(15, seed=0, side=16)
NAMES = tuple(image_name(image) for image in CARDS.images)


@pytest.fixture(scope="module")
def model() -> DKLVAE:
    recipe = ImageRecipe(
        latent=3, hidden=32, channels=4, epochs=100, batch_size=20, learning_rate=1e-2, beta=0.02
    )
    return train_images(CARDS.images, recipe)[0]


@pytest.fixture(scope="module")
def gauge(model: DKLVAE) -> Gauge:
    return calibrate(model, 0, NAMES)


def words(page: ViewsPage, folder: Path) -> str:
    html = write_views(page, folder / "p.html")[0].read_text(encoding="utf-8")
    body = html.split("</style>", 1)[1].split("<script>")[0]
    body += "".join(view.picture.svg for view in page.views)
    assert "olecule" not in body.replace('class="molecule pixels"', "")
    assert "Tanimoto" not in body
    assert "different" not in body
    assert "come back" not in body.lower()
    return body


def test_known_images_are_those_that_encode_nearest_to_themselves(model: DKLVAE, gauge: Gauge) -> None:
    readings = model.codec.read(NAMES)
    own = model.embed(readings).numpy()
    back = model.embed(model.decode(model.embed(readings), width=1)).numpy()
    nearest = [int(np.square(own - point).sum(axis=1).argmin()) for point in back]
    kept = [i for i, place in enumerate(nearest) if place == i]
    assert 10 <= len(kept) < len(NAMES), "or the test would not tell one rule from the other"
    np.testing.assert_allclose(gauge.known.numpy(), own[kept])


def test_a_map_of_images(model: DKLVAE, gauge: Gauge, tmp_path: Path) -> None:
    values = tuple(CARDS.angle.tolist())
    page = map_page(space_of_model(model, Listed(NAMES, values), name="angle"), gauge)
    assert [tile.label for tile in page.tiles] == [
        "Images",
        "Dead at their own point",
        "Dead among prior draws",
    ]
    body = words(page, tmp_path)
    assert "Map of 60 images" in body
    assert [view.title.rpartition(" ")[0] for view in page.views] == [
        "Latent",
        "Neighbourhood of image",
        "Between three",
    ]
    assert "cosine similarity to the centre" in body


def test_a_path_between_images(model: DKLVAE, gauge: Gauge, tmp_path: Path) -> None:
    page = path_page(gauge, (NAMES[0], NAMES[40]), ["line", "sphere"], steps=5)
    assert page.tiles[0].note == "cosine similarity"
    body = words(page, tmp_path)
    assert "From image " in body
    assert "5 steps. Dead zones" in body


def test_images_are_listed_from_a_folder_an_array_and_a_table(model: DKLVAE, tmp_path: Path) -> None:
    (tmp_path / "some").mkdir()
    write_images(NAMES[:3], [tmp_path / "some" / f"{i}.png" for i in range(3)])
    np.save(tmp_path / "all.npy", CARDS.images)
    rows = "".join(f'"{name}",{i}\n' for i, name in enumerate(NAMES[:2]))
    (tmp_path / "t.csv").write_text(f"image,value\n{rows}CCO,3\n")
    assert listed(tmp_path / "some", model).objects == NAMES[:3]
    assert listed(tmp_path / "all.npy", model).objects == NAMES
    with pytest.raises(InputError, match=r"all\.npy is no table: leave .*--value-column out"):
        listed(tmp_path / "all.npy", model, value_column="angle")
    table = listed(tmp_path / "t.csv", model)
    assert (table.objects, table.values) == (NAMES[:2], (0.0, 1.0))
    assert table.problems == ("line 4: 'CCO' cannot be used (unreadable)",)
    assert IMAGES.read_name(str(tmp_path / "some" / "1.png")) == NAMES[1]
    assert IMAGES.read_name(NAMES[1]) == NAMES[1]
    with pytest.raises(InputError, match=r"a PNG file was expected, not none.png"):
        IMAGES.read_name("none.png")


def test_the_similarity_of_images() -> None:
    dark, half = np.zeros((2, 2), np.uint8), np.array([[100, 0], [0, 0]], np.uint8)
    other, all_ = np.array([[0, 7], [0, 0]], np.uint8), np.full((2, 2), 50, np.uint8)
    names = [image_name(each) for each in (half, 2 * half, other, all_, dark)]
    assert cosine(names[0], names) == pytest.approx([1.0, 1.0, 0.0, 0.5, 0.0])
    assert cosine(names[0], []) == []
