"""A campaign by hand: init, ask, tell, status, export, report, with CSV in and out."""

from __future__ import annotations

import json
import re
import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
from typer.testing import Result

from latentbo.campaign.files import read_history
from latentbo.campaign.table import FACTS

Invoke = Callable[..., Result]
Write = Callable[..., Path]

QUICK = "initial = 4\npool_rounds = 1\npool_size = 30\nseed = 5\n"


def value_of(campaign: str, text: str) -> float | None:
    """What a campaign's file says of an object that it knows."""
    return next(row.value for row in read_history(Path(campaign)).rows.values() if row.object == text)


@pytest.fixture
def begun(invoke: Invoke, write: Write, model: Path) -> str:
    """A campaign by hand that has just begun."""
    result = invoke("init", "c.db", "--config", write("quick.toml", QUICK), "--model", model)
    assert "c.db: a campaign with seed 5. Next: latentbo ask c.db" in result.stderr
    return "c.db"


def test_a_round_trip(invoke: Invoke, begun: str, tmp_path: Path) -> None:
    invoke("ask", begun, "-n", 6, "--out", "one.csv")
    asked = pd.read_csv("one.csv")
    assert list(asked.columns) == ["id", "smiles", "value", "reason", "mean", "sd", "p_feasible", "proposer"]
    assert asked["value"].isna().all()
    told = asked.assign(value=asked["smiles"].str.len().astype(float)).iloc[[4, 0, 5, 2]]
    own = pd.DataFrame({"smiles": ["OCC", "C1CC"], "value": [7.0, 8.0]})
    failed = asked.iloc[[1]].assign(reason="could not be made")
    pd.concat([told, own, failed]).sample(frac=1.0, random_state=0).to_csv("told.csv", index=False)
    result = invoke("tell", begun, "told.csv")
    assert "5 measured, 1 failed, 0 without a value yet" in result.stderr
    assert re.search(r"line \d: 'C1CC' cannot be used \(unparsable\)", result.stderr)
    assert re.search(r"best so far: [\d.]+ ", result.stderr)

    invoke("export", begun, "out.csv")
    table = pd.read_csv("out.csv").set_index("smiles")
    assert (table.index.name, *table.columns) == ("smiles", "id", *FACTS)
    assert table["status"].value_counts().to_dict() == {"measured": 5, "failed": 1, "pending": 1}
    for row in told.itertuples():
        assert table.loc[row.smiles, "value"] == row.value
        assert table.loc[row.smiles, "id"] == row.id
    assert table.loc[asked["smiles"][1], "reason"] == "could not be made"
    assert table.loc[asked["smiles"][3], "status"] == "pending"
    assert (table.loc["CCO", "round"], table.loc["CCO", "value"]) == (0, 7.0)

    second = invoke("ask", begun, "-n", 2)
    proposed = pd.read_csv(pd.io.common.StringIO(second.stdout))
    assert not set(proposed["smiles"]) & set(table.index)
    assert proposed["mean"].notna().all()
    status = invoke("status", begun).stdout
    assert "5 measured, 1 failed, 3 pending" in status
    assert "1 told rows could not be used" in status
    assert f"pending:    {asked['id'][3]}, {proposed['id'][0]}" in status

    invoke("report", begun, "--name", "melting point", "--out", "r.html")
    html = (tmp_path / "r.html").read_text()
    assert "melting point, maximised" in html
    assert "could not be made" in html
    assert not re.search(r'(src|href)="(?!#|data:)', html)


def test_rows_are_told_by_id_alone(invoke: Invoke, begun: str, write: Write) -> None:
    asked = pd.read_csv(pd.io.common.StringIO(invoke("ask", begun, "-n", 3).stdout))
    ids = asked["id"].tolist()
    result = invoke("tell", begun, write("v.csv", f"ID;Value\n{ids[2]};2,5\n{ids[0]};1,5\nxx;3,0\n"))
    assert "2 measured" in result.stderr
    assert "line 4: id 'xx' was never proposed here" in result.stderr
    history = read_history(Path(begun))
    assert [history.rows[each].value for each in ids] == [1.5, None, 2.5]


def test_proposals_do_not_overwrite_values_that_were_not_told(
    invoke: Invoke, begun: str, tmp_path: Path
) -> None:
    assert "no folder nowhere" in invoke("ask", begun, "--out", "nowhere/a.csv", code=2).stderr
    assert "0 pending" in invoke("status", begun).stdout, "nothing was asked for in vain"
    invoke("ask", begun, "-n", 2, "--out", "a.csv")
    filled = pd.read_csv("a.csv").assign(value=[1.5, None])
    filled.to_csv("a.csv", index=False)
    refused = invoke("ask", begun, "-n", 2, "--out", "a.csv", code=2).stderr
    assert "a.csv holds 1 rows that were not told yet" in " ".join(refused.split())
    assert pd.read_csv("a.csv").equals(filled)
    invoke("tell", begun, "a.csv")
    invoke("ask", begun, "-n", 3, "--out", "a.csv")
    assert len(pd.read_csv("a.csv")) == 3
    assert not list(tmp_path.glob("*.part"))


def test_a_value_told_again_is_said_and_can_be_corrected(invoke: Invoke, begun: str, write: Write) -> None:
    invoke("tell", begun, write("v.csv", "smiles,value\nCCO,9000\n"))
    again = invoke("tell", begun, write("w.csv", "smiles,value\nCCO,9\n")).stderr
    assert "line 2: CCO had 9000; with 9 it counts as the mean, 4504.5" in " ".join(again.split())
    invoke("tell", begun, write("x.csv", "smiles,value,status\nCCO,9,corrected\n"))
    assert value_of(begun, "CCO") == 9.0


def test_the_direction_is_said(invoke: Invoke, write: Write, model: Path) -> None:
    for name, flag, said in (("a.db", (), "larger"), ("b.db", ("--minimise",), "smaller")):
        assert f"{said} values are better" in invoke("init", name, "--model", model, *flag).stderr


def test_the_start_file(invoke: Invoke, write: Write, model: Path) -> None:
    start = write("s.csv", "smiles,value\nCCO,1.0\nCCN,\nC1CC,2.0\n")
    result = invoke("init", "c.db", "--start", start, "--model", model, "--seed", 1)
    assert "1 measured, 1 to be measured first, 1 rows left out" in result.stderr
    assert "line 4: 'C1CC' cannot be used" in result.stderr
    assert "1 measured, 0 failed, 1 pending" in invoke("status", "c.db").stdout


def test_columns_of_other_names(invoke: Invoke, write: Write, model: Path) -> None:
    named = ("--smiles-column", "SMILES (std)", "--value-column", "pIC50")
    assert "how to read the table" in invoke("init", "c.db", "--model", model, *named, code=2).stderr
    start = write("s.csv", "smiles;SMILES (std);pIC50;value\nn/a;CCO;6,1;9\nn/a;CCN;;9\n")
    result = invoke("init", "c.db", "--start", start, "--model", model, *named)
    assert "1 measured, 1 to be measured first" in result.stderr
    told = write("t.csv", "SMILES (std),pIC50\nCCN,5.5\n")
    assert "has no column 'smiles'" in invoke("tell", "c.db", told, "--value-column", "pIC50", code=2).stderr
    assert "1 measured, 0 failed" in invoke("tell", "c.db", told, *named).stderr
    assert (value_of("c.db", "CCO"), value_of("c.db", "CCN")) == (6.1, 5.5)
    assert "how to read a table" in invoke("map", "--campaign", "c.db", *named, code=2).stderr


def test_values_of_another_name_by_id(invoke: Invoke, begun: str, write: Write) -> None:
    invoke("ask", begun, "-n", 1, "--out", "one.csv")
    told = write("t.csv", f"id,pIC50\n{pd.read_csv('one.csv')['id'][0]},5.5\n")
    assert "1 measured, 0 failed" in invoke("tell", begun, told, "--value-column", "pIC50").stderr


def test_a_start_file_that_cannot_be_read_begins_nothing(invoke: Invoke, write: Write, model: Path) -> None:
    start = write("s.csv", "smiles,yield\nCCO,1.0\n")
    assert (
        "has no column 'value'" in invoke("init", "c.db", "--start", start, "--model", model, code=2).stderr
    )
    assert not Path("c.db").exists()


def test_what_is_there_is_never_begun_again(invoke: Invoke, begun: str, model: Path) -> None:
    before = Path(begun).read_bytes()
    assert "is a campaign already" in invoke("init", begun, "--model", model, code=2).stderr
    assert Path(begun).read_bytes() == before


@pytest.mark.parametrize("command", ["ask", "status", "report", "tell", "export"])
def test_a_missing_campaign_is_not_made(command: str, invoke: Invoke, write: Write, tmp_path: Path) -> None:
    words = {"tell": [write("v.csv", "smiles,value\n")], "export": ["o.csv"]}.get(command, [])
    assert "no campaign at none.db" in invoke(command, "none.db", *words, code=2).stderr
    assert not (tmp_path / "none.db").exists()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("smiles,yield\nCCO,1\n", "has no column 'value'"),
        ("name,value\nCCO,1\n", "has no column 'smiles'"),
        ("", "is empty"),
    ],
)
def test_files_that_cannot_be_told(text: str, message: str, invoke: Invoke, begun: str, write: Write) -> None:
    assert message in invoke("tell", begun, write("v.csv", text), code=2).stderr
    assert read_history(Path(begun)).told == ()


def test_the_model_s_folder_may_move(invoke: Invoke, begun: str, model: Path, tmp_path: Path) -> None:
    """A campaign keeps the place of its model; --model says where it is now, and another model is refused."""
    moved = shutil.copytree(model, tmp_path / "moved")
    with sqlite3.connect(begun) as connection:
        payload = json.loads(connection.execute("SELECT payload FROM events").fetchone()[0])
    assert payload["settings"]["model"] == str(model)
    invoke("ask", begun, "-n", 2, "--model", moved)
    card = json.loads((moved / "card.json").read_text())
    (moved / "card.json").write_text(json.dumps({**card, "sha256": "0" * 64}))
    assert "SHA-256" in invoke("ask", begun, "--model", moved, code=2).stderr


def test_ask_retrains_when_it_is_due(
    invoke: Invoke, write: Write, model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    invoke(
        "init",
        "c.db",
        "--config",
        write("q.toml", f"{QUICK}retrain_every = 5\nretrain_from = 5\n"),
        "--model",
        model,
    )
    invoke("tell", "c.db", write("v.csv", "smiles,value\nCCO,1\nCCN,2\nCCC,3\nCCCl,4\nCC(C)O,5\n"))
    calls = []

    def refuse(self: object, model: object, data: object, *, seed: int) -> object:
        from latentbo.training.gates import Retrained

        calls.append(seed)
        return Retrained(model, False, ("held-out NLL rose from 1 to 2",), {}, {}, 0.1)  # type: ignore[arg-type]

    monkeypatch.setattr("latentbo.campaign.retraining.Retrainer.__call__", refuse)
    result = invoke("ask", "c.db", "-n", 1)
    assert re.search(r"encoder \w{12} refused: .*held-out NLL rose", result.stderr)
    assert "retrains:   0 of 1 went live" in invoke("status", "c.db").stdout
    invoke("ask", "c.db", "-n", 1)
    assert len(calls) == 1


def test_a_shortfall_is_said(invoke: Invoke, write: Write, model: Path) -> None:
    """Rules that a handful of molecules pass: fewer come than were asked for, then none."""
    file = write("q.toml", 'initial = 50\nseed = 1\n[rules]\nheavy_atoms = [1, 3]\nelements = ["C", "O"]\n')
    invoke("init", "c.db", "--config", file, "--model", model)
    result = invoke("ask", "c.db", "-n", 200)
    assert re.search(r"\d+ of 200 missing: \d+ made", result.stderr)
    assert result.stdout.count("\n") < 20
    nothing = write("n.toml", "[rules]\nheavy_atoms = [50, 60]\n")
    invoke("init", "n.db", "--config", nothing, "--model", model)
    assert "no new object could be proposed" in invoke("ask", "n.db", code=2).stderr
