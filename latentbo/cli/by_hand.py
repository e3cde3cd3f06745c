"""`init`, `ask`, `tell`, `status`, `export`, `report`: a campaign by hand, with CSV in and out."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from latentbo.cli import config, options, terminal
from latentbo.errors import InputError

To = Annotated[
    Path | None,
    typer.Option("--out", metavar="FILE.csv", help="Write here; to stdout if not given.", show_default=False),
]


def init(
    context: typer.Context,
    campaign: options.CampaignFile,
    start: options.Start = None,
    smiles_column: options.ObjectColumn = None,
    value_column: options.ValueColumn = None,
    configuration: options.Config = None,
    seed: options.Seed = None,
    acquisition: options.Acquisition = None,
    proposer: options.ProposedBy = None,
    retrain: options.Retrain = None,
    minimise: options.Minimise = None,
    model: options.Model = None,
) -> None:
    """Begin a campaign whose values you measure yourself."""
    chosen = {
        "start": start and str(start), "smiles_column": smiles_column, "value_column": value_column, "seed": seed,
        "acquisition": acquisition, "proposer": proposer, "retrain": retrain, "minimise": minimise, "model": model,
    }  # fmt: skip
    given = config.given(configuration, chosen, by_hand=True)
    with terminal.waiting("loading"):
        from latentbo.campaign.files import begin_file

        options.same_kind(options.given_kind(context), campaign, given.model)
        table = given.table(campaign)
        log, reader = begin_file(campaign, given.settings, model=given.model)
    with log:
        if table is not None:
            from latentbo.campaign.starting import start_from

            intake = start_from(log, reader, table)
            terminal.say(f"{given.start}: {intake}")
            terminal.list_problems(intake.problems)
        stored = log.history.settings
        better, other = ("smaller", "without") if stored["minimise"] else ("larger", "with")
        terminal.say(f"{better} values are better; begin {other} --minimise where it is the other way round")
        terminal.say(
            f"{campaign}: a campaign with seed {stored['seed']}. "
            f"Next: {options.program(context)} ask {campaign} -n 10 --out batch.csv"
        )


def ask(
    campaign: options.CampaignFile,
    n: Annotated[int, typer.Option("-n", "--number", help="How many molecules to propose.")] = 10,
    out: To = None,
    model: options.Model = None,
) -> None:
    """Propose molecules to measure, as CSV with an empty column value to fill in.

    When it is due, the encoder is retrained on the measured values first.
    """
    with terminal.waiting("loading"):
        from latentbo.campaign.opening import reopen
        from latentbo.campaign.starting import untold
        from latentbo.campaign.table import asked_csv

        opened = reopen(campaign, model=model)
    with opened:
        if out is not None:
            _spare(out, untold(opened.history, opened.model.reader, out) if out.exists() else 0)
        if opened.retrain_due:
            with terminal.waiting("retraining the encoder"):
                event = opened.retrain()
            terminal.say(
                f"encoder {event.encoder} {'goes live' if event.accepted else 'refused'}: {event.detail}"
            )
        with terminal.waiting("proposing"):
            frame = opened.ask(n)
    if "shortfall" in frame.attrs:
        terminal.warn(frame.attrs["shortfall"])
    if frame["mean"].isna().all():
        least = opened.settings.initial
        terminal.say(
            f"drawn at random: a surrogate begins with {least} told, two of them with different values"
        )
    _put(asked_csv(frame), out)


def tell(
    campaign: options.CampaignFile,
    file: Annotated[
        Path,
        typer.Argument(
            metavar="FILE.csv",
            help="Columns value and smiles or id; reason for what failed; status corrected where a value replaces "
            "those told before (else they are averaged). In any order, in part, with rows of your own among them.",
        ),
    ],
    smiles_column: options.ObjectColumn = None,
    value_column: options.ValueColumn = None,
    model: options.Model = None,
) -> None:
    """Record measured values; rows that cannot be used are listed, the others go in."""
    with terminal.waiting("loading"):
        from latentbo.campaign.files import open_file
        from latentbo.campaign.starting import tell_file
        from latentbo.codecs.base import brief

        log, reader = open_file(campaign, model=model)
    with log:
        report = tell_file(log, reader, file, smiles_column, value_column)
        best = log.history.best()
    terminal.say(f"{report.measured} measured, {report.failed} failed, {report.skipped} without a value yet")
    terminal.list_problems([*report.problems, *report.notes])
    if best is not None:
        terminal.say(f"best so far: {best.value:.6g} {brief(best.object)}")


def status(campaign: options.CampaignFile) -> None:
    """Where the campaign stands."""
    from latentbo.campaign.files import read_history
    from latentbo.campaign.table import summary

    for name, value in summary(read_history(campaign)).items():
        terminal.write(f"{name + ':':<12}{value}\n")


def export(
    campaign: options.CampaignFile,
    out: Annotated[Path, typer.Argument(metavar="OUT.csv", help="The file to write.")],
) -> None:
    """Write a CSV of one row a proposal or measurement.

    Columns: id, smiles, value, status, reason, round, proposer, mean, sd, p_feasible, encoder.
    """
    from latentbo.campaign import table
    from latentbo.campaign.files import read_history

    history = read_history(campaign)
    table.export(history, out)
    terminal.say(f"{out}: {len(history.rows)} rows")


def report(
    campaign: options.CampaignFile,
    out: Annotated[Path, typer.Option(metavar="FILE.html", help="The file to write.")] = Path("report.html"),
    name: options.Name = None,
    model: options.Model = None,
) -> None:
    """Write the report, one HTML file that needs nothing else."""
    _needs_folder(out)
    with terminal.waiting("loading"):
        from latentbo.campaign.opening import reopen
        from latentbo.report.from_campaign import random_band, report_data
        from latentbo.report.page import write_report

        opened = reopen(campaign, model=model)
    with opened, terminal.waiting("writing the report"):
        label = name or opened.settings.objective or "value"
        band = random_band(opened, model=model)
        write_report(report_data(opened, objective_name=label, random_band=band), out)
    terminal.say(f"{out} written")


def _put(text: str, out: Path | None) -> None:
    if out is None:
        terminal.write(text)
        return
    part = out.with_name(f"{out.name}.part")
    try:
        part.write_text(text, encoding="utf-8")
        part.replace(out)
    except OSError:  # a full disk; what was asked for is recorded, and must not be lost
        terminal.write(text)
        raise
    terminal.say(f"{out} written")


def _needs_folder(out: Path) -> None:
    if not out.resolve().parent.is_dir():
        raise InputError(f"no folder {out.parent}: make it, or name another file")


def _spare(out: Path, untold: int) -> None:
    """Refuse a file that cannot be written, or whose values nobody has told yet."""
    _needs_folder(out)
    if untold:
        raise InputError(
            f"{out} holds {untold} rows that were not told yet: tell them first, or name another file"
        )
    if out.exists():
        with out.open("r+b"):  # Windows refuses a file that a spreadsheet has open
            pass


COMMANDS = (init, ask, tell, status, export, report)
