"""A file of objects of any kind to a saved model, with nothing of the kind but its codec and its features.

The codec has to be one that is not learnt: the kind makes it of its name alone.
"""

from __future__ import annotations

import hashlib
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

import torch

from latentbo.codecs.base import Codec, Reading
from latentbo.errors import InputError, made_of
from latentbo.kinds.base import Kind
from latentbo.kinds.cards import CARD, read_card
from latentbo.kinds.files import read_objects
from latentbo.models.dkl_vae import DKLVAE
from latentbo.models.pretrained import load_model, save_model
from latentbo.training.pretrain import Recipe
from latentbo.training.runs import (
    WORK,
    Listener,
    begin_run,
    checkpoint_of,
    heard,
    run_of,
    same_run,
    training_facts,
)
from latentbo.training.sequences import FEWEST, HELD_OUT_EVERY, train_stages
from latentbo.version import __version__


@dataclass(frozen=True)
class ObjectRecipe:
    """What of `training.pretrain.Recipe` is about any kind of objects; the same names, units and defaults."""

    latent: int = Recipe.latent
    embedding: int = Recipe.embedding
    encoder_hidden: int = Recipe.encoder_hidden
    encoder_layers: int = Recipe.encoder_layers
    decoder_hidden: int = Recipe.decoder_hidden
    epochs: int = Recipe.epochs
    batch_size: int = Recipe.batch_size
    learning_rate: float = Recipe.learning_rate
    beta: float = Recipe.beta
    warm_up_epochs: float = Recipe.warm_up_epochs
    token_dropout: float = Recipe.token_dropout
    anneal_epochs: int = Recipe.anneal_epochs
    exemplars: int = Recipe.exemplars
    seed: int = Recipe.seed
    bf16: bool = Recipe.bf16

    def __post_init__(self) -> None:
        self.whole()

    def whole(self) -> Recipe:
        """The recipe of the stages. Raises `InputError` for numbers that make no sense."""
        own = {field.name: getattr(self, field.name) for field in fields(self)}
        return Recipe(merges=0, recombined=0, property_weight=0.0, **own)

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> ObjectRecipe:
        """Refuses unknown keys."""
        return made_of(cls, data, "recipe key")


def make_object_model(
    file: str | Path,
    out: str | Path,
    kind: Kind,
    recipe: ObjectRecipe,
    *,
    device: torch.device | None = None,
    listener: Listener = lambda stage, done, total, note: None,
) -> DKLVAE:
    """Train a sequence VAE on a file of objects and save the model in the folder `out`; a finished one is loaded.

    Every 20th object is held out. A run that was killed goes on where it was when it is started again.
    `listener(stage, done, total, note)` hears of the stages "main" and "anneal". Raises `InputError` for a kind whose codec
    has to be learnt, a file with rows that cannot be read or too few objects, and where `out` holds what another recipe or
    file has made.
    """
    out, codec = Path(out), _codec(kind)
    work = out / WORK
    readings = _readings(Path(file), kind, codec)
    names = "\n".join(str(reading.object) for reading in readings)
    run = {"recipe": asdict(recipe), "data_sha256": hashlib.sha256(names.encode()).hexdigest()}
    if (out / CARD).exists():
        same_run(run_of(read_card(out)), run, out)
        return load_model(out, kind=kind)
    begin_run(work, run, out)
    model, reports = train_stages(
        readings,
        codec,
        kind,
        recipe.whole(),
        device=device,
        checkpoint=lambda stage: checkpoint_of(work, stage),
        progress=lambda stage: heard(listener, stage),
    )
    facts = {
        "data": {
            "file": Path(file).name,
            "sha256": run["data_sha256"],
            "objects": len(readings),
            "held_out": f"every {HELD_OUT_EVERY}th",
        },
        "recipe": asdict(recipe),
        "training": training_facts(reports),
        "versions": {"latentbo": __version__, "torch": torch.__version__},
    }
    save_model(model, out, facts=facts)
    return load_model(out, kind=kind)


def _codec(kind: Kind) -> Codec:
    """The codec that the kind makes of its name alone."""
    if kind.network != "sequence":
        raise InputError(
            f"{kind.name} have the network {kind.network!r}, but only sequences are trained here: train it in Python, "
            "and save it with `latentbo.models.pretrained.save_model`"
        )
    try:
        return kind.codec({"kind": kind.name})
    except (KeyError, TypeError, ValueError) as error:
        raise InputError(
            f"the codec of {kind.name} cannot be made of its name alone ({type(error).__name__}: {error}): train it in "
            "Python, and save it with `latentbo.models.pretrained.save_model`"
        ) from error


def _readings(file: Path, kind: Kind, codec: Codec) -> list[Reading]:
    """Each different object of the file once, in its order."""
    table = read_objects(file, kind, value_column=None)
    if table.problems:
        raise InputError(f"{file}: {table.problems[0]} ({len(table.problems)} in all)")
    found: dict[str | None, Reading] = {}
    for row, reading in zip(table.rows, codec.read([row.object for row in table.rows]), strict=True):
        if not reading.ok:
            raise InputError(
                f"{file}, line {row.line}: {row.object!r} cannot be used ({reading.reason}): write it as {kind.expected}, "
                "or delete the row"
            )
        found.setdefault(reading.object, reading)
    if len(found) < FEWEST:
        raise InputError(
            f"{file} gives {len(found)} different {kind.name}, but at least {FEWEST} are needed: the prior needs neighbours"
        )
    return list(found.values())
