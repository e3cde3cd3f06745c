"""What a command loads: what needs no model answers without torch, and draws nothing."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import Result

Invoke = Callable[..., Result]
Write = Callable[..., Path]

HEAVY = {"torch", "botorch", "gpytorch", "linear_operator", "matplotlib", "plotly"}
LOADED = """
import sys
from latentbo.cli import main
try:
    main()
finally:
    print("loaded", *sys.modules, file=sys.stderr)
"""
VALUES = "smiles,value\nCCO,1.5\nCCN,\nC1CC,2.0\n"


@pytest.fixture
def begun(invoke: Invoke, write: Write, model: Path) -> str:
    """A campaign with something measured, something refused and something pending."""
    quick = write("quick.toml", "initial = 4\npool_rounds = 1\npool_size = 30\nseed = 5\n")
    invoke("init", "c.db", "--config", quick, "--model", model)
    invoke("ask", "c.db", "-n", 2, "--out", "asked.csv")
    invoke("tell", "c.db", write("told.csv", VALUES))
    return "c.db"


@pytest.mark.usefixtures("begun")
@pytest.mark.parametrize(
    ("line", "said", "used"),
    [
        ("--help", "Bayesian optimisation", "latentbo.cli"),
        ("status c.db", "1 measured, 0 failed, 2 pending", "latentbo.campaign.table"),
        ("export c.db out.csv", "out.csv: 3 rows", "latentbo.campaign.table"),
        ("tell c.db own.csv", "1 measured, 0 failed, 1 without a value yet", "latentbo.campaign.starting"),
        ("init n.db", "n.db: a campaign with seed", "latentbo.campaign.files"),
        ("init n.db --start own.csv", "1 measured, 1 to be measured first", "latentbo.campaign.starting"),
    ],
)
def test_a_command_without_a_model_loads_no_torch(
    line: str, said: str, used: str, write: Write, tmp_path: Path
) -> None:
    write("own.csv", VALUES)
    result = subprocess.run(
        [sys.executable, "-c", LOADED, *line.split()], cwd=tmp_path, capture_output=True, text=True
    )
    shown, _, loaded = result.stderr.partition("loaded ")
    assert result.returncode == 0, shown
    assert said in result.stdout + shown
    assert used in loaded.split()
    assert not {name.partition(".")[0] for name in loaded.split()} & HEAVY


@pytest.mark.usefixtures("begun")
def test_a_campaign_where_it_stands_is_said_without_chemistry(tmp_path: Path) -> None:
    result = subprocess.run(
        [sys.executable, "-c", LOADED, "status", "c.db"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    loaded = {name.partition(".")[0] for name in result.stderr.split()}
    assert not loaded & {"rdkit", "selfies", "pandas"}
