"""Training that goes on from a model of molecules that there is: what that model decides in the place of the recipe."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import dataclass, fields, replace
from typing import Any

from latentbo.codecs.molecules import MoleculeCodec
from latentbo.codecs.smiles import SmilesCodec
from latentbo.codecs.spellings import spelling_of
from latentbo.errors import InputError
from latentbo.kinds.cards import locate, read_card
from latentbo.models.pretrained import load_model
from latentbo.models.vae import SequenceVAE
from latentbo.training.pretrain import Recipe

TOLD = ("recipe", "data", "training", "start_from")
"""What the new model's card says of how the old one was made."""


@dataclass(frozen=True, eq=False)
class Start:
    """The codec and a copy of the network of a model, and what its card says of how it was made."""

    codec: MoleculeCodec | SmilesCodec
    vae: SequenceVAE
    facts: dict[str, Any]


def start_of(model: str) -> Start:
    """The start that a shipped model's name or a folder gives. Raises `InputError` where it is no model of molecules by a
    network of sequences.
    """
    loaded, card = load_model(model), read_card(locate(model))
    if not isinstance(loaded.codec, MoleculeCodec | SmilesCodec) or not isinstance(loaded.vae, SequenceVAE):
        raise InputError(
            f"start_from names a model of {loaded.kind.name} ({model}), but one of molecules was expected, such as "
            "zinc250k-fragments or a folder that `latentbo pretrain` wrote"
        )
    facts = {"id": loaded.id, **{name: card[name] for name in TOLD if name in card}}
    return Start(loaded.codec, deepcopy(loaded.vae), facts)


def with_sizes_of(start: Start, recipe: Recipe) -> Recipe:
    """The recipe with spelling, merges and sizes of the network as they are there. `InputError` where it asks for others."""
    there = {
        "spelling": spelling_of(start.codec),
        "merges": len(start.codec.vocabulary.merges),
        **{
            field.name: start.vae.arguments[field.name]
            for field in fields(Recipe)
            if field.name in start.vae.arguments
        },
    }
    usual = Recipe()
    for name, value in there.items():
        if getattr(recipe, name) not in (value, getattr(usual, name)):
            raise InputError(
                f"{name} is {value!r} in {recipe.start_from}, not {getattr(recipe, name)!r}: leave {name} out, or leave "
                "start_from out and train from new weights"
            )
    return replace(recipe, **there)
