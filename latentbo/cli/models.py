"""`score`, `sample`, `encode`, `decode`, `pretrain`, `evaluate-model`: objectives and models, no campaign."""

from __future__ import annotations

import csv
import json
import sys
from pathlib import Path
from typing import Annotated

import typer

from latentbo.cli import config, files, options, terminal
from latentbo.errors import InputError


def score(context: typer.Context, file: options.SmilesFile, objective: options.Objective = None) -> None:
    """Print smiles,value for each line of a file; the value is empty where there is none."""
    from latentbo.campaign.evaluate import evaluate
    from latentbo.codecs.base import brief
    from latentbo.codecs.molecules import quiet_rdkit
    from latentbo.objectives.loading import load_objective

    if objective is None:
        raise InputError("an objective is needed: --objective NAME or --objective path/to/file.py:function")
    kind = options.given_kind(context) or options.default_kind()
    measure, objects = load_objective(objective), files.all_objects(file, kind)
    with quiet_rdkit():
        outcomes = evaluate(measure, objects)
    rows = csv.writer(sys.stdout, lineterminator="\n")
    rows.writerow((kind.column, "value"))
    rows.writerows((each.object, "" if each.value is None else repr(each.value)) for each in outcomes)
    terminal.list_problems(
        [
            f"{brief(repr(each.object))} failed: the objective {each.reason}"
            for each in outcomes
            if each.reason
        ]
    )


def sample(
    n: Annotated[int, typer.Option("-n", "--number", min=1, help="How many molecules to draw.")] = 10,
    seed: options.Seed = None,
    model: options.Model = None,
) -> None:
    """Print molecules drawn from a model's prior, one SMILES a line; the same one may come twice."""
    with terminal.waiting("loading"):
        from latentbo.diagnostics.sampling import sample_objects
        from latentbo.kinds.cards import DEFAULT
        from latentbo.models.pretrained import load_model
        from latentbo.rng import fresh_seed

        loaded = load_model(model or DEFAULT)
    chosen = fresh_seed() if seed is None else seed
    for text in sample_objects(loaded, n, chosen):
        terminal.write(f"{text}\n")
    if seed is None:
        terminal.say(f"seed: {chosen}")


def encode(
    file: options.SmilesFile,
    out: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE.csv|FILE.npz", help="Write here; CSV to stdout if not given.", show_default=False
        ),
    ] = None,
    model: options.Model = None,
) -> None:
    """Latent points of molecules: smiles (canonical), z0, z1, ...

    What cannot be read is listed and left out.
    """
    with terminal.waiting("loading"):
        from latentbo.codecs.base import brief
        from latentbo.data.latents import latents_csv, write_latents
        from latentbo.kinds.cards import DEFAULT
        from latentbo.models.pretrained import load_model

        loaded = load_model(model or DEFAULT)
        raw = files.all_objects(file, loaded.kind)
    readings = loaded.codec.read(raw)
    usable = [reading for reading in readings if reading.ok]
    refused = [
        f"{brief(repr(text))}: {reading.reason}"
        for text, reading in zip(raw, readings, strict=True)
        if not reading.ok
    ]
    terminal.list_problems(refused)
    if not usable:
        raise InputError(f"no {loaded.kind.noun} of {file} can be encoded")
    objects, z = [reading.object or "" for reading in usable], loaded.embed(usable).numpy()
    if out is None:
        terminal.write(latents_csv(objects, z, column=loaded.kind.column))
        return
    write_latents(objects, z, out, column=loaded.kind.column)
    terminal.say(f"{out}: {len(usable)} {loaded.kind.name}, {len(refused)} left out")


def decode(
    file: Annotated[Path, typer.Argument(metavar="LATENTS.csv", help="A table with the columns z0, z1, ...")],
    model: options.Model = None,
) -> None:
    """Print the molecule at each latent point, one SMILES a line; an empty line where there is none."""
    with terminal.waiting("loading"):
        import torch

        from latentbo.data.latents import read_latents
        from latentbo.kinds.cards import DEFAULT
        from latentbo.models.pretrained import load_model

        loaded = load_model(model or DEFAULT)
        z = read_latents(file, loaded.latent)
    for reading in loaded.decode(torch.as_tensor(z)):
        terminal.write(f"{reading.object or ''}\n")


def pretrain(
    context: typer.Context,
    file: options.Corpus,
    out: Annotated[
        Path,
        typer.Option(
            metavar="DIR", help="The folder for the model; with what is needed to go on after a stop."
        ),
    ],
    recipe: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE.toml",
            help="Flat keys, those of latentbo.training.pretrain.Recipe (images: training.images.ImageRecipe; other "
            "kinds: training.objects.ObjectRecipe).",
            show_default=False,
        ),
    ] = None,
    items: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            metavar="KEY=VALUE",
            help="A key of the recipe, such as epochs=5 or beta=0.2; may be repeated.",
            show_default=False,
        ),
    ] = None,
    seed: Annotated[
        int | None, typer.Option(help="Decides every random choice; 0 if not given.", show_default=False)
    ] = None,
    workers: Annotated[int, typer.Option(min=1, help="Processes that read SMILES.")] = 1,
) -> None:
    """Train a model on molecules, which is how the shipped one was made, on grey images of one size, or on objects of
    --kind.

    Stopped and run again, it goes on where it was.
    """
    with terminal.waiting("loading"):
        from latentbo.training.makers import kind_of_file, maker_of

        kind = options.given_kind(context) or kind_of_file(file) or options.default_kind()
        maker = maker_of(kind)
        chosen = config.recipe(maker.recipe, recipe, items or [], seed)
    try:
        with terminal.stages() as listen:
            made = maker.make(file, out, chosen, workers, listen)
    except KeyboardInterrupt:
        terminal.say("stopped; the same command goes on from the last checkpoint")
        raise typer.Exit(130) from None
    terminal.say(f"{out}: model {made.id}. Next: {options.program(context)} run --model {out} ...")


def evaluate_model(
    file: options.SmilesFile,
    model: options.Model = None,
    samples: Annotated[int, typer.Option(min=1, help="Prior samples for validity and uniqueness.")] = 1_000,
    seed: Annotated[int, typer.Option(help="Of the samples.")] = 0,
) -> None:
    """Print as JSON how well a model rebuilds the molecules of a file, and what its prior draws are worth."""
    with terminal.waiting("evaluating"):
        from latentbo.diagnostics.sampling import assess_reconstruction
        from latentbo.kinds.cards import DEFAULT
        from latentbo.models.pretrained import load_model

        loaded = load_model(model or DEFAULT)
        objects = files.all_objects(file, loaded.kind)
        found = assess_reconstruction(loaded, objects, draws=samples, seed=seed)
    terminal.write(json.dumps(found, indent=1) + "\n")


COMMANDS = (score, sample, encode, decode, pretrain, evaluate_model)
