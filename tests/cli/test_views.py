"""`map` and `path`: pages from a file, from a campaign, and what is said of mistakes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import Result

from latentbo.diagnostics.dead_zones import Gauge

Invoke = Callable[..., Result]
Write = Callable[..., Path]

LIST = "CCO\nCCN\nc1ccccc1\nC1CC\nCC(C)O\n"
VALUES = "smiles,value\nCCO,1\nCCN,2\nCCC,3\nCCCl,4\nCC(C)O,5\n"


@pytest.fixture(autouse=True)
def gauged(gauge: Gauge, monkeypatch: pytest.MonkeyPatch) -> None:
    """The tiny model draws few different molecules: what is usual is known from those it was trained on."""
    monkeypatch.setattr("latentbo.diagnostics.dead_zones.calibrate", lambda model, seed: gauge)


@pytest.fixture
def begun(invoke: Invoke, write: Write, model: Path) -> str:
    invoke("init", "c.db", "--start", write("s.csv", VALUES), "--model", model, "--seed", 1)
    return "c.db"


def test_map_of_a_file(invoke: Invoke, write: Write, model: Path, tmp_path: Path) -> None:
    result = invoke("map", write("a.smi", LIST), "--model", model, "--out", "m.html", "--png")
    assert "line 4: 'C1CC' cannot be used (unparsable)" in result.stderr
    assert {file.name for file in tmp_path.glob("m*")} == {
        "m.html", "m-map.png", "m-neighbourhood.png", "m-slice.png"
    }  # fmt: skip
    assert all(f"{file.name} written" in result.stderr for file in tmp_path.glob("m*"))
    html = (tmp_path / "m.html").read_text()
    assert "Map of 4 molecules" in html
    assert "decode - re-encode distance (prior sd)" in html


def test_map_of_a_campaign(invoke: Invoke, begun: str, write: Write, tmp_path: Path) -> None:
    words = ["--campaign", begun, "--axes", "lengthscales", "--centre", "OCC", "--name", "melting point"]
    invoke("map", *words)
    html = (tmp_path / "map.html").read_text()
    assert "Map of 5 molecules" in html
    assert "predicted melting point" in html
    assert "lengthscale" in html
    assert "Neighbourhood of CCO" in html
    invoke("map", write("a.smi", LIST), "--campaign", begun)
    assert "Map of 6 molecules" in (tmp_path / "map.html").read_text()  # benzene alone is new


def test_path_without_and_with_a_campaign(invoke: Invoke, begun: str, model: Path, tmp_path: Path) -> None:
    result = invoke("path", "OCC", "c1ccccc1", "--model", model, "--steps", 5)
    assert "path.html written" in result.stderr
    html = (tmp_path / "path.html").read_text()
    assert "From CCO to c1ccccc1" in html
    assert "Straight line" in html
    assert "Great arc" in html
    assert "predicted" not in html
    invoke("path", "CCO", "CCN", "--campaign", begun, "--steps", 3, "--line", "--out", "l.html", "--png")
    html = (tmp_path / "l.html").read_text()
    assert "95 % interval" in html
    assert "Great arc" not in html
    assert (tmp_path / "l-path-line.png").exists()
    assert not (tmp_path / "l-path-sphere.png").exists()


def test_mistakes_are_named(invoke: Invoke, write: Write, model: Path) -> None:
    file = write("a.smi", LIST)
    for words, message in (
        (["map"], "a map needs objects"),
        (["map", "none.smi"], "cannot read none.smi"),
        (["map", "--campaign", "none.db", "--minimise"], "none.db knows itself which way is better"),
        (["map", write("b.smi", "C1CC\n")], "one molecule at least"),
        (["map", file, "--axes", "lengthscales"], "no surrogate to have lengthscales"),
        (["map", file, "--axes", "best"], "unknown axes 'best'"),
        (["map", file, "--centre", "C1CC"], "'C1CC' cannot be read"),
        (["map", file, "--out", "no/m.html"], "no folder no"),
        (["path", "CCO", "C1CC"], "'C1CC' cannot be read (unparsable)"),
        (["path", "CCO", "CCN", "--steps", 1], "two steps at least"),
        (["path", "CCO", "CCN", "--campaign", "none.db"], "no campaign at none.db"),
    ):
        assert message in invoke(*words, "--model", model, code=2).stderr
