"""A kind of object: everything that the program must know of one, in one value.

A new kind is one new module that makes a `Kind`; nothing else in the house asks what its objects are. What is left out
has a plain default: no rules, no edits, no features, cells of text, and the likeness of two texts.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import SequenceMatcher
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from jaxtyping import Float
from markupsafe import Markup

from latentbo.codecs.base import Codec
from latentbo.data.tables import Table
from latentbo.errors import InputError

Check = Callable[[Sequence[str]], Sequence[str | None]]
"""A reason code for each canonical object that is not worth measuring, None for the others."""
Edit = Callable[[Sequence[str], int, np.random.Generator], list[str]]
"""About n children of parents (canonical objects), made outside the latent space."""
Features = Callable[[Sequence[str]], Float[np.ndarray, "n p"]]
"""Numbers read off canonical objects, one row each; of no objects, an empty row block of the right width."""
Similarity = Callable[[str, Sequence[str]], Sequence[float]]
"""Likeness of one object to each of others, from 0 to 1."""
Draw = Callable[[object, int, int], Markup | None]
"""An object's name, width and height (pixels) to what shows it on a page; None where it cannot be drawn."""
Raster = Callable[[str, int, int], np.ndarray | None]
"""The same as pixels (grey h x w, or RGBA) for figures."""
TAKEN = frozenset(
    ("id", "value", "reason", "status", "line", "round", "proposer", "mean", "sd", "p_feasible", "encoder")
)
"""Columns of a campaign's tables that are not the objects'."""


class Rules(Protocol):
    """What may be proposed: owned by the campaign, which stores it as JSON."""

    def __call__(self, objects: Sequence[str]) -> Sequence[str | None]: ...

    def to_dict(self) -> dict[str, Any]: ...


@dataclass(frozen=True, kw_only=True, eq=False)
class Kind:
    """One kind of object. The names are how people speak of it, the rest is what can be done with it.

    name          plural, and what codecs, cards and campaign files call it ("molecules")
    noun          one of them ("molecule")
    column        the column of tables where they stand ("smiles")
    expected      what has to stand there, for errors ("SMILES that RDKit reads")
    codec         the codec that a model card describes (`Codec.to_dict` turned back)
    network       which network reads and writes its tokens: a name in `models.pretrained.NETWORKS`
    exact         whether a decode can be an object again (molecules), or at best be like it (images)
    rules         rules of a dict of settings, None where it has none
    realism       why an object does not look like one that people make, None where it does: of the objects that a decoder
                  holds for about equally likely, one that does is taken. None: all are alike
    edits         proposers outside the latent space, by name
    structure, descriptors   features that the surrogate may be given beside the latents; cards name the functions
    parent        the object without what people leave out when they write it; `left_out` names that
    draw, raster  pictures on pages and in figures; None: its text
    similarity    of two objects; `likeness` names it
    read_file     the table of a file that is not a table of text (a folder of images), None for others
    read_name     one object as it is named on a command line
    """

    name: str
    noun: str
    column: str
    expected: str
    codec: Callable[[dict[str, Any]], Codec]
    network: str = "sequence"
    exact: bool = True
    rules: Callable[[Mapping[str, Any]], Rules] | None = None
    realism: Check | None = None
    edits: Mapping[str, Edit] = field(default_factory=dict)
    structure: Features | None = None
    descriptors: Features | None = None
    parent: Callable[[str], str] = str
    left_out: str = ""
    draw: Draw = lambda name, width, height: None
    raster: Raster = lambda name, width, height: None
    similarity: Similarity = lambda centre, others: text_similarity(centre, others)
    likeness: str = "similarity of the texts"
    read_file: Callable[[Path], Table | None] = lambda file: None
    read_name: Callable[[str], str] = str

    def __post_init__(self) -> None:
        for part in ("name", "noun", "column"):
            text = getattr(self, part)
            if not isinstance(text, str) or not text.strip() or text != text.strip():
                raise InputError(f"the {part} of a kind is a text without blanks around it, not {text!r}")
        if self.column.lower() in TAKEN:
            raise InputError(
                f"the column of {self.name} cannot be called {self.column!r}, which tables have for something else: "
                f"name it after one of them, such as {self.noun!r}"
            )

    def spelled_out(self, rules: Mapping[str, Any]) -> dict[str, Any]:
        """Every rule with its value, as a campaign stores them: defaults may change, and a tuple would contradict the list
        that it becomes. Raises `InputError` for rules that the kind does not have.
        """
        if self.rules is not None:
            stored = self._said(rules)
            if (again := self._said(stored)) != stored:
                raise InputError(
                    f"the rules of {self.name} that are made of {stored} say {again} of themselves"
                )
            return stored
        if rules:
            raise InputError(
                f"there are no rules for {self.name}, but the settings name {', '.join(map(str, rules))}: leave them "
                "out, or give the campaign a `check` of your own"
            )
        return {}

    def check(self, rules: Mapping[str, Any]) -> Check:
        """What the rules say of canonical objects."""
        return _anything if self.rules is None else self.rules(rules)

    def _said(self, rules: Mapping[str, Any]) -> dict[str, Any]:
        """What the rules that are made of some settings say of themselves."""
        assert self.rules is not None
        try:
            made = self.rules(rules)
        except (KeyError, TypeError) as error:  # of the user's own code
            raise InputError(f"the rules of {self.name} cannot be made of {dict(rules)}: {error}") from error
        return _as_json(made.to_dict(), f"to_dict of the rules of {self.name}")


@dataclass(frozen=True, eq=False)
class ObjectReader:
    """A kind and the codec that reads its objects: all that is needed to take in a table."""

    kind: Kind
    codec: Codec


def plain_kind(codec: Codec) -> Kind:
    """A kind of which nothing is known but its codec: text, in a column `object`. The codec is read from no card: it is
    the given one, and a card must describe it.
    """

    def same(card: dict[str, Any]) -> Codec:
        if card != codec_settings(codec):
            raise ValueError(f"the codec of the card is not the {codec.kind!r} codec that was given")
        return codec

    return Kind(
        name=codec.kind, noun="object", column="object", expected="an object that the codec reads", codec=same
    )


def codec_settings(codec: Codec) -> dict[str, Any]:
    """`Codec.to_dict` as a card gives it back: a tuple is a list. `InputError` for what has no place in JSON."""
    return _as_json(codec.to_dict(), f"to_dict of the {codec.kind!r} codec")


def text_similarity(centre: str, others: Sequence[str]) -> list[float]:
    """Share of two texts that matches (Ratcliff & Obershelp 1988)."""
    return [SequenceMatcher(None, centre, other, autojunk=False).ratio() for other in others]


def _as_json(found: object, source: str) -> dict[str, Any]:
    """A dict as JSON gives it back. `InputError` for what it cannot hold."""
    try:
        if not isinstance(found, dict):
            raise TypeError(f"it is of type {type(found).__name__}")
        back: dict[str, Any] = json.loads(json.dumps(found, allow_nan=False))
    except (TypeError, ValueError, RecursionError) as error:
        raise InputError(
            f"{source} must give a dict that JSON can hold ({error}): write it of texts, numbers, lists and dicts"
        ) from error
    return back


def _anything(objects: Sequence[str]) -> list[str | None]:
    return [None] * len(objects)
