"""One module a kind of object: all that the program must know of it, in one value."""

from __future__ import annotations

from typing import TYPE_CHECKING

from latentbo.lazy import lazy_exports

if TYPE_CHECKING:
    from latentbo.kinds.base import Kind as Kind
    from latentbo.kinds.base import ObjectReader as ObjectReader
    from latentbo.kinds.base import plain_kind as plain_kind
    from latentbo.kinds.known import KINDS as KINDS
    from latentbo.kinds.known import add_kind as add_kind
    from latentbo.kinds.known import find_kind as find_kind
    from latentbo.kinds.known import kind_of as kind_of

_EXPORTS = {
    "KINDS": "known",
    "Kind": "base",
    "ObjectReader": "base",
    "add_kind": "known",
    "find_kind": "known",
    "kind_of": "known",
    "plain_kind": "base",
}
__all__ = list(_EXPORTS)
__getattr__, __dir__ = lazy_exports(__name__, _EXPORTS)
