"""Numbers as people write them in a column, read strictly: a number is only a text that spells one from end to end."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from typing import NamedTuple

NOT_A_NUMBER = "not_a_number"
NOT_FINITE = "not_finite"
CENSORED = "censored"
DECIMAL_SIGN = "decimal_sign"
THOUSANDS = "thousands"

_DOT = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?")
_COMMA = re.compile(r"[+-]?([0-9]+,[0-9]*|,[0-9]+)([eE][+-]?[0-9]+)?")
_GROUPED = re.compile(r"[+-]?[1-9][0-9]{0,2}[.,][0-9]{3}")
_HUNDREDS = re.compile(r"[+-]?[1-9][0-9]{2}")
_INFINITE = re.compile(r"[+-]?(nan|inf|infinity)", re.IGNORECASE)
_LIMIT = re.compile(r"[<>≤≥~≈].*")


class Signs(NamedTuple):
    """The decimal sign of a column, and whether it may as well be one between thousands."""

    decimal: str
    either: bool


def signs_of(values: Sequence[str], separator: str) -> Signs:
    """How the numbers of a column are written.

    A sign that three digits always follow may be one between thousands. It yields to a sign that other digits follow, and
    it stays ambiguous (`either`) where the column has whole numbers of three digits too.
    """
    dotted = [text for text in values if "." in text and _DOT.fullmatch(text)]
    with_comma = [text for text in values if _COMMA.fullmatch(text)]
    sure = [bool(texts) and not all(map(_GROUPED.fullmatch, texts)) for texts in (dotted, with_comma)]
    comma = sure[1] if sure[0] != sure[1] else len(with_comma) > len(dotted)
    decimal = "," if comma and separator != "," else "."
    shown = with_comma if decimal == "," else dotted
    either = bool(shown) and all(map(_GROUPED.fullmatch, shown)) and any(map(_HUNDREDS.fullmatch, values))
    return Signs(decimal, either)


def number_of(text: str, signs: Signs) -> tuple[float | None, str | None]:
    """The number that the whole text spells and no reason, or None and the reason; empty text has neither."""
    if not text:
        return None, None
    if _LIMIT.fullmatch(text):
        return None, CENSORED
    if not _DOT.fullmatch(text) and not _COMMA.fullmatch(text):
        return None, NOT_FINITE if _INFINITE.fullmatch(text) else NOT_A_NUMBER
    if ({".", ","} - {signs.decimal}) & set(text):
        return None, DECIMAL_SIGN
    if signs.either and _GROUPED.fullmatch(text):
        return None, THOUSANDS
    number = float(text.replace(",", "."))
    return (number, None) if math.isfinite(number) else (None, NOT_FINITE)
