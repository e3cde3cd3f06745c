"""A user's own images: what is in the files arrives as it is, and what cannot be read is named."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from latentbo.codecs.image_files import NO_IMAGE, UNREADABLE_IMAGE, pixels, read_images, write_images
from latentbo.codecs.images import image_name
from latentbo.errors import InputError

IMAGES = np.random.default_rng(0).integers(0, 256, (3, 5, 7)).astype(np.uint8)
NAMES = [image_name(image) for image in IMAGES]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Three PNG files that sort in this order, and a file that is none."""
    (tmp_path / "pngs").mkdir()
    write_images(NAMES, [tmp_path / "pngs" / name for name in ("a.png", "b.PNG", "c.png")])
    (tmp_path / "pngs" / "notes.txt").write_text("mine")
    return tmp_path / "pngs"


def test_a_folder_by_the_names_of_its_files(folder: Path) -> None:
    table = read_images(folder)
    assert [row.object for row in table.rows] == NAMES
    assert [row.extra["file"] for row in table.rows] == ["a.png", "b.PNG", "c.png"]
    assert [row.value for row in table.rows] == [None, None, None]
    assert np.array_equal(pixels(row.object for row in table.rows), IMAGES)


def test_an_array_by_place(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", IMAGES)
    np.save(tmp_path / "f.npy", IMAGES / 255.0)
    for name in ("a.npy", "f.npy"):
        assert [row.object for row in read_images(tmp_path / name).rows] == NAMES


def test_a_table_names_images_and_their_values(folder: Path, tmp_path: Path) -> None:
    (folder / "broken.png").write_bytes(b"no png")
    (tmp_path / "v.csv").write_text(
        "file,angle,who\nc.png,12.5,me\nx.png,1,\nbroken.png,2,\na.png,,\nb.PNG,>3,\n"
    )
    table = read_images(folder, tmp_path / "v.csv", value_column="angle")
    assert [(row.line, row.object, row.value) for row in table.rows] == [
        (2, NAMES[2], 12.5),
        (5, NAMES[0], None),
    ]
    assert table.rows[0].extra == {"who": "me", "file": "c.png"}
    assert [(p.line, p.reason) for p in table.problems] == [
        (3, NO_IMAGE),
        (4, UNREADABLE_IMAGE),
        (6, "censored"),
    ]
    np.save(tmp_path / "a.npy", IMAGES)
    (tmp_path / "w.csv").write_text("row;value\n2;0,5\n3;1,5\n")
    table = read_images(tmp_path / "a.npy", tmp_path / "w.csv")
    assert [(row.object, row.value) for row in table.rows] == [(NAMES[2], 0.5)]
    assert [problem.reason for problem in table.problems] == [NO_IMAGE]


@pytest.mark.parametrize(
    ("array", "message"),
    [
        (IMAGES[0], r"n x height x width grey levels, not \(5, 7\)"),
        (IMAGES.astype(np.int32), "not int32 within"),
        (IMAGES * 1.0, "floats within 0 and 1, not float64"),
        (np.full((1, 2, 2), np.nan), "not float64 within nan"),
        (IMAGES[:0], "not"),
        (np.array([[["a"]]]), "within 0 and 1, not <U1"),
    ],
)
def test_other_arrays_are_refused(array: object, message: str, tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", np.asarray(array))
    with pytest.raises(InputError, match=message):
        read_images(tmp_path / "a.npy")


def test_nothing_to_read_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="holds no file that ends in"):
        read_images(tmp_path)
    with pytest.raises(InputError, match="a folder of PNG files or"):
        read_images(tmp_path / "nowhere")
    np.save(tmp_path / "o.npy", np.array([{}]), allow_pickle=True)
    with pytest.raises(InputError, match="was expected"):  # a pickle: nothing in it runs
        read_images(tmp_path / "o.npy")
    np.save(tmp_path / "a.npy", IMAGES)
    (tmp_path / "w.csv").write_text("row,value\n7,1\n")
    with pytest.raises(InputError, match=r"no image of .* can be read: line 2"):
        read_images(tmp_path / "a.npy", tmp_path / "w.csv")
    with pytest.raises(InputError, match="one size"):
        pixels([NAMES[0], image_name(IMAGES[0][:2])])
