"""How objects are drawn on a page and compared, for each kind of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from markupsafe import Markup

from latentbo.codecs.descriptors import tanimoto
from latentbo.models.evaluation import Similarity
from latentbo.report import images, molecules
from latentbo.report.cells import Raster

Draw = Callable[[object, int, int], Markup | None]
"""An object's name, width and height (pixels) to what shows it; None where it cannot be drawn."""


class Look(NamedTuple):
    """`draw` is for the page, `raster` for figures; `similarity` lies within 0 and 1 and is called `likeness`."""

    draw: Draw
    raster: Raster
    similarity: Similarity
    likeness: str


LOOKS = {
    "molecules": Look(molecules.draw, molecules.raster, tanimoto, "Tanimoto similarity"),
    "images": Look(images.draw, images.raster, images.cosine, "cosine similarity"),
}
