"""What holds for every command."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.main import get_command
from typer.testing import CliRunner, Result

from latentbo import __version__
from latentbo.cli import app
from latentbo.errors import InputError

Invoke = Callable[..., Result]
Write = Callable[..., Path]
COMMANDS = get_command(app).commands  # type: ignore[attr-defined]


def test_the_commands() -> None:
    assert set(COMMANDS) == {
        "demo", "run", "init", "ask", "tell", "status", "export", "report", "score", "sample", "encode",
        "decode", "pretrain", "evaluate-model", "map", "path",
    }  # fmt: skip


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_documents_every_option(name: str, invoke: Invoke) -> None:
    shown = " ".join(invoke(name, "--help").output.split())
    assert COMMANDS[name].help
    for parameter in COMMANDS[name].params:
        if parameter.name != "help":
            assert parameter.help, f"{name} says nothing of {parameter.name}"
            assert any(text in shown for text in (*parameter.opts, parameter.metavar or "-"))


def test_the_version(invoke: Invoke) -> None:
    assert invoke("--version").stdout == f"latentbo {__version__}\n"


def test_help_names_the_table_of_rules(invoke: Invoke) -> None:
    for name in ("init", "run"):
        assert "[rules]" in invoke(name, "--help").output, "markup has swallowed it"


def test_help_loads_nothing_heavy() -> None:
    """What takes seconds to import would make `--help` take seconds."""
    code = (
        "import sys; from latentbo.cli import app\n"
        "try: app(['run', '--help'])\n"
        "except SystemExit: print(*sys.modules, file=sys.stderr)"
    )
    out = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stderr.split()
    assert "latentbo.cli.running" in out
    assert not {name.partition(".")[0] for name in out} & {
        "torch",
        "rdkit",
        "numpy",
        "pandas",
        "matplotlib",
        "botorch",
    }


def test_a_mistake_is_one_line_and_a_traceback_only_on_request(invoke: Invoke) -> None:
    result = invoke("status", "missing.db", code=2)
    assert result.stderr.startswith("error: no campaign at missing.db")
    assert result.stderr.count("\n") == 1
    assert result.stdout == ""
    for words in (["status", "missing.db", "--debug"], ["--debug", "status", "missing.db"]):
        assert isinstance(CliRunner().invoke(app, words).exception, InputError)


def test_an_error_is_printed_as_it_is(invoke: Invoke, write: Write) -> None:
    """Rich would take the brackets of a SMILES for a style."""
    write("bad.csv", "smiles,value\n[red]C[C@H](N)O[/red],<5\n")
    result = invoke("score", "--objective", "[bold]C[C@H]", write("a.smi", "C"), code=2)
    assert "'[bold]C[C@H]'" in result.stderr


def test_a_file_that_cannot_be_written_is_a_mistake(invoke: Invoke, write: Write, small: Path) -> None:
    result = invoke("run", small, "--out", write("taken", ""), code=2)
    assert result.stderr.startswith("error: ")
    assert result.stderr.count("\n") == 1
