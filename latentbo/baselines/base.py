"""What every method to compare with can do, and the record that each of them keeps."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Protocol

from latentbo.codecs.molecules import canonical
from latentbo.errors import InputError


class Method(Protocol):
    """A way to find good objects: it is asked what to measure next and told what came of it.

    Start molecules are told before the first ask. A told object need not have been asked for.
    """

    def ask(self, n: int) -> list[str]:
        """Canonical SMILES of n molecules; fewer only if it has no more to offer."""
        ...

    def tell(self, objects: Sequence[str], values: Sequence[float | None]) -> None:
        """What was measured: larger is better, None is no value (invalid or failed)."""
        ...


class Record:
    """The values that were told, and all molecules that were told or asked for, by canonical SMILES.

    A molecule told again takes the new value; None takes no value away.
    """

    def __init__(self) -> None:
        self.values: dict[str, float] = {}
        self.known: set[str] = set()

    def tell(self, objects: Sequence[str], values: Sequence[float | None]) -> None:
        """Raises `InputError`, and records nothing, where lengths differ, a value is not finite, or a string that is
        no molecule has one.
        """
        if len(objects) != len(values):
            raise InputError(f"one value an object was expected ({len(objects)}), not {len(values)}")
        names = [canonical(text)[0] for text in objects]
        for text, name, value in zip(objects, names, values, strict=True):
            if value is not None and not math.isfinite(value):
                raise InputError(
                    f"values must be finite, not {value!r} ({text!r}): tell None where there is none"
                )
            if value is not None and name is None:
                raise InputError(f"{text!r} is no molecule, but has the value {value!r}: tell None for it")
        self.known.update(text if name is None else name for text, name in zip(objects, names, strict=True))
        told = ((name, value) for name, value in zip(names, values, strict=True))
        self.values.update(
            (name, float(value)) for name, value in told if name is not None and value is not None
        )

    def claim(self, smiles: str) -> bool:
        """Whether a canonical SMILES is new; from now on it is known."""
        if smiles in self.known:
            return False
        self.known.add(smiles)
        return True


def nothing_told() -> InputError:
    """The error of a method that needs parents and has none."""
    return InputError(
        "no told molecule has a value to start from: tell some molecules with values before you ask"
    )
