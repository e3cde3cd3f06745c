"""Drawings of grey images: they are drawn already."""

from __future__ import annotations

from markupsafe import Markup

from latentbo.codecs.base import brief
from latentbo.codecs.images import PREFIX


def draw(name: object, width: int = 260, height: int = 190) -> Markup | None:
    """The image as an `<img>` with a description, at most `width` by `height` pixels, or None where it is none.

    Small images keep hard pixels, as they were made of few.
    """
    if not isinstance(name, str) or not name.startswith(PREFIX):
        return None
    style = f"max-width: {width}px; height: {height}px"
    return Markup('<img class="molecule pixels" style="{}" src="{}" alt="Image {}">').format(
        style, name, brief(name)
    )
