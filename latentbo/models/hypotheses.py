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
Search = Callable[[Sequence[int], Rung], Hypotheses | None]
"""Hypotheses at some points (their numbers); None where a network has one answer only."""


def first_valid(rows: Sequence[TokenRow], write: Write, search: Search) -> list[TokenRow]:
    """The rows, and in place of each that is no object the likeliest that is; itself where the whole ladder finds none."""
    chosen = list(rows)
    waiting = [i for i, reading in enumerate(write(rows)) if not reading.ok]
    for rung in LADDER:
        found = search(waiting, rung) if waiting else None
        if found is None:
            break
        valid = _first_valid_of(found, write)
        chosen_now = {i: row for i, row in zip(waiting, valid, strict=True) if row is not None}
        for i, row in chosen_now.items():
            chosen[i] = row
        waiting = [i for i in waiting if i not in chosen_now]
    return chosen


def _first_valid_of(found: Hypotheses, write: Write) -> list[TokenRow | None]:
    """Of each point. The second hypotheses are written only where the first is no object, and so on."""
    valid: list[TokenRow | None] = [None] * len(found.rows)
    waiting = list(range(len(found.rows)))
    for place in range(found.rows.shape[1]):
        there = torch.isfinite(found.scores[:, place]).tolist()
        waiting = [i for i in waiting if there[i]]
        tried = [tuple(row) for row in found.rows[waiting, place].tolist()]
        for i, row, reading in zip(waiting, tried, write(tried), strict=True):
            if reading.ok:
                valid[i] = row
        waiting = [i for i in waiting if valid[i] is None]
    return valid
