"""Told tables: every row is matched, waits, or is refused with a reason and kept."""

from __future__ import annotations

import math
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd
import pytest

from latentbo.campaign.history import History, ObjectRecord
from latentbo.campaign.replay import replay
from latentbo.campaign.store import Event
from latentbo.campaign.telling import Matched, match
from latentbo.codecs.molecules import MoleculeCodec
from latentbo.errors import InputError
from latentbo.kinds.base import ObjectReader
from latentbo.kinds.known import find_kind

CODEC = MoleculeCodec.learn(["CCO", "Cc1ccccc1", "CC(=O)O", "CCN"], merges=0)
READER = ObjectReader(find_kind("molecules"), CODEC)
HISTORY = History(
    rows={
        row.id: row
        for row in (
            ObjectRecord("p00001", "CCO", 1, "path"),
            ObjectRecord("p00002", "Cc1ccccc1", 1, "graph"),
            ObjectRecord("p00003", "CC(=O)O", 1, "prior"),
            ObjectRecord("u00004", "CCC", values=(1.0,)),
        )
    }
)


def matched(*rows: dict[str, Any], columns: list[str] | None = None) -> Matched:
    return match(pd.DataFrame(list(rows), columns=columns, dtype=object), HISTORY, READER)


def counts(found: Matched) -> tuple[int, int, int]:
    return found.report.measured, found.report.failed, found.report.skipped


def test_rows_are_matched_in_any_order_and_in_part() -> None:
    found = matched({"id": "p00003", "value": 3.0}, {"id": "p00001", "value": 1.0}, columns=["value", "id"])
    assert found.rows == [
        {"id": "p00003", "object": "CC(=O)O", "value": 3.0, "reason": None},
        {"id": "p00001", "object": "CCO", "value": 1.0, "reason": None},
    ]
    assert counts(found) == (2, 0, 0)
    assert not found.refused


def test_another_spelling_of_a_proposal_is_the_proposal() -> None:
    found = matched({"smiles": " OCC ", "value": 1.0}, {"smiles": "c1ccccc1C.Cl", "value": 2.0})
    assert [(row["id"], row["object"]) for row in found.rows] == [("p00001", "CCO"), ("p00002", "Cc1ccccc1")]


def test_own_rows_get_ids_of_their_own() -> None:
    found = matched(
        {"smiles": "CCN", "value": 1.0},
        {"smiles": "CCCl", "value": 2.0},
        {"smiles": "NCC", "value": 3.0},  # the first again
        {"smiles": "CCC", "value": 4.0},  # told before
    )
    ids = [row["id"] for row in found.rows]
    assert ids[0] == ids[2] != ids[1]
    assert ids[3] == "u00004"
    assert not {*ids[:3]} & HISTORY.rows.keys()


def test_the_object_decides_and_the_id_must_agree() -> None:
    found = matched(
        {"id": "p00001", "smiles": "OCC", "value": 1.0},
        {"id": "p00001", "smiles": "CCN", "value": 2.0},
        {"id": "mine-7", "smiles": "CCN", "value": 3.0},
        {"id": "p00001", "smiles": "not a molecule", "value": 4.0},
        {"id": "p00002", "smiles": None, "value": 5.0},
    )
    assert [(row["object"], row["value"]) for row in found.rows] == [
        ("CCO", 1.0),
        ("CCN", 3.0),
        ("Cc1ccccc1", 5.0),
    ]
    assert "id p00001 is CCO, but the row says CCN" in found.report.problems[0]
    assert found.report.problems[0].startswith("row 2: ")
    assert "unparsable" in found.report.problems[1]


@pytest.mark.parametrize(
    ("row", "problem"),
    [
        ({"id": "p99999", "value": 1.0}, "id 'p99999' was never proposed here"),
        ({"id": 7, "value": 1.0}, "id 7 was never proposed here"),
        ({"id": None, "value": 1.0}, "names no object"),
        ({"smiles": "", "value": 1.0}, "names no object"),
        ({"smiles": "C1CC", "value": 1.0}, "unparsable"),
        ({"smiles": 5, "value": 1.0}, "unparsable"),
        ({"smiles": "[Fe]", "value": 1.0}, "unseen_token"),
        ({"id": "p00001", "value": "high"}, "'high' is not a number"),
        ({"id": "p00001", "value": "5,2"}, "'5,2' is not a number"),
        ({"id": "p00001", "value": "1_000"}, "'1_000' is not a number"),
        ({"id": "p00001", "value": [1.0]}, "not a number"),
        ({"id": "p00001", "value": 10**400}, "not a number"),
        ({"id": "p00001", "value": 0.0, "status": "failed"}, "status is 'failed', but there is a value 0.0"),
    ],
)
def test_a_row_that_cannot_be_used_is_refused_and_kept(row: dict[str, Any], problem: str) -> None:
    good = {"id": "p00002", "smiles": "Cc1ccccc1", "value": 2.0}
    found = matched(row, good)
    assert [kept["id"] for kept in found.rows] == ["p00002"]
    assert problem in found.report.problems[0]
    assert len(found.report.problems) == len(found.refused) == 1
    refused = dict(found.refused[0])
    assert problem in refused.pop("problem")
    assert refused == {name: str(text) for name, text in row.items() if text not in (None, "")}


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (5, 5.0),
        ("5.2", 5.2),
        (" -1e3 ", -1000.0),
        (np.float32(0.5), 0.5),
        (np.int64(3), 3.0),
        (Decimal("1.5"), 1.5),
        (True, 1.0),
    ],
)
def test_values_may_be_numbers_of_any_kind(value: object, expected: float) -> None:
    (row,) = matched({"id": "p00001", "value": value}).rows
    assert row["value"] == expected
    assert type(row["value"]) is float


@pytest.mark.parametrize("empty", [None, math.nan, "", "  ", pd.NA, pd.NaT, np.float32("nan")])
def test_an_empty_value_is_not_told_yet_unless_something_says_it_failed(empty: object) -> None:
    found = matched(
        {"id": "p00001", "value": empty, "reason": empty, "status": empty},
        {"id": "p00001", "value": empty, "reason": None, "status": "pending"},
        {"id": "p00002", "value": empty, "reason": "insoluble", "status": None},
        {"id": "p00003", "value": empty, "reason": None, "status": " Failed "},
        {"id": "nobody", "value": empty, "reason": None, "status": None},
    )
    assert counts(found) == (0, 2, 3)
    assert [(row["id"], row["value"], row["reason"]) for row in found.rows] == [
        ("p00002", None, "insoluble"),
        ("p00003", None, "failed"),
    ]


@pytest.mark.parametrize("value", [math.inf, -math.inf, "inf", "nan"])
def test_a_value_that_is_not_finite_is_a_failure(value: object) -> None:
    first, second = matched(
        {"id": "p00001", "value": value, "reason": None},
        {"id": "p00002", "value": value, "reason": "overflow"},
    ).rows
    assert first["value"] is None
    assert first["reason"] == f"value was {float(value)}"
    assert second["reason"] == "overflow"


def test_good_and_bad_together() -> None:
    found = matched(
        {"smiles": "CCO", "value": 1.0, "reason": None},
        {"smiles": "bad", "value": 2.0, "reason": None},
        {"smiles": "CCN", "value": None, "reason": "lost"},
        {"smiles": "CC(=O)O", "value": None, "reason": None},
        {"smiles": "Cc1ccccc1", "value": "x", "reason": None},
    )
    assert counts(found) == (1, 1, 1)
    assert [problem.split(":")[0] for problem in found.report.problems] == ["row 2", "row 5"]
    assert str(found.report).startswith("1 measured, 1 failed, 1 without a value yet\nrow 2: 'bad'")


def test_a_value_told_again_is_averaged_and_the_report_says_so() -> None:
    found = matched(
        {"smiles": "CCC", "value": 5.0},
        {"smiles": "CCO", "value": 520.0},
        {"smiles": "OCC", "value": 5.2},
        {"smiles": "CCC", "value": None, "reason": "lost"},
    )
    assert counts(found) == (3, 1, 0)
    assert found.report.problems == ()
    assert found.report.notes == (
        "row 1: CCC had 1; with 5 it counts as the mean, 3 (status 'corrected' replaces instead)",
        "row 3: CCO had 520; with 5.2 it counts as the mean, 262.6 (status 'corrected' replaces instead)",
        "row 4: CCC had 1, 5 and keeps it (status 'corrected' makes a failure of it)",
    )
    assert str(found.report).endswith("makes a failure of it)")
    assert "corrects" not in found.rows[0]


def test_a_correction_replaces_all_that_was_told_before() -> None:
    found = matched(
        {"smiles": "CCC", "value": 5.0, "status": "Corrected"},
        {"smiles": "CCO", "value": 1.0},
        {"smiles": "CCO", "value": None, "reason": "broken", "status": "corrected"},
    )
    assert found.report.notes == ()
    told = replay([Event(1, "", "told", {"rows": found.rows, "refused": []})], HISTORY)
    assert told.rows["u00004"].values == (5.0,)
    assert (told.rows["p00001"].status, told.rows["p00001"].failure) == ("failed", "broken")


def test_another_charge_than_a_pending_one_s_is_said() -> None:
    found = matched({"smiles": "CC(=O)[O-]", "value": 5.0}, {"smiles": "CC[NH3+]", "value": 1.0})
    assert found.report.notes == (
        "row 1: CC(=O)[O-] is new, and differs from the pending p00003 (CC(=O)O) in charges alone: "
        "if that was made, tell it by its id",
    )
    assert [row["object"] for row in found.rows] == ["CC(=O)[O-]", "CC[NH3+]"]


def test_lines_of_a_file_are_named() -> None:
    found = matched({"line": 12, "id": "p1", "value": 1.0})
    assert found.report.problems[0].startswith("line 12: ")


def test_columns_are_found_whatever_their_case_and_others_are_ignored() -> None:
    found = matched({"SMILES": "CCO", "Value ": 1.0, "colour": "blue", 5: "x"})
    assert found.rows[0]["id"] == "p00001"


@pytest.mark.parametrize(
    "columns", [["smiles"], ["value"], ["id", "reason"], [], ["value", "name"], ["smiles", "y"]]
)
def test_missing_columns_are_an_error(columns: list[str]) -> None:
    with pytest.raises(InputError, match="need a column 'value' and one of 'smiles' or 'id'"):
        match(pd.DataFrame(columns=columns), HISTORY, READER)


@pytest.mark.parametrize("columns", [["id", "value", "value"], ["id", "value", "Value"]])
def test_double_columns_are_an_error(columns: list[str]) -> None:
    with pytest.raises(InputError, match="'value' more than once"):
        match(pd.DataFrame([["p00001", 1.0, 2.0]], columns=columns), HISTORY, READER)


def test_an_empty_table_says_nothing() -> None:
    found = match(pd.DataFrame(columns=["smiles", "value"]), HISTORY, READER)
    assert (found.rows, found.refused, counts(found)) == ([], [], (0, 0, 0))


def test_a_table_of_floats_and_another_index() -> None:
    frame = pd.DataFrame({"id": ["p00001", "p00002"], "value": [1.0, math.nan]}, index=[7, 7])
    found = match(frame, HISTORY, READER)
    assert counts(found) == (1, 0, 1)
