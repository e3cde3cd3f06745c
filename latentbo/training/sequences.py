"""Objects in memory to a model, by any codec of sequences: all that a kind of one's own needs for training."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import torch

from latentbo.codecs.base import Codec, Reading
from latentbo.errors import InputError
from latentbo.kinds.base import Kind
from latentbo.kinds.known import kind_of
from latentbo.models.dkl_vae import DKLVAE
from latentbo.training.fit import FitReport, Progress
from latentbo.training.pretrain import Recipe, anneal, fit_prior, pretrain
from latentbo.training.replay import token_set
from latentbo.training.token_sets import TokenSet

FEWEST = 20  # objects: the prior needs neighbours
HELD_OUT_EVERY = 20


def train_sequences(
    objects: Sequence[str],
    codec: Codec,
    recipe: Recipe,
    *,
    kind: Kind | None = None,
    device: torch.device | None = None,
    progress: Callable[[Progress], None] = lambda _: None,
) -> tuple[DKLVAE, FitReport]:
    """A sequence VAE of these objects, with a prior where its encoder puts them; and how the main stage went.

    Every 20th object is held out. `kind` says what the objects are, where `kinds.KINDS` does not know the codec's name;
    without it they are texts. What the recipe says of merges, of recombined molecules and of self-training plays no part:
    merges are the codec's. Raises `InputError` for an object that cannot be read and for too few of them, `FitError` where
    training diverges.
    """
    readings = readable(objects, codec)
    model, reports = train_stages(
        readings, codec, kind or kind_of(codec), recipe, device=device, progress=lambda stage: progress
    )
    return model, reports["main"]


def train_stages(
    readings: Sequence[Reading],
    codec: Codec,
    kind: Kind,
    recipe: Recipe,
    *,
    device: torch.device | None = None,
    checkpoint: Callable[[str], Path | None] = lambda stage: None,
    progress: Callable[[str], Callable[[Progress], None]] = lambda stage: lambda _: None,
) -> tuple[DKLVAE, dict[str, FitReport]]:
    """The model of readable objects after the stages "main" and "anneal", and how each of them went. `checkpoint` and
    `progress` are asked for by the stage's name.
    """
    rows = token_set(readings)
    apart = torch.arange(len(rows)) % HELD_OUT_EVERY == 0
    train, held_out = (TokenSet(rows.tokens[which], rows.targets[which]) for which in (~apart, apart))
    vae, report = pretrain(
        train,
        held_out,
        len(codec.vocabulary),
        recipe,
        device=device or torch.device("cuda" if torch.cuda.is_available() else "cpu"),
        checkpoint=checkpoint("main"),
        progress=progress("main"),
    )
    reports = {"main": report}
    if recipe.anneal_epochs:
        reports["anneal"] = anneal(
            vae, train, held_out, recipe, checkpoint=checkpoint("anneal"), progress=progress("anneal")
        )
    prior = fit_prior(vae, train, recipe)
    return DKLVAE(codec, vae, prior, kind.structure, kind.descriptors, own_kind=kind), reports


def readable(objects: Sequence[str], codec: Codec) -> list[Reading]:
    """Each different object once, in order. `InputError` names the first that cannot be read."""
    if isinstance(objects, str):
        raise InputError(f"a list of objects was expected, not one string: write [{objects[:80]!r}]")
    found: dict[str, Reading] = {}
    for raw, reading in zip(objects, codec.read(objects), strict=True):
        if reading.object is None:
            raise InputError(f"{raw!r:.80} cannot be read ({reading.reason}): correct it, or leave it out")
        if not 0 < len(reading.tokens) <= codec.max_tokens:
            raise InputError(
                f"{raw!r:.80} has {len(reading.tokens)} tokens, but the codec says 1 to {codec.max_tokens}: "
                "correct its max_tokens"
            )
        found.setdefault(reading.object, reading)
    if len(found) < FEWEST:
        raise InputError(
            f"there are {len(found)} different objects, but at least {FEWEST} are needed: the prior needs neighbours"
        )
    return list(found.values())
