"""The command line in this process, on a model of seconds, with proposals of seconds."""

from __future__ import annotations

import textwrap
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from latentbo.cli import app
from latentbo.models.dkl_vae import DKLVAE
from latentbo.models.pretrained import save_model
from latentbo.report.page import ReportData

Invoke = Callable[..., Result]
Write = Callable[..., Path]

SMALL = """
    budget = 13
    batch = 5
    seed = 3
    initial = 5
    pool_rounds = 1
    pool_size = 30
    """
CARBONS = """
    def carbons(smiles):
        return [float(text.upper().count("C")) + len(text) / 100 for text in smiles]
    """


@pytest.fixture(scope="session")
def model(tiny_model: DKLVAE, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tiny model as a folder."""
    folder = tmp_path_factory.mktemp("model") / "tiny"
    save_model(tiny_model, folder)
    return folder


@pytest.fixture
def invoke(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Invoke:
    """Run a command, given as words, in an empty folder."""
    monkeypatch.chdir(tmp_path)

    def run(*words: object, code: int = 0) -> Result:
        result = CliRunner().invoke(app, [str(word) for word in words])
        unexpected = result.exception if not isinstance(result.exception, SystemExit) else None
        assert unexpected is None, "".join(map(str, (result.stderr, repr(unexpected))))
        assert result.exit_code == code, result.output
        return result

    return run


@pytest.fixture
def unpainted(monkeypatch: pytest.MonkeyPatch) -> None:
    """A report without its pictures, which take as long as the campaign: for tests of something else."""

    def write_report(data: ReportData, path: Path) -> Path:
        path.write_text(data.objective)
        return path

    monkeypatch.setattr("latentbo.report.page.write_report", write_report)


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Write a text, its indentation off, to a file in the folder of the commands."""

    def put(name: str, text: str) -> Path:
        path = tmp_path / name
        path.write_text(textwrap.dedent(text).lstrip(), encoding="utf-8")
        return path

    return put


@pytest.fixture
def small(write: Write, model: Path) -> Path:
    """A configuration with everything that makes a campaign quick, and an objective of its own."""
    write("mine.py", CARBONS)
    names = f'objective = "mine.py:carbons"\nmodel = "{model.as_posix()}"\n'
    return write("small.toml", textwrap.dedent(SMALL) + names)
