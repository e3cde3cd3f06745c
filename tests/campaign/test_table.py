"""The campaign as a table: everything that was proposed or told, as it was told."""

from __future__ import annotations

import os
from pathlib import Path

import pandas as pd
import pytest

from latentbo.campaign import table as module
from latentbo.campaign.history import EncoderEvent, History, ObjectRecord
from latentbo.campaign.settings import Settings
from latentbo.campaign.table import FACTS, asked_csv, best, export, summary, table
from latentbo.errors import InputError

ROWS = (
    ObjectRecord("u1", "CCO", values=(1.0, 2.0)),
    ObjectRecord("p2", "CCN", 1, "path", 0.1 + 0.2, 0.3, 0.9, "e1", (4.0,)),
    ObjectRecord("p3", "C,C", 1, "prior", None, None, 1.0, "e1", (), "broke, badly"),
    ObjectRecord("p4", "CCC", 2, "prior", 1.0, 0.5, 1.0, "e1"),
    ObjectRecord("p5", "CCCC", 2, "prior", 1.0, 0.5, 1.0, "e1", (3.0,), "failed at first"),
)


def history_of(*rows: ObjectRecord, minimise: bool = False) -> History:
    settings = Settings(seed=7, minimise=minimise, objective="qed").to_dict()
    return History(settings=settings, base_encoder="e1", rows={row.id: row for row in rows})


def test_one_row_an_object() -> None:
    rows = table(history_of(*ROWS))
    assert tuple(rows.columns) == ("id", "smiles", *FACTS)
    assert rows["value"].fillna(-1).tolist() == [1.5, 4.0, -1, -1, 3.0]
    assert rows["status"].tolist() == ["measured", "measured", "failed", "pending", "measured"]
    assert rows["reason"].fillna("").tolist() == ["", "", "broke, badly", "", ""]
    assert rows["round"].tolist() == [0, 1, 1, 2, 2]


def test_values_keep_the_user_s_sign() -> None:
    pd.testing.assert_frame_equal(table(history_of(*ROWS, minimise=True)), table(history_of(*ROWS)))


def test_the_best_rows() -> None:
    assert best(history_of(*ROWS), 2)["id"].tolist() == ["p2", "p5"]
    assert best(history_of(*ROWS, minimise=True), 5)["id"].tolist() == ["u1", "p5", "p2"]
    assert best(history_of(), 5).empty


def test_the_file_says_what_the_table_says(tmp_path: Path) -> None:
    path = export(history_of(*ROWS), tmp_path / "out.csv")
    lines = path.read_text().splitlines()
    assert lines[0] == ",".join(["id", "smiles", *FACTS])
    assert lines[1] == "u1,CCO,1.5,measured,,0,,,,,"
    assert lines[2] == "p2,CCN,4.0,measured,,1,path,0.30000000000000004,0.3,0.9,e1"
    assert lines[3] == 'p3,"C,C",,failed,"broke, badly",1,prior,,,1.0,e1'
    assert (
        export(history_of(), tmp_path / "none.csv").read_text() == ",".join(["id", "smiles", *FACTS]) + "\n"
    )


def test_a_failure_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "out.csv").write_text("old")

    def fail(*_: object) -> None:
        raise OSError("disk full")

    monkeypatch.setattr(module.os, "replace", fail)
    with pytest.raises(OSError, match="disk full"):
        export(history_of(*ROWS), tmp_path / "out.csv")
    assert (tmp_path / "out.csv").read_text() == "old"
    assert os.listdir(tmp_path)


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="is a folder: name a file to write"):
        export(history_of(*ROWS), tmp_path)


def test_proposals_have_columns_to_fill_in() -> None:
    frame = pd.DataFrame({"id": ["p1"], "smiles": ["CC"], "mean": [0.5], "proposer": ["path"]})
    assert asked_csv(frame) == "id,smiles,value,reason,mean,proposer\np1,CC,,,0.5,path\n"


def test_the_summary() -> None:
    history = history_of(*ROWS)
    lines = summary(history)
    assert lines["objective"] == "qed, maximised"
    assert lines["rows"] == "3 measured, 1 failed, 1 pending"
    assert lines["best"] == "4 CCN (p2)"
    assert lines["pending"] == "p4"
    assert "refused" not in lines
    events = tuple(EncoderEvent(1, "e2", accepted, "", 9) for accepted in (True, False))
    other = History(settings={"seed": 1, "minimise": True}, base_encoder="e1", encoders=events, refused=({},))
    lines = summary(other)
    assert lines["objective"] == "measured by hand, minimised"
    assert lines["best"] == "nothing measured yet"
    assert (lines["encoder"], lines["retrains"]) == ("e2", "1 of 2 went live")
    assert lines["refused"] == "1 told rows could not be used"
    assert "pending" not in lines
