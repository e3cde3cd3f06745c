"""What the models need to know about objects: their tokens, and why some have none.

A codec is the only door between objects (molecules, sequences, images) and tensors. Everything above it works
on canonical objects (strings) and integer tokens, so that a new kind of object is a new codec and nothing
else.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

from latentbo.codecs.vocabulary import Vocabulary

DATA_URI = re.compile(r"data:image/[\w+.;-]*,([\w+/=%-]+)")


@dataclass(frozen=True)
class Reading:
    """One row read or written: either a canonical object with its tokens, or a reason code.

    `object` is the identity of what was measured (law 1 of the design); `tokens` hold no start, end or
    padding.
    """

    object: str | None
    tokens: tuple[int, ...] = ()
    reason: str | None = None

    @property
    def ok(self) -> bool:
        return self.object is not None


@runtime_checkable
class Codec(Protocol):
    """Two-way translation between raw strings and tokens. Neither way ever raises for a bad row."""

    @property
    def kind(self) -> str:
        """Name of the kind of object (`kinds`), such as "molecules"."""
        ...

    @property
    def vocabulary(self) -> Vocabulary: ...

    @property
    def max_tokens(self) -> int:
        """The longest token row a model of these objects has to write."""
        ...

    def canonical(self, raw: Sequence[object]) -> list[str | None]:
        """The canonical object of each string, None where there is none: the cheap half of `read`."""
        ...

    def read(self, raw: Sequence[object]) -> list[Reading]:
        """Canonical object and tokens of each string, one row a string; what is no string is a bad row like
        any other.
        """
        ...

    def write(self, tokens: Sequence[Sequence[int]]) -> list[Reading]:
        """The canonical object that each token row spells, one row a row; `tokens` are the object's own
        again.
        """
        ...

    def to_dict(self) -> dict[str, Any]:
        """JSON-able description; a model card stores it and `Kind.codec` turns it back."""
        ...


def is_robust(codec: Codec) -> bool:
    """Whether a codec says that nearly every row of tokens is an object, as of SELFIES and of pixels: then it is not worth
    looking for another row where one is none. A codec says so by an attribute `robust`; one without it does not.
    """
    return bool(getattr(codec, "robust", False))


def objects_of(codec: Codec, rows: Sequence[Sequence[int]]) -> list[tuple[str | None, str | None]]:
    """The canonical object that each token row spells and no reason, or None and the reason code: the cheap half of
    `write`, where a codec has it (a method `objects`), for rows of which few are encoded again.
    """
    cheap = getattr(codec, "objects", None)
    if cheap is not None:
        return list(cheap(rows))
    return [(reading.object, reading.reason) for reading in codec.write(rows)]


def brief(text: str) -> str:
    """The text as messages show it: instead of each image's data URI eight digits that tell it apart."""
    return DATA_URI.sub(lambda found: f"image {_digits(found[1])}", text)


def _digits(content: str) -> str:
    return hashlib.sha256(content.encode()).hexdigest()[:8]
