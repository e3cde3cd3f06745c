"""Beam search: the likeliest token sequence at a latent point, or nearly.

Greedy decoding takes the likeliest token each time and cannot go back: where two beginnings are about as
likely, the wrong one spoils all that follows. A beam keeps the few beginnings that may still win. Most latent points
leave one of them after a token or two, so that a narrow beam costs little more than greed does.

symbol   meaning                                                        shape
n        latent points
m        hypotheses alive, of all points together
owner    which point a hypothesis belongs to                            m
score    log p(x_1 ... x_t | z), nats                                   m
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from latentbo.codecs.vocabulary import END, PAD, START
from latentbo.models.networks import SequenceDecoder
from latentbo.types import Latents, Tokens

WIDTH = 3
MARGIN = 2.0  # nats


class _Beam(NamedTuple):
    """Hypotheses, those of one point side by side and the likelier ones first."""

    owner: Int[Tensor, " m"]
    score: Float[Tensor, " m"]
    parent: Int[Tensor, " m"]
    token: Int[Tensor, " m"]

    def at(self, rows: Tensor) -> _Beam:
        """The chosen ones, in this order."""
        return _Beam(*(column[rows] for column in self))


@torch.no_grad()
def beam_search(
    decoder: SequenceDecoder, z: Latents, *, max_tokens: int, width: int = WIDTH, margin: float = MARGIN
) -> Tokens:
    """Tokens n x t, padded after each END; with `width` 1 those of greedy decoding.

    At most `width` hypotheses a point are kept, and none `margin` nats less likely than the point's best one.
    """
    n, device = len(z), z.device
    out = torch.full((n, max_tokens), PAD, dtype=torch.long, device=device)
    best = torch.full((n,), -torch.inf, device=device)  # score of what stands in `out`
    points = torch.arange(n, device=device)
    alive = _Beam(points, torch.zeros(n, device=device), points, torch.full_like(points, START))
    advance, h = decoder.stepper(z)
    rows = out.clone()
    for t in range(max_tokens):
        if len(alive.owner) == 0:
            break
        h = advance(alive.token, h, alive.owner)
        kept = _pruned(_children(alive, decoder.answers(h), width), best, width, margin)
        rows, h = rows[kept.parent], h[kept.parent]
        rows[:, t] = kept.token
        ended = (kept.token == END) | (t == max_tokens - 1)
        won = torch.nonzero(ended & (kept.score > best[kept.owner])).flatten()
        won = won[_first_of_each(kept.owner[won])]
        best[kept.owner[won]], out[kept.owner[won]] = kept.score[won], rows[won]
        going = torch.nonzero(~ended & (kept.score > best[kept.owner])).flatten()
        alive, rows, h = kept.at(going), rows[going], h[going]
    return out


def _children(alive: _Beam, logits: Float[Tensor, "m V"], width: int) -> _Beam:
    """Each hypothesis with each of its `width` likeliest next tokens."""
    gains, tokens = torch.log_softmax(logits, -1).topk(min(width, logits.shape[1]), -1)
    parent = torch.arange(len(tokens), device=tokens.device)[:, None].expand_as(tokens).flatten()
    return _Beam(alive.owner[parent], alive.score[parent] + gains.flatten(), parent, tokens.flatten())


def _pruned(beam: _Beam, best: Float[Tensor, " n"], width: int, margin: float) -> _Beam:
    """Without those that cannot win any more; sorted by point, then by score."""
    lead = best.scatter_reduce(0, beam.owner, beam.score, "amax")
    beam = beam.at(torch.nonzero(beam.score >= lead[beam.owner] - margin).flatten())
    beam = beam.at(beam.score.argsort(descending=True, stable=True))
    beam = beam.at(beam.owner.argsort(stable=True))
    return beam.at(torch.nonzero(_place(beam.owner) < width).flatten())


def _place(owner: Int[Tensor, " m"]) -> Int[Tensor, " m"]:
    """0, 1, 2, ... within each run of equal owners."""
    index = torch.arange(len(owner), device=owner.device)
    return index - index.where(_first_of_each(owner), 0).cummax(0).values if len(owner) else index


def _first_of_each(owner: Int[Tensor, " m"]) -> Bool[Tensor, " m"]:
    """Which are the first of a run of equal owners."""
    first = torch.ones_like(owner, dtype=torch.bool)
    first[1:] = owner[1:] != owner[:-1]
    return first
