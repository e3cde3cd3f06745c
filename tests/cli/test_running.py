"""`run` and `demo`: from an objective to a report, through stops, kills and bad input."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
from typer.testing import Result

from latentbo.campaign.table import FACTS
from latentbo.cli import running

Invoke = Callable[..., Result]
Write = Callable[..., Path]


def results(folder: Path) -> pd.DataFrame:
    return pd.read_csv(folder / "results.csv")


def test_a_run_leaves_a_campaign_a_table_and_a_report(invoke: Invoke, small: Path, tmp_path: Path) -> None:
    result = invoke("run", small, "--out", "a")
    assert sorted(os.listdir("a")) == ["campaign.db", "report.html", "results.csv"]
    table = results(tmp_path / "a")
    assert tuple(table.columns) == ("id", "smiles", *FACTS)
    assert len(table) == 13
    assert table["smiles"].is_unique
    assert (table["status"] == "measured").all()
    assert table["round"].tolist() == [1] * 5 + [2] * 5 + [3] * 3
    for smiles, value in zip(table["smiles"], table["value"], strict=True):
        assert value == smiles.upper().count("C") + len(smiles) / 100
    best = table["value"].max()
    assert f"best {best:.4g}" in result.stderr
    assert "13/13" in result.stderr
    assert re.search(rf"{best:.4f} .*{re.escape(table['smiles'][table['value'].idxmax()])}", result.stdout)
    assert f"report: {Path('a') / 'report.html'}" in result.stdout
    html = (tmp_path / "a" / "report.html").read_text()
    assert "mine.py:carbons, maximised" in html
    assert "latentbo run" in html
    assert not re.search(r'(src|href)="(?!#|data:)', html)
    assert "not known" in html  # what random screening would find, of a user's own function


@pytest.mark.usefixtures("unpainted")
def test_options_and_a_file_begin_the_same_campaign(
    invoke: Invoke, small: Path, tmp_path: Path, model: Path
) -> None:
    invoke("run", small, "--out", "a", "--budget", 8)
    short = tmp_path / "short.toml"
    short.write_text("initial = 5\npool_rounds = 1\npool_size = 30\n")
    invoke(
        "run",
        short,
        "--objective",
        "mine.py:carbons",
        "--budget",
        8,
        "--batch",
        5,
        "--seed",
        3,
        "--model",
        model,
        "--out",
        "b",
    )
    assert (tmp_path / "a" / "results.csv").read_bytes() == (tmp_path / "b" / "results.csv").read_bytes()


KILLED = """
    import os, pathlib, signal

    calls = pathlib.Path("calls")

    def carbons(smiles):
        made = len(calls.read_text()) if calls.exists() else 0
        calls.write_text("x" * (made + 1))
        if made == 1:
            os.kill(os.getpid(), signal.SIGKILL)
        return [float(text.upper().count("C")) + len(text) / 100 for text in smiles]
    """


@pytest.mark.usefixtures("unpainted")
@pytest.mark.skipif(not hasattr(os, "kill") or sys.platform == "win32", reason="needs SIGKILL")
def test_a_killed_run_goes_on_as_if_nothing_had_happened(
    invoke: Invoke, small: Path, write: Write, tmp_path: Path
) -> None:
    invoke("run", small, "--out", "whole")
    write("mine.py", KILLED)
    code = "from latentbo.cli import main; main()"
    words = ["run", str(small), "--out", "killed"]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    process = subprocess.run(
        [sys.executable, "-c", code, *words], cwd=tmp_path, env=environment, capture_output=True, text=True
    )
    assert process.returncode == -9, process.stderr
    assert not (tmp_path / "killed" / "results.csv").exists()
    stopped = invoke("status", "killed/campaign.db").stdout
    assert "5 measured, 0 failed, 5 pending" in stopped  # told values survive, the batch under way waits
    invoke(*words)
    assert (tmp_path / "killed" / "results.csv").read_bytes() == (
        tmp_path / "whole" / "results.csv"
    ).read_bytes()


@pytest.mark.usefixtures("unpainted")
def test_running_again_adds_nothing_and_a_larger_budget_goes_on(
    invoke: Invoke, small: Path, tmp_path: Path
) -> None:
    invoke("run", small, "--out", "a", "--budget", 8)
    first = results(tmp_path / "a")
    invoke(
        "run", "--objective", "mine.py:carbons", "--budget", 8, "--out", "a"
    )  # settings are the stored ones
    assert results(tmp_path / "a").equals(first)
    invoke("run", "--objective", "mine.py:carbons", "--budget", 10, "--batch", 5, "--out", "a")
    assert len(results(tmp_path / "a")) == 10
    assert results(tmp_path / "a").head(8).equals(first)


@pytest.mark.usefixtures("unpainted")
def test_settings_that_contradict_the_stored_ones(invoke: Invoke, small: Path, tmp_path: Path) -> None:
    invoke("run", small, "--out", "a", "--budget", 5)
    before = (tmp_path / "a" / "results.csv").read_bytes()
    for words, message in (
        (["--seed", 4], "seed is 3, not 4"),
        (["--minimise"], "minimise is False, not True"),
        (["--acquisition", "ucb"], "acquisition is 'ei', not 'ucb'"),
        (["--retrain"], "retrain_every is None, not 100"),
        (["--objective", "qed"], "objective is 'mine.py:carbons', not 'qed'"),
    ):
        result = invoke("run", small, "--out", "a", *words, code=2)
        assert f"begun with other settings: {message}. " in result.stderr
    assert (tmp_path / "a" / "results.csv").read_bytes() == before


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--objective", "osimertinib"], "did you mean 'osimertinib_mpo'"),
        (["--objective", "mine.py:carbon"], "did you mean 'carbons'"),
        (["--objective", "none.py:f"], "no file at none.py"),
        (["--acquisition", "uci"], "did you mean 'ucb'"),
        (["--proposer", "pol"], "did you mean 'pool'"),
        (["--model", "nowhere"], "nowhere"),
        (["--budget", 0], "budget and batch must be at least 1"),
        (["--start", "none.csv"], "cannot read none.csv"),
    ],
)
def test_mistakes_at_the_beginning(words: list[str], message: str, invoke: Invoke, small: Path) -> None:
    result = invoke("run", small, "--out", "a", *words, code=2)
    assert message in result.stderr
    assert result.stderr.splitlines()[-1].startswith("error: ")
    assert "Traceback" not in result.output
    assert not os.path.exists("a")  # nothing is left behind by a mistake


def test_an_objective_is_needed(invoke: Invoke, tmp_path: Path) -> None:
    assert "an objective is needed" in invoke("run", "--out", "a", code=2).stderr
    assert os.listdir(tmp_path) == []  # nothing is left behind by a mistake


START = """
    smiles,value,note
    CCO,2.03,mine
    OCC,2.05,the same once more
    c1ccccc1,,to be measured
    notamolecule,3.0,
    C1CC,,
    CCN,<5,censored
    CCCl,4.0,failed? no
    """


@pytest.mark.usefixtures("unpainted")
def test_a_start_file_with_bad_rows(invoke: Invoke, small: Path, write: Write, tmp_path: Path) -> None:
    result = invoke("run", small, "--out", "a", "--start", write("start.csv", START), "--budget", 6)
    table = results(tmp_path / "a")
    assert len(table) == 2 + 6
    start = table[table["round"] == 0].set_index("smiles")
    assert start.loc["CCO", "value"] == pytest.approx(2.04)
    assert start.loc["CCCl", "value"] == 4.0
    assert start["proposer"].fillna("").to_dict() == {"CCO": "", "CCCl": "", "c1ccccc1": "start"}
    assert start.loc["c1ccccc1", "value"] == 6.08  # by the objective, and first
    assert "3 measured, 1 to be measured first, 3 rows left out" in result.stderr
    for line, words in ((5, "notamolecule"), (6, "'C1CC' cannot be used (unparsable)"), (7, "censored")):
        assert re.search(rf"line {line}\b.*{re.escape(words)}", result.stderr)
    named = START.replace("smiles,value", "molecule,y")
    assert named != START
    other = ("--start", write("other.csv", named), "--smiles-column", "molecule", "--value-column", "y")
    assert "4 known already" in invoke("run", small, "--out", "a", *other, "--budget", 6).stderr
    again = invoke("run", small, "--out", "a", "--start", "start.csv", "--budget", 6)
    assert "0 measured, 0 to be measured first, 4 known already" in again.stderr
    assert results(tmp_path / "a").equals(table)


FAILING = """
    def raises(smiles):
        if any("N" in text.upper() for text in smiles):
            raise RuntimeError("no nitrogen")
        return [1.0 + len(text) for text in smiles]

    def odd(smiles):
        strange = [float("nan"), None, float("inf"), "high"]
        return [strange[len(text) % 8] if len(text) % 8 < 4 else len(text) for text in smiles]

    def short(smiles):
        return [1.0] * (len(smiles) - 1)

    def crashes(smiles):
        raise ValueError("the licence has expired")
    """


@pytest.mark.usefixtures("unpainted")
@pytest.mark.parametrize(
    ("name", "reasons"),
    [
        ("raises", {"raised RuntimeError: no nitrogen"}),
        ("odd", {"returned None", "returned nan", "returned inf", "returned 'high', not a number"}),
    ],
)
def test_an_objective_that_fails_now_and_then(
    name: str, reasons: set[str], invoke: Invoke, small: Path, write: Write, tmp_path: Path
) -> None:
    write("mine.py", FAILING)
    invoke("run", small, "--out", "a", "--objective", f"mine.py:{name}")
    table = results(tmp_path / "a")
    failed = table[table["status"] == "failed"]
    assert len(table) == 13
    assert 0 < len(failed) < 13
    assert failed["value"].isna().all()
    assert set(failed["reason"]) <= reasons
    assert table[table["status"] == "measured"]["reason"].isna().all()


@pytest.mark.usefixtures("unpainted")
@pytest.mark.parametrize(
    ("name", "reason"),
    [("crashes", "raised ValueError: the licence has expired"), ("short", "returned 0 values for 1 objects")],
)
def test_an_objective_that_always_fails_stops_the_run(
    name: str, reason: str, invoke: Invoke, small: Path, write: Write, tmp_path: Path
) -> None:
    write("mine.py", FAILING)
    result = invoke("run", small, "--out", "a", "--objective", f"mine.py:{name}", "--budget", 100, code=1)
    assert (
        f"error: 20 of the last 20 evaluations failed, most often because the objective {reason}"
        in result.stderr
    )
    table = results(tmp_path / "a")
    last = table["status"] == "pending"  # the batch that showed it waits to be evaluated again
    assert len(table) == 20
    assert 0 < last.sum() <= 10
    assert (table[~last]["status"] == "failed").all()
    assert set(table[~last]["reason"]) == {reason}
    assert (tmp_path / "a" / "report.html").exists()


@pytest.mark.usefixtures("unpainted")
def test_ctrl_c_says_how_to_go_on(invoke: Invoke, small: Path, write: Write, tmp_path: Path) -> None:
    write("mine.py", KILLED.replace("os.kill(os.getpid(), signal.SIGKILL)", "raise KeyboardInterrupt"))
    result = invoke("run", small, "--out", "a", "--seed", 3, code=130)
    command = f"latentbo run {small} --seed 3 --out a"
    assert f"everything is kept. To go on: {command}" in result.stderr
    assert len(results(tmp_path / "a").query("status == 'measured'")) == 5
    assert (tmp_path / "a" / "report.html").exists()
    invoke(*command.split()[1:])
    assert len(results(tmp_path / "a").query("status == 'measured'")) == 13


@pytest.mark.usefixtures("unpainted")
def test_ctrl_c_says_every_option_that_was_given(invoke: Invoke, small: Path, write: Write) -> None:
    write("mine.py", "def carbons(smiles):\n    raise KeyboardInterrupt\n")
    write("start.csv", "molecule,y\nCCO,2.0\n")
    options = "--out a --start start.csv --smiles-column molecule --value-column y --minimise"
    result = invoke("run", small, *options.split(), code=130)
    assert f"To go on: latentbo run {small} {options}\n" in result.stderr


@pytest.mark.usefixtures("unpainted")
def test_minimising_turns_the_sign_once(invoke: Invoke, small: Path, write: Write, tmp_path: Path) -> None:
    """To minimise a value is to maximise minus that value: the same proposals, the same predictions but for the sign."""
    write("mine.py", "def carbons(smiles):\n    return [float(len(text)) for text in smiles]\n")
    result = invoke("run", small, "--out", "a", "--minimise")
    write("mine.py", "def carbons(smiles):\n    return [-float(len(text)) for text in smiles]\n")
    invoke("run", small, "--out", "b")
    table, turned = results(tmp_path / "a"), results(tmp_path / "b")
    pd.testing.assert_frame_equal(table, turned.assign(value=-turned["value"], mean=-turned["mean"]))
    assert (table["value"] == table["smiles"].str.len()).all()
    shown = re.findall(r"│ +(\d+\.\d+) │", result.stdout)
    assert [float(text) for text in shown] == sorted(table["value"])[:10]
    assert "minus mine.py:carbons" in (tmp_path / "a" / "report.html").read_text()


@pytest.mark.usefixtures("unpainted")
def test_a_user_s_function_and_rdkit_print_nothing_over_the_bar(
    invoke: Invoke, small: Path, write: Write, capfd: pytest.CaptureFixture[str]
) -> None:
    text = """
        from rdkit import Chem

        def carbons(smiles):
            Chem.MolFromSmiles("C1CC")
            return [1.0 * len(text) for text in smiles]
        """
    write("mine.py", text)
    invoke("run", small, "--out", "a", "--budget", 5)
    assert capfd.readouterr().err == ""


@pytest.mark.usefixtures("unpainted")
def test_the_folder_is_named_after_the_objective(invoke: Invoke, small: Path, tmp_path: Path) -> None:
    invoke("run", small, "--budget", 5)
    assert (tmp_path / "latentbo-mine.py-carbons" / "report.html").exists()


def test_the_demo(invoke: Invoke, model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its objective is a built-in one, so that its report knows what random screening would find."""
    monkeypatch.setattr(running, "DEMO", {**running.DEMO, "budget": 25, "batch": 10})
    monkeypatch.setattr("latentbo.report.from_campaign.SCREENED", 60)
    result = invoke("demo", "--out", "demo", "--seed", 1, "--model", model)
    assert len(results(tmp_path / "demo")) == 25
    assert "The best 10 molecules" in result.stdout
    assert "latentbo run --objective my_file.py:my_function" in result.stderr
    html = (tmp_path / "demo" / "report.html").read_text()
    assert "osimertinib_mpo, maximised" in html
    assert "Random, same calls" in html
    assert "sa_score" in html  # the report says which rules there were
