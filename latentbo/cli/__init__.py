"""The command line: it parses, calls and prints; what it calls stands in the rooms below.

torch, botorch and rdkit take seconds to import, so each command imports what it needs inside itself: that way
`latentbo --help` answers at once.
"""

from __future__ import annotations

import warnings
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from latentbo.cli import by_hand, models, options, running, terminal, views
from latentbo.errors import LatentboError, ObjectiveError
from latentbo.version import __version__


class Commands(TyperGroup):
    """All commands. What goes wrong on purpose, or with a file, ends in one line, a traceback with --debug.

    Exit codes: 1 where the objective fails too often, 2 for a mistake of the user.
    """

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """--debug may stand anywhere."""
        rest = [each for each in args if each != "--debug"]
        return super().parse_args(ctx, ["--debug", *rest] if len(rest) < len(args) else rest)

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except BrokenPipeError:  # of `latentbo sample | head`
            raise
        except (LatentboError, OSError) as error:
            if ctx.params["debug"]:
                raise
            terminal.error(str(error))
            raise typer.Exit(1 if isinstance(error, ObjectiveError) else 2) from None


app = typer.Typer(
    cls=Commands,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="Bayesian optimisation over learned latent spaces: campaigns that find better molecules.",
    epilog="Begin with: latentbo demo --out demo",
)


def _version(asked: bool) -> None:
    if asked:
        terminal.write(f"latentbo {__version__}\n")
        raise typer.Exit


@app.callback()
def _everywhere(
    context: typer.Context,
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and exit.")
    ] = False,
    debug: Annotated[
        bool,
        typer.Option("--debug", help="Show warnings, and the traceback of an error. May stand anywhere."),
    ] = False,
    kind: options.KindOption = None,
) -> None:
    if not debug:
        # Remedies that matter are recorded in the campaign; what these packages warn of is not the user's.
        for package in ("botorch", "gpytorch", "linear_operator", "torch"):
            warnings.filterwarnings("ignore", module=rf"{package}(\.|$)")
    context.obj = options.named_kind(kind)


for module in (running, by_hand, models, views):
    for command in module.COMMANDS:
        app.command()(command)


def main() -> None:
    """The entry point of the package."""
    app(prog_name="latentbo")
