"""`demo` and `run`: a campaign against an objective that can be called, from beginning to report."""

from __future__ import annotations

import re
import shlex
import time
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from latentbo.cli import config, options, terminal
from latentbo.errors import InputError, LatentboError

if TYPE_CHECKING:
    from latentbo.campaign import Campaign
    from latentbo.kinds.base import Kind

DEMO: dict[str, Any] = {
    "objective": "osimertinib_mpo",
    "seed": 0,
    "budget": 150,
    "batch": 10,
    "rules": {"windows": {"sa_score": [None, 4.0]}},
}
FLAGS = {
    ("minimise", True): "--minimise",
    ("minimise", False): "--maximise",
    ("retrain", True): "--retrain",
    ("retrain", False): "--no-retrain",
}
SHOWN = 10
STOPPED = 130  # the exit code of a command that Ctrl-C ended


def demo(
    context: typer.Context,
    out: Annotated[
        Path, typer.Option(metavar="DIR", help="The folder for the campaign and its report.")
    ] = Path("latentbo-demo"),
    seed: options.Seed = None,
    model: options.Model = None,
) -> None:
    """Watch a campaign find better molecules, offline, in a few minutes.

    It optimises a built-in objective (osimertinib_mpo of GuacaMol: like osimertinib, but not the same) in 150
    evaluations, from molecules that the shipped model draws; none may look hard to make (SA score above 4). Stopped
    and run again, it goes on where it was.
    """
    chosen = {"out": str(out), "seed": DEMO["seed"] if seed is None else seed, "model": model}
    _carry_out(
        config.given(None, {**DEMO, **chosen}), _command(context, None, chosen), options.given_kind(context)
    )
    terminal.say(
        "\nNext, an objective of your own: a function in a file, from a list of SMILES to a list of numbers:"
    )
    terminal.say(
        "  latentbo run --objective my_file.py:my_function --budget 100 --out my-campaign", style="bold"
    )


def run(
    context: typer.Context,
    configuration: Annotated[
        Path | None,
        typer.Argument(
            metavar="[CONFIG.toml]",
            help="The options below as flat keys (a dash becomes _), further settings, and a "
            "table \\[rules] of what may be proposed. Options override it.",
            show_default=False,
        ),
    ] = None,
    objective: options.Objective = None,
    budget: Annotated[
        int | None,
        typer.Option(
            help="Evaluations in all, those of earlier runs included; 300 if not given.", show_default=False
        ),
    ] = None,
    batch: Annotated[
        int | None,
        typer.Option(
            help="Molecules proposed, and evaluated, at a time; 10 if not given.", show_default=False
        ),
    ] = None,
    seed: options.Seed = None,
    out: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            help="The folder for campaign.db, results.csv and report.html; named after the objective if "
            "not given.",
            show_default=False,
        ),
    ] = None,
    start: options.Start = None,
    smiles_column: options.ObjectColumn = None,
    value_column: options.ValueColumn = None,
    acquisition: options.Acquisition = None,
    proposer: options.ProposedBy = None,
    retrain: options.Retrain = None,
    minimise: options.Minimise = None,
    model: options.Model = None,
) -> None:
    """Run a campaign: propose, evaluate, learn, until the budget is spent.

    Run again after a stop, it goes on where it was; settings left out are then those it began with. A larger
    budget prolongs a finished campaign.
    """
    chosen = {
        "objective": objective, "budget": budget, "batch": batch, "seed": seed, "out": out and str(out),
        "start": start and str(start), "smiles_column": smiles_column, "value_column": value_column,
        "acquisition": acquisition, "proposer": proposer, "retrain": retrain, "minimise": minimise, "model": model,
    }  # fmt: skip
    _carry_out(
        config.given(configuration, chosen),
        _command(context, configuration, chosen),
        options.given_kind(context),
    )


def _carry_out(given: config.Given, command: str, kind: Kind | None) -> None:
    with terminal.waiting("loading"):
        from latentbo.campaign.opening import begin_or_reopen
        from latentbo.codecs.molecules import quiet_rdkit
        from latentbo.objectives.loading import load_objective

        if given.objective is None:
            raise InputError(
                "an objective is needed: --objective NAME or --objective path/to/file.py:function"
            )
        objective, label = load_objective(given.objective), _label(given.objective)
        folder = Path(given.out or "latentbo-" + re.sub(r"[^\w.-]+", "-", label))
        file = folder / "campaign.db"
        options.same_kind(kind, file, given.model)
        start = given.table(file)
        campaign = begin_or_reopen(file, {**given.settings, "objective": label}, model=given.model)
    with quiet_rdkit(), campaign:
        if start is not None:
            intake = campaign.start_from(start)
            terminal.say(f"{given.start}: {intake}")
            terminal.list_problems(intake.problems)
        began, failure = time.monotonic(), _run(campaign, objective, given)
        facts = {"wall time": _duration(time.monotonic() - began), "command": command}
        if isinstance(failure, KeyboardInterrupt):
            terminal.say(f"stopped; everything is kept. To go on: {command}")
        with terminal.waiting("writing the report"):
            _deliver(campaign, given, folder, facts)
        if isinstance(failure, KeyboardInterrupt):
            raise typer.Exit(STOPPED)
        if failure is not None:
            raise failure
        _summary(campaign, folder)


def _run(campaign: Campaign, objective: Any, given: config.Given) -> LatentboError | KeyboardInterrupt | None:
    """Spend the budget under a progress bar; gives what stopped it, so that a report comes first."""
    from latentbo.campaign.loop import RunProgress, run, used

    with terminal.bar("evaluations") as advance:

        def listen(at: RunProgress) -> None:
            for line in at.news:
                terminal.say(line)
            advance(at.used, at.budget, "" if at.best is None else f"best {at.best:.4g}")

        best = campaign.history.best()
        listen(RunProgress(used(campaign), given.budget, best.value if best else None, ()))
        try:
            run(campaign, objective, budget=given.budget, batch=given.batch, progress=listen)
        except (LatentboError, KeyboardInterrupt) as error:
            return error
    return None


def _deliver(campaign: Campaign, given: config.Given, folder: Path, facts: Mapping[str, str]) -> None:
    from latentbo.campaign.table import export
    from latentbo.report.from_campaign import random_band, report_data
    from latentbo.report.page import write_report

    export(campaign.history, folder / "results.csv")
    band = random_band(campaign, model=given.model)
    name = campaign.settings.objective or "value"
    write_report(
        report_data(campaign, objective_name=name, random_band=band, facts=facts, budget=given.budget),
        folder / "report.html",
    )


def _summary(campaign: Campaign, folder: Path) -> None:
    from latentbo.campaign.table import best
    from latentbo.codecs.base import brief

    rows, kind = best(campaign.history, SHOWN), campaign.model.kind
    columns = rows["value"], rows[campaign.history.column], rows["round"]
    lines = [
        (f"{value:.4f}", brief(text), number or "start") for value, text, number in zip(*columns, strict=True)
    ]
    terminal.show_table(("value>", kind.noun, "round>"), lines, title=f"The best {len(lines)} {kind.name}")
    terminal.write(f"report: {folder / 'report.html'}\n")


def _label(objective: str) -> str:
    """What the campaign's file calls an objective; no folder of a user's file, so that it may move."""
    place, sign, name = objective.rpartition(":")
    return f"{Path(place).name}:{name}" if sign else objective


def _command(context: typer.Context, configuration: Path | None, chosen: Mapping[str, Any]) -> str:
    """The command line that was given, from the options it was given with."""
    words = [str(context.info_name), *([str(configuration)] if configuration else [])]
    for option, value in chosen.items():
        if isinstance(value, bool):
            words.append(FLAGS[option, value])
        elif value is not None:
            words += [f"--{option.replace('_', '-')}", str(value)]
    return f"{options.program(context)} {shlex.join(words)}"


def _duration(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"


COMMANDS = (demo, run)
