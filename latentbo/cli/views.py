"""`map`, `path`: pages to look at a latent space."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from latentbo.cli import options, terminal
from latentbo.errors import InputError

if TYPE_CHECKING:
    from latentbo.models.dkl_vae import DKLVAE

InCampaign = Annotated[
    Path | None,
    typer.Option(
        metavar="CAMPAIGN.db",
        help="The space of a campaign's live encoder; its surrogate predicts.",
        show_default=False,
    ),
]
Png = Annotated[bool, typer.Option("--png", help="Write each picture as a PNG beside the page, too.")]
Seed = Annotated[
    int, typer.Option(help="Decides the directions, and the draws that say what is usual in the space.")
]


def map(
    file: Annotated[
        Path | None,
        typer.Argument(
            metavar="[FILE.smi|FILE.csv|FOLDER]",
            help="Molecules: one SMILES a line, or a table with the column smiles and perhaps value. Images: a folder of "
            "PNG files, a .npy array, or a table with the column image.",
            show_default=False,
        ),
    ] = None,
    smiles_column: options.ObjectColumn = None,
    value_column: options.ValueColumn = None,
    campaign: InCampaign = None,
    out: Annotated[Path, typer.Option(metavar="FILE.html", help="The page.")] = Path("map.html"),
    png: Png = False,
    axes: Annotated[
        str,
        typer.Option(
            help="principal (where the molecules spread most) or lengthscales (where the surrogate says that "
            "the value changes fastest)."
        ),
    ] = "principal",
    centre: Annotated[
        str | None,
        typer.Option(
            metavar="SMILES|PNG", help="Whose neighbourhood to show; the best object's if none is named."
        ),
    ] = None,
    name: options.Name = None,
    minimise: options.Minimise = None,
    seed: Seed = 0,
    model: options.Model = None,
) -> None:
    """Write a page on a latent space: the map of molecules or images, a neighbourhood, what lies between three of them.

    Coloured by the values of the file or the campaign, by what the surrogate predicts where there is no value, and
    without any values by how far each object's decode lies from its point.
    """
    if file is None and campaign is None:
        raise InputError("a map needs objects: give a file of them, or --campaign CAMPAIGN.db, or both")
    if file is None and (smiles_column or value_column):
        raise InputError("--smiles-column and --value-column say how to read a table: give that, too")
    if campaign is not None and minimise is not None:
        raise InputError(f"{campaign} knows itself which way is better: leave --minimise and --maximise out")
    with terminal.waiting("loading"):
        from latentbo.campaign.opening import reopen
        from latentbo.diagnostics.dead_zones import calibrate
        from latentbo.kinds.cards import DEFAULT
        from latentbo.models.pretrained import load_model
        from latentbo.report.latent_views import map_page
        from latentbo.report.spaces import Listed, listed, space_of_campaign, space_of_model
        from latentbo.report.views_page import write_views

        def read_by(model: DKLVAE) -> Listed:
            return Listed() if file is None else listed(file, model, smiles_column, value_column)

        if campaign is None:
            loaded = load_model(model or DEFAULT)
            given = read_by(loaded)
            space = space_of_model(loaded, given, name=name or "value", minimise=bool(minimise))
        else:
            with reopen(campaign, model=model) as opened:
                given = read_by(opened.model)
                space = space_of_campaign(opened, given, name=name)
    terminal.list_problems(given.problems)
    with terminal.waiting("drawing"):
        gauge = calibrate(space.model, seed)
        home = None if centre is None else space.model.kind.read_name(centre)
        files = write_views(map_page(space, gauge, axes=axes, centre=home, seed=seed), out, png=png)
    for written in files:
        terminal.say(f"{written} written")


def path(
    first: Annotated[str, typer.Argument(metavar="A", help="The SMILES, or the PNG file, to begin at.")],
    last: Annotated[str, typer.Argument(metavar="B", help="The one to end at.")],
    campaign: InCampaign = None,
    out: Annotated[Path, typer.Option(metavar="FILE.html", help="The page.")] = Path("path.html"),
    png: Png = False,
    steps: Annotated[int, typer.Option(help="Points on each way, both ends among them.")] = 25,
    line: Annotated[bool, typer.Option("--line", help="Only the straight line.")] = False,
    sphere: Annotated[
        bool, typer.Option("--sphere", help="Only the great arc about the prior's mean.")
    ] = False,
    name: options.Name = None,
    seed: Seed = 0,
    model: options.Model = None,
) -> None:
    """Write a page on the way from one object to another: what is decoded, how alike it is to either, dead zones.

    With a campaign also what its surrogate predicts, with 95 % intervals. Without --line or --sphere: both ways.
    """
    with terminal.waiting("loading"):
        from latentbo.campaign.opening import reopen
        from latentbo.diagnostics.dead_zones import calibrate
        from latentbo.diagnostics.paths import LINE, SPHERE
        from latentbo.kinds.cards import DEFAULT
        from latentbo.models.pretrained import load_model
        from latentbo.report.latent_views import path_page
        from latentbo.report.spaces import Listed, space_of_campaign, space_of_model
        from latentbo.report.views_page import write_views

        if campaign is None:
            space = space_of_model(load_model(model or DEFAULT), Listed(), name=name or "value")
        else:
            with reopen(campaign, model=model) as opened:
                space = space_of_campaign(opened, name=name)
    ways = [way for way, wanted in ((LINE, line), (SPHERE, sphere)) if wanted or line == sphere]
    with terminal.waiting("drawing"):
        gauge = calibrate(space.model, seed)
        ends = [space.model.kind.read_name(each) for each in (first, last)]
        page = path_page(
            gauge, ends, ways, steps=steps, predict=space.predict, name=space.name, facts=space.facts
        )
        files = write_views(page, out, png=png)
    for written in files:
        terminal.say(f"{written} written")


COMMANDS = (map, path)
