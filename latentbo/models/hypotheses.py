"""The likeliest row of tokens that is an object.

Of most codecs not every row can be read: an open ring in SMILES, a sequence that is too long. Where the row that a decoder
likes best is none, the next ones it would write are tried, in order. A ladder keeps that cheap: few points need a beam of
five, and few of those one of twenty (which finds an object for about 60 % of them in spaces of SMILES that were trained
briefly).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import torch

from latentbo.codecs.base import Reading
from latentbo.models.beam import Hypotheses

TokenRow = tuple[int, ...]
Write = Callable[[Sequence[TokenRow]], Sequence[Reading]]


class Rung(NamedTuple):
    """How far a search goes: hypotheses a point, and how much less likely than the best they may be (nats)."""

    width: int
    margin: float


LADDER = (Rung(5, 5.0), Rung(20, 10.0))
PREFERRED = Rung(5, 3.0)
Search = Callable[[Sequence[int], Rung], Hypotheses | None]
"""Hypotheses at some points (their numbers); None where a network has one answer only."""
Prefer = Callable[[Sequence[str]], Sequence[str | None]]
"""What speaks against each object, None where nothing does (`Kind.realism`)."""


def first_valid(
    rows: Sequence[TokenRow], write: Write, search: Search, prefer: Prefer | None = None
) -> list[TokenRow]:
    """The rows, and in place of each that is no object the likeliest that is; itself where the whole ladder finds none.

    With `prefer`, the likeliest of those that nothing speaks against goes before the others: in place of an object that
    something speaks against where it is at most three nats less likely, in place of no object wherever it is found.
    """
    chosen = list(rows)
    readings = write(rows)
    waiting = [i for i, reading in enumerate(readings) if not reading.ok]
    valid = [i for i, reading in enumerate(readings) if reading.ok]
    objected = _objected(valid, [readings[i] for i in valid], prefer)
    if objected and (found := search(objected, PREFERRED)) is not None:
        for i, (_, row) in zip(objected, _likeliest(found, write, prefer), strict=True):
            chosen[i] = row or chosen[i]
    for rung in LADDER:
        found = search(waiting, rung) if waiting else None
        if found is None:
            break
        for i, (row, preferred) in zip(waiting, _likeliest(found, write, prefer), strict=True):
            chosen[i] = preferred or row or chosen[i]
        waiting = [i for i in waiting if chosen[i] is rows[i]]
    return chosen


def _likeliest(
    found: Hypotheses, write: Write, prefer: Prefer | None
) -> list[tuple[TokenRow | None, TokenRow | None]]:
    """Of each point the likeliest row that is an object, and the likeliest that nothing speaks against.

    The second hypotheses are written only where the first will not do, and so on.
    """
    first: list[TokenRow | None] = [None] * len(found.rows)
    preferred: list[TokenRow | None] = [None] * len(found.rows)
    waiting = list(range(len(found.rows)))
    for place in range(found.rows.shape[1]):
        there = torch.isfinite(found.scores[:, place]).tolist()
        waiting = [i for i in waiting if there[i]]
        tried = {i: tuple(row) for i, row in zip(waiting, found.rows[waiting, place].tolist(), strict=True)}
        readings = dict(zip(waiting, write(list(tried.values())), strict=True))
        valid = [i for i in waiting if readings[i].ok]
        objected = set(_objected(valid, [readings[i] for i in valid], prefer))
        for i in valid:
            first[i] = first[i] or tried[i]
            preferred[i] = None if i in objected else tried[i]
        waiting = [i for i in waiting if preferred[i] is None]
    return list(zip(first, preferred, strict=True))


def _objected(points: Sequence[int], readings: Sequence[Reading], prefer: Prefer | None) -> list[int]:
    """The points whose object something speaks against."""
    if prefer is None or not points:
        return []
    reasons = prefer([reading.object or "" for reading in readings])
    return [i for i, reason in zip(points, reasons, strict=True) if reason is not None]
