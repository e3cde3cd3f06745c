"""Arguments and options that several commands share, with their help."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from latentbo.errors import InputError

if TYPE_CHECKING:
    from latentbo.kinds.base import Kind

CampaignFile = Annotated[Path, typer.Argument(metavar="CAMPAIGN.db", help="The campaign's file.")]
SmilesFile = Annotated[
    Path,
    typer.Argument(
        metavar="FILE.smi", help="One SMILES a line, or a CSV with a column smiles; may be gzipped."
    ),
]
Corpus = Annotated[
    Path,
    typer.Argument(
        metavar="FILE.smi|FOLDER|FILE.npy",
        help="One SMILES a line, or a CSV with a column smiles; may be gzipped. Images: a folder of PNGs, or an array.",
    ),
]
Objective = Annotated[
    str | None,
    typer.Option(
        metavar="NAME|FILE.py:FUNCTION",
        help="What to optimise: a built-in name such as qed or osimertinib_mpo, or a function of your own "
        "that takes a list of SMILES and returns as many numbers (None: failed).",
        show_default=False,
    ),
]
Seed = Annotated[
    int | None,
    typer.Option(
        help="Decides every random choice; one is drawn and stored if none is given.", show_default=False
    ),
]
Start = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE.csv",
        help="Molecules of your own, columns smiles and value: what has a value is told, what has none is "
        "measured first.",
        show_default=False,
    ),
]
ObjectColumn = Annotated[
    str | None,
    typer.Option(
        "--smiles-column",
        metavar="NAME",
        help="The table's column of molecules, if it is not smiles.",
        show_default=False,
    ),
]
ValueColumn = Annotated[
    str | None,
    typer.Option(
        metavar="NAME", help="The table's column of values, if it is not value.", show_default=False
    ),
]
Acquisition = Annotated[
    str | None,
    typer.Option(
        help="How candidates are judged: ei (expected improvement, the default), ucb (upper confidence "
        "bound) or ts (Thompson sampling).",
        show_default=False,
    ),
]
ProposedBy = Annotated[
    str | None,
    typer.Option(
        help="Where candidates come from: pool (latent moves and edits, scored as what they decode to; the "
        "default) or gradient (the acquisition is climbed in the latent space).",
        show_default=False,
    ),
]
Retrain = Annotated[
    bool | None,
    typer.Option(
        "--retrain/--no-retrain",
        help="Retrain the encoder on measured values after every 200 of them, or never (the default).",
        show_default=False,
    ),
]
Minimise = Annotated[
    bool | None,
    typer.Option(
        "--minimise/--maximise", help="Which way is better; the default is to maximise.", show_default=False
    ),
]
Model = Annotated[
    str | None,
    typer.Option(
        metavar="NAME|DIR",
        help="A shipped model's name (zinc250k-fragments, the default), or a folder that `pretrain` wrote.",
        show_default=False,
    ),
]
Config = Annotated[
    Path | None,
    typer.Option(
        "--config",
        metavar="FILE.toml",
        help="Settings as flat keys, and a table \\[rules] of what may be proposed; options override it.",
        show_default=False,
    ),
]
Name = Annotated[
    str | None,
    typer.Option("--name", help="What the values are, for the headings.", show_default=False),
]
KindOption = Annotated[
    str | None,
    typer.Option(
        "--kind",
        metavar="NAME|FILE.py:NAME",
        help="What the objects are, where no model or campaign says it: molecules, images, a kind that another package "
        "brings, or one of your own in a file. One of your own is named with every command that needs a model.",
        show_default=False,
    ),
]


def named_kind(spec: str | None) -> Kind | None:
    """The kind of `--kind`, known from now on; None where none is named. `InputError` where there is none of that name."""
    if spec is None:
        return None
    from latentbo.kinds.known import add_kind, find_kind
    from latentbo.scripts import is_script

    return add_kind(spec) if is_script(spec) else find_kind(spec)


def given_kind(context: typer.Context) -> Kind | None:
    """The kind that the user named ahead of the command."""
    found: Kind | None = context.obj
    return found


def same_kind(named: Kind | None, campaign: Path, model: str | None) -> None:
    """Raises `InputError` where a campaign in this file, with this model, is of another kind than the user named."""
    if named is None:
        return
    from latentbo.campaign.files import kind_at

    found = kind_at(campaign, model)
    if found.name != named.name:
        raise InputError(
            f"--kind says {named.name}, but the model here (--model, or the default one) is of {found.name}: give a --model of "
            f"{named.name}, or leave --kind out"
        )


def default_kind() -> Kind:
    """The kind of the default model's objects."""
    from latentbo.kinds.cards import DEFAULT, locate, read_card, reader_of

    return reader_of(read_card(locate(DEFAULT)), DEFAULT).kind


def program(context: typer.Context) -> str:
    """How the next command begins: as this one did."""
    spec = context.find_root().params.get("kind")
    return shlex.join(["latentbo", *([] if spec is None else ["--kind", spec])])
