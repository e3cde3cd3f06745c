"""How a model of each kind of objects is trained from a file: by kind, with a general way for the others."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from latentbo.kinds.base import Kind
from latentbo.kinds.known import find_kind, kind_names
from latentbo.models.dkl_vae import DKLVAE
from latentbo.training.runs import Listener


@dataclass(frozen=True)
class Maker:
    """The class of the recipe, and what makes a model: (file, out, recipe, worker processes, listener) -> model."""

    recipe: type[Any]
    make: Callable[[Path, Path, Any, int, Listener], DKLVAE]


def molecules() -> Maker:
    from latentbo.training.molecules import make_model
    from latentbo.training.pretrain import Recipe

    return Maker(
        Recipe,
        lambda file, out, recipe, workers, listener: make_model(
            file, out, recipe, workers=workers, listener=listener
        ),
    )


def images() -> Maker:
    from latentbo.training.images import ImageRecipe, make_image_model

    return Maker(
        ImageRecipe,
        lambda file, out, recipe, workers, listener: make_image_model(file, out, recipe, listener=listener),
    )


def any_kind(kind: Kind) -> Maker:
    from latentbo.training.objects import ObjectRecipe, make_object_model

    return Maker(
        ObjectRecipe,
        lambda file, out, recipe, workers, listener: make_object_model(
            file, out, kind, recipe, listener=listener
        ),
    )


MAKERS: dict[str, Callable[[], Maker]] = {"molecules": molecules, "images": images}
"""Kinds that are trained in a way of their own. Each loads what it needs when it is asked for."""


def maker_of(kind: Kind) -> Maker:
    """How models of this kind are made."""
    return MAKERS[kind.name]() if kind.name in MAKERS else any_kind(kind)


def kind_of_file(file: Path) -> Kind | None:
    """The kind that reads the file itself, such as a folder of images; None for a list or a table of text, which does not
    say what it holds.
    """
    for name in kind_names():
        kind = find_kind(name)
        if kind.read_file(file) is not None:
            return kind
    return None
