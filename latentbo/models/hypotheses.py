"""The row of tokens that a latent point stands for: decoder and encoder both have a say.

The row that a decoder likes best need not be the right one. It may be no object (an open ring in SMILES), or an object that
the encoder puts elsewhere, so that the point is not its own. Where it is either, a beam gives the rows next in line, and the
cheapest that is an object is taken. The cost of a row x at the point z, in nats:

    C(x) = - log p(x | z) + beta / 2 * |(z - m(x)) / s(x)|^2

    symbol    meaning
    m, s      mean and standard deviation of q(z | x)
    beta      weight of the KL term in the ELBO. There the best q(z | x) is proportional to p(z) p(x | z)^(1 / beta): beta
              log q(z | x) is a second opinion of log p(x | z), by a network with errors of its own

Most points need no beam: what is written there is an object and lies there.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor

from latentbo.codecs.base import Reading
from latentbo.models.beam import Hypotheses

TokenRow = tuple[int, ...]


class Rung(NamedTuple):
    """How far a search goes: hypotheses a point, and how much less likely than the best they may be (nats)."""

    width: int
    margin: float


LADDER = (Rung(10, 8.0), Rung(20, 10.0))
"""The second one is for points where the first finds no object."""
HERE = 0.3  # standard deviations of q(z | x), root mean square over the axes, from a point to what lies there
BETA = 0.1  # of the shipped models
PREFERRED = 6.0  # nats that an object may cost more if nothing speaks against it


@dataclass(frozen=True)
class Answers:
    """What a model says of rows at some of the points, which are given by number.

    write       the objects of rows
    search      hypotheses at points; None where a network has one answer only
    misfit      |(z - m(x)) / s(x)|^2 of a point and a row, averaged over the axes
    objections  what speaks against objects, None where nothing does (`Kind.realism`); left out: nothing against any
    """

    write: Callable[[Sequence[TokenRow]], Sequence[Reading]]
    search: Callable[[Sequence[int], Rung], Hypotheses | None]
    misfit: Callable[[Sequence[int], Sequence[TokenRow]], Float[Tensor, " m"]]
    objections: Callable[[Sequence[str]], Sequence[str | None]] | None = None


class _Hypothesis(NamedTuple):
    cost: float
    here: bool
    row: TokenRow


def settled(rows: Sequence[TokenRow], latent: int, answers: Answers) -> list[TokenRow]:
    """The rows where they are objects and lie there, and in place of each other one the cheapest that a beam finds: of those
    up to `PREFERRED` dearer one that nothing speaks against, if there is any. Itself where none is an object.

    `latent` are the dimensions of z.
    """
    chosen = list(rows)
    valid = [i for i, reading in enumerate(answers.write(rows)) if reading.ok]
    misfits = dict(zip(valid, answers.misfit(valid, [rows[i] for i in valid]).tolist(), strict=True))
    waiting = [i for i in range(len(rows)) if i not in misfits or not misfits[i] <= HERE**2]
    for rung in LADDER:
        found = answers.search(waiting, rung) if waiting else None
        if found is None:
            break
        best = _best(_by_cost(waiting, found, latent, answers), answers)
        chosen = [best.get(i, row) for i, row in enumerate(chosen)]
        waiting = [i for i in waiting if i not in best and i not in misfits]
    return chosen


def _by_cost(
    points: Sequence[int], found: Hypotheses, latent: int, answers: Answers
) -> dict[int, list[_Hypothesis]]:
    """The hypotheses at each point, the cheapest first."""
    at, place = torch.isfinite(found.scores).nonzero(as_tuple=True)
    owners = [points[i] for i in at.tolist()]
    rows = [tuple(row) for row in found.rows[at, place].tolist()]
    misfits = answers.misfit(owners, rows)
    costs = (0.5 * BETA * latent * misfits - found.scores[at, place]).tolist()
    heres = (misfits <= HERE**2).tolist()
    ordered: dict[int, list[_Hypothesis]] = {}
    for owner, hypothesis in sorted(
        zip(owners, map(_Hypothesis, costs, heres, rows), strict=True), key=lambda pair: pair[1].cost
    ):
        ordered.setdefault(owner, []).append(hypothesis)
    return ordered


def _best(hypotheses: Mapping[int, Sequence[_Hypothesis]], answers: Answers) -> dict[int, TokenRow]:
    """The row of each point that has an object among its hypotheses, which are sorted.

    The second ones are written only where the first will not do, and so on.
    """
    cheapest: dict[int, _Hypothesis] = {}
    preferred: dict[int, TokenRow] = {}
    waiting, place = list(hypotheses), 0
    while waiting:
        tried = {i: hypotheses[i][place] for i in waiting if place < len(hypotheses[i])}
        tried = {
            i: each
            for i, each in tried.items()
            if i not in cheapest or each.cost <= cheapest[i].cost + PREFERRED
        }
        readings = answers.write([each.row for each in tried.values()])
        objects = {i: reading.object for i, reading in zip(tried, readings, strict=True) if reading.object}
        objected = _objected(objects, answers)
        for i in objects:
            cheapest.setdefault(i, tried[i])
            if tried[i].here or i not in objected:
                preferred[i] = tried[i].row
        waiting, place = [i for i in tried if i not in preferred], place + 1
    return {i: each.row for i, each in cheapest.items()} | preferred


def _objected(objects: Mapping[int, str], answers: Answers) -> set[int]:
    """The points whose object something speaks against."""
    if answers.objections is None or not objects:
        return set()
    reasons = answers.objections(list(objects.values()))
    return {i for i, reason in zip(objects, reasons, strict=True) if reason is not None}
