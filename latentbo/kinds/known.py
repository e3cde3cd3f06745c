"""The kinds of objects, by name: the package's own, those of other packages, and whatever a script adds.

Another package names its kinds as entry points of the group `latentbo.kinds`; a script puts one into `KINDS`, or
gives it as an argument (`load_model(folder, kind=DNA)`). None is loaded before it is asked for.
"""

from __future__ import annotations

from functools import cache
from importlib import import_module
from importlib.metadata import EntryPoint, entry_points

from latentbo.codecs.base import Codec
from latentbo.errors import InputError, unknown_name
from latentbo.kinds.base import Kind, plain_kind
from latentbo.scripts import load_name

GROUP = "latentbo.kinds"
KINDS: dict[str, str | Kind] = {
    "molecules": "latentbo.kinds.molecules:MOLECULES",
    "images": "latentbo.kinds.images:IMAGES",
}
"""Kinds, or `module:name` of one that is loaded when it is asked for."""


def find_kind(name: str) -> Kind:
    """The kind of that name. Raises `InputError` where nobody knows it."""
    found = KINDS.get(name)
    if isinstance(found, Kind):
        return found
    if found is not None:
        module, _, attribute = found.partition(":")
        return _checked(getattr(import_module(module), attribute), found)
    entry = _entries().get(name)
    if entry is None:
        raise unknown_name("kind of object", name, kind_names())
    try:
        loaded = entry.load()
    except Exception as error:  # another package's own mistake
        raise InputError(
            f"the kind {name!r} of another package ({entry.value}) cannot be loaded: {type(error).__name__}: {error}"
        ) from error
    kind = _checked(loaded, entry.value)
    if kind.name != name:
        raise InputError(
            f"the entry point {name!r} gives a kind that is called {kind.name!r}: name both alike"
        )
    return kind


def kind_names() -> list[str]:
    """Names of all kinds that can be found."""
    return [*KINDS, *(name for name in _entries() if name not in KINDS)]


def kind_of(codec: Codec) -> Kind:
    """The kind of a codec's objects: the known one of that name, or a plain one."""
    return find_kind(codec.kind) if codec.kind in kind_names() else plain_kind(codec)


def add_kind(spec: str) -> Kind:
    """The kind in a user's own script (`path/to/file.py:NAME`), known from now on in this process."""
    kind = _checked(load_name(spec, "a kind of object"), spec)
    KINDS[kind.name] = kind
    return kind


def _checked(found: object, source: str) -> Kind:
    if not isinstance(found, Kind):
        raise InputError(f"{source} must be a latentbo.kinds.Kind, not {type(found).__name__}")
    return found


@cache
def _entries() -> dict[str, EntryPoint]:
    """What other packages bring."""
    return {entry.name: entry for entry in entry_points(group=GROUP)}
