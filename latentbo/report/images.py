"""Grey images on a page: they are drawn already."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from markupsafe import Markup

from latentbo.codecs.base import brief
from latentbo.codecs.images import PREFIX, image_pixels


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
    return np.divide(others @ one, scale, out=np.zeros(len(names)), where=scale > 0).tolist()
