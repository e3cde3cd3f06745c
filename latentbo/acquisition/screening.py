"""The first look at what the proposers made: which of it is new, and which of that is worth encoding.

Decoding a point and editing a graph cost little beside rules, encoding and the full posterior. So every proposer, latent or
not, makes a surplus, and those go on that promise most by what is known of them without a latent point: their structure and
descriptors (`DKLVAE.inputs_unencoded`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import islice
from typing import NamedTuple

import torch
from botorch.acquisition import AcquisitionFunction
from torch import Tensor

from latentbo.acquisition.candidates import Counts
from latentbo.acquisition.context import ProposalContext
from latentbo.acquisition.picking import score
from latentbo.acquisition.proposers import Made
from latentbo.codecs.base import Reading
from latentbo.models.dkl_vae import DKLVAE
from latentbo.models.drafts import Drafts
from latentbo.torch_rng import global_stream, stream


class Offer(NamedTuple):
    """A new canonical object, not yet encoded, and who made it."""

    proposer: str
    object: str


def offers_of(
    made: Mapping[str, Made], model: DKLVAE, known: Collection[str], seed: int
) -> tuple[list[Offer], Counts]:
    """The new objects among points, drafts and strings, each once, in the order of the proposers; the others are counted.
    `seed` decides what is drawn.
    """
    invalid: Counter[str] = Counter()
    offers: dict[str, Offer] = {}
    total = duplicate = 0
    for proposer, (name, reason) in _objects(made, model, seed):
        total += 1
        if name is None:
            invalid[reason or "unknown"] += 1
        elif name in known or name in offers:
            duplicate += 1
        else:
            offers[name] = Offer(proposer, name)
    return list(offers.values()), Counts(total, duplicate, dict(invalid))


def most_promising(
    offers: Sequence[Offer],
    sizes: Mapping[str, int],
    acquisition: AcquisitionFunction,
    context: ProposalContext,
    seed: int,
) -> list[Offer]:
    """Of each proposer's offers as many as `sizes` says, those of the highest acquisition first; all of them where nothing
    is known of an object without its latent point.
    """
    if not context.model.has_features:
        return list(offers)
    x = context.model.inputs_unencoded([offer.object for offer in offers])
    with global_stream(seed, "promise"):  # Monte Carlo acquisitions draw when first called
        order = score(acquisition, x, context).argsort(descending=True, stable=True).tolist()
    left = dict(sizes)
    chosen: list[Offer] = []
    for offer in (offers[row] for row in order):
        if left[offer.proposer] > 0:
            left[offer.proposer] -= 1
            chosen.append(offer)
    return chosen


def readings_of(offers: Sequence[Offer], model: DKLVAE) -> Iterator[tuple[str, Reading]]:
    """The offers with their tokens; some objects have none."""
    readings = model.codec.read([offer.object for offer in offers])
    return zip((offer.proposer for offer in offers), readings, strict=True)


def _objects(
    made: Mapping[str, Made], model: DKLVAE, seed: int
) -> Iterator[tuple[str, tuple[str | None, str | None]]]:
    """(proposer, (object, reason)) of all that was made. What is to be decoded is decoded together."""
    drafts = [
        Drafts.greedy(each) if isinstance(each, Tensor) else each
        for each in made.values()
        if not isinstance(each, list)
    ]
    written = model.complete(Drafts.joined(drafts), stream(seed, "drafts")) if drafts else []
    if written is None:  # the network knows points alone
        made = {name: each for name, each in made.items() if not isinstance(each, Drafts)}
        points = [each for each in made.values() if isinstance(each, Tensor)]
        written = model.decode_objects(torch.cat(points)) if points else []
    decoded = iter(written)
    for proposer, answer in made.items():
        found = _read(answer, model) if isinstance(answer, list) else islice(decoded, len(answer))
        yield from ((proposer, each) for each in found)


def _read(strings: Sequence[str], model: DKLVAE) -> Iterator[tuple[str | None, str | None]]:
    for text, name in zip(strings, model.codec.canonical(strings), strict=True):
        yield name, None if name is not None else model.codec.read([text])[0].reason
