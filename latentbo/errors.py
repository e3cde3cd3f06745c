"""What can go wrong, under one base class.

Every message says what was expected, what came, and how to mend it: the command line prints it as it is.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import fields
from difflib import get_close_matches
from typing import Any, TypeVar

T = TypeVar("T")


class LatentboError(Exception):
    """Base of every error that latentbo raises on purpose."""


class InputError(LatentboError, ValueError):
    """What the user gave (a value, a file, a name, a configuration key) cannot be used."""


class ModelFileError(LatentboError):
    """A saved model is missing, damaged, or not of a kind this version reads."""


class StoreError(LatentboError):
    """A campaign file cannot be opened, or holds something this version does not understand."""


class FitError(LatentboError):
    """No remedy made a model fit; the message lists the steps that were taken."""


class ObjectiveError(LatentboError):
    """The objective fails so often that going on would waste the budget."""


class ShortfallError(LatentboError):
    """Fewer proposals than asked for could be made; the message counts why."""


def unknown_name(kind: str, name: str, known: Iterable[str]) -> InputError:
    """The error for a name that is not in a list, with the nearest one that is."""
    names = sorted(known)
    near = get_close_matches(name, names, n=1, cutoff=0.5)
    hint = f"did you mean {near[0]!r}?" if near else f"known: {', '.join(names)}"
    return InputError(f"unknown {kind} {name!r}: {hint}")


def made_of(kind: type[T], data: Mapping[str, Any], key: str) -> T:
    """A dataclass made of a dict; a key it does not have is refused, with the nearest one that it has. `key` is what the
    message calls a key.
    """
    known = [field.name for field in fields(kind) if field.init]  # type: ignore[arg-type]
    for name in data:
        if name not in known:
            raise unknown_name(key, name, known)
    return kind(**data)
