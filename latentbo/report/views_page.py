"""The page of a few views of a latent space: one HTML file that asks nothing of the network, and its pictures as PNG."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from markupsafe import Markup

from latentbo.errors import InputError
from latentbo.report.page import write_page
from latentbo.report.style import Picture
from latentbo.report.summary import Tile


@dataclass(frozen=True)
class View:
    """A picture under its title; `live` takes its place on a screen that runs scripts."""

    title: str
    picture: Picture
    live: Markup | None = None


@dataclass(frozen=True)
class ViewsPage:
    """What the page shows, from top to bottom."""

    over: str
    title: str
    facts: Mapping[str, str]
    tiles: tuple[Tile, ...]
    views: tuple[View, ...]


def write_views(page: ViewsPage, path: Path, *, png: bool = False) -> list[Path]:
    """Write the page, and with `png` each picture beside it; gives all files written.

    Raises `InputError` where the folder is missing.
    """
    if not path.resolve().parent.is_dir():
        raise InputError(f"no folder {path.parent}: make it, or name another file")
    written = [write_page("views.html.j2", {"page": page}, path)]
    if png:
        written += [
            view.picture.write_png(path.with_name(f"{path.stem}-{view.picture.name}.png"))
            for view in page.views
        ]
    return written
