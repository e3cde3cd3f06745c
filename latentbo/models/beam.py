"""Beam search: the likeliest token sequences at a latent point, or nearly.

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


class Hypotheses(NamedTuple):
    """The `kept` likeliest rows of each point that a search found, the likeliest first; -inf where there are fewer."""

    rows: Int[Tensor, "n kept t"]
    scores: Float[Tensor, "n kept"]


def beam_search(
    decoder: SequenceDecoder, z: Latents, *, max_tokens: int, width: int = WIDTH, margin: float = MARGIN
) -> Tokens:
    """Tokens n x t, padded after each END; with `width` 1 those of greedy decoding.

    At most `width` hypotheses a point are kept, and none `margin` nats less likely than the point's best one.
    """
    return likeliest_rows(decoder, z, max_tokens=max_tokens, width=width, margin=margin, kept=1).rows[:, 0]


@torch.no_grad()
def likeliest_rows(
    decoder: SequenceDecoder, z: Latents, *, max_tokens: int, width: int, margin: float, kept: int
) -> Hypotheses:
    """What `beam_search` does, for the `kept` best rows instead of one: a beginning goes on while it can still become one
    of them.
    """
    n, device = len(z), z.device
    found = Hypotheses(
        torch.full((n, kept, max_tokens), PAD, dtype=torch.long, device=device),
        torch.full((n, kept), -torch.inf, device=device),
    )
    points = torch.arange(n, device=device)
    alive = _Beam(points, torch.zeros(n, device=device), points, torch.full_like(points, START))
    advance, h = decoder.stepper(z)
    rows = torch.full((n, max_tokens), PAD, dtype=torch.long, device=device)
    for t in range(max_tokens):
        if len(alive.owner) == 0:
            break
        h = advance(alive.token, h, alive.owner)
        beam = _pruned(_children(alive, decoder.answers(h), width), found.scores[:, 0], width, margin)
        rows, h = rows[beam.parent], h[beam.parent]
        rows[:, t] = beam.token
        ended = (beam.token == END) | (t == max_tokens - 1)
        done = torch.nonzero(ended & (beam.score > found.scores[beam.owner, -1])).flatten()
        if len(done):
            _keep(found, beam.owner[done], beam.score[done], rows[done])
        going = torch.nonzero(~ended & (beam.score > found.scores[beam.owner, -1])).flatten()
        alive, rows, h = beam.at(going), rows[going], h[going]
    return found


def _keep(
    found: Hypotheses, owner: Int[Tensor, " m"], score: Float[Tensor, " m"], rows: Int[Tensor, "m t"]
) -> None:
    """Put finished rows, sorted by point and then by score, in their places among the best of their points."""
    kept = found.scores.shape[1]
    if kept == 1:  # the usual search: nothing to sort
        first = _first_of_each(owner)
        found.scores[owner[first], 0], found.rows[owner[first], 0] = score[first], rows[first]
        return
    points, which = owner.unique_consecutive(return_inverse=True)
    place = _place(owner)
    late = int(place.max()) + 1
    scores = torch.full((len(points), late), -torch.inf, device=score.device)
    spelled = torch.full((len(points), late, rows.shape[1]), PAD, device=rows.device)
    scores[which, place], spelled[which, place] = score, rows
    best, order = torch.cat([found.scores[points], scores], 1).topk(kept, 1)
    both = torch.cat([found.rows[points], spelled], 1)
    found.scores[points] = best
    found.rows[points] = both.gather(1, order[..., None].expand(-1, -1, rows.shape[1]))


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
