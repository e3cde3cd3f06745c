"""Grey images: a PNG in a data URI, a folder or array of them instead of a table; they are drawn already."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from markupsafe import Markup

from latentbo.codecs.base import brief
from latentbo.codecs.image_files import read_image, read_images
from latentbo.codecs.images import PREFIX, ImageCodec, image_pixels
from latentbo.data.tables import Table
from latentbo.kinds.base import Kind


def draw(name: object, width: int = 260, height: int = 190) -> Markup | None:
    """The image as an `<img>` with a description, at most `width` by `height` pixels, or None where it is none.

    Small images keep hard pixels, as they were made of few.
    """
    if not isinstance(name, str) or not name.startswith(PREFIX):
        return None
    style = f"max-width: {width}px; height: {height}px"
    return Markup('<img class="molecule pixels" style="{}" src="{}" alt="{}">').format(
        style, name, brief(name)
    )


def raster(name: object, width: int, height: int) -> np.ndarray | None:
    """The image's own pixels, whatever the place; None as of `draw`."""
    return image_pixels(name) if isinstance(name, str) and name.startswith(PREFIX) else None


def cosine(centre: str, names: Sequence[str]) -> list[float]:
    """Cosine of the angle between the pixels of an image and those of others of its size: 1 where they differ in
    brightness only, 0 where none is bright in both.
    """
    one = image_pixels(centre).ravel().astype(float)
    others = np.array([image_pixels(name).ravel() for name in names], dtype=float).reshape(-1, one.size)
    scale = np.linalg.norm(one) * np.linalg.norm(others, axis=1)
    found: list[float] = np.divide(others @ one, scale, out=np.zeros(len(names)), where=scale > 0).tolist()
    return found


def read_file(file: Path) -> Table | None:
    """The images of a folder or a .npy array; None for a file that is neither."""
    return read_images(file) if file.is_dir() or file.suffix == ".npy" else None


def read_name(text: str) -> str:
    """The image of a PNG file, or a data URI as it is."""
    return text if text.startswith(PREFIX) else read_image(text)


IMAGES = Kind(
    name="images",
    noun="image",
    column="image",
    expected="a PNG of the model's size as a data URI (`codecs.images.image_name`)",
    codec=ImageCodec.from_dict,
    network="image",
    exact=False,
    draw=draw,
    raster=raster,
    similarity=cosine,
    likeness="cosine similarity",
    read_file=read_file,
    read_name=read_name,
)
