"""The figures in the head and the rows of the table, in words."""

from __future__ import annotations

import pandas as pd

from latentbo.report.numbers import TABLE, Band, calls, leaders
from latentbo.report.page import ROUNDS
from latentbo.report.summary import failures, leader, tiles, yields

NAN = float("nan")


def told(*rows: tuple[int, float, str | None]) -> pd.DataFrame:
    """Calls of (round, value, reason of the failure)."""
    table = pd.DataFrame({name: [None] * len(rows) for name in TABLE})
    table["id"] = table["object"] = [f"m{i}" for i in range(len(rows))]
    table["round"], table["value"], table["reason"] = (
        (list(column) for column in zip(*rows, strict=True)) if rows else ([], [], [])
    )
    table["status"] = ["failed" if value != value else "measured" for value in table["value"]]
    return calls(table)


NO_ROUNDS = pd.DataFrame(columns=list(ROUNDS))


def shown(*args: object) -> dict[str, tuple[str, str]]:
    return {tile.label: (tile.value, tile.note) for tile in tiles(*args)}


def test_tiles_of_a_campaign() -> None:
    rounds = pd.DataFrame({"seconds": [1.0, 2.0, 60.0]})
    rows = told((0, 0.5, None), (0, 0.25, None), (1, NAN, "crash"), (1, 0.75, None), (2, 0.7, None))
    assert shown(rows, rounds, Band(0.5, 0.6, 0.7), 4, 1000) == {
        "Best value": ("0.7500", "+0.250 against the start"),
        "Best of the start data": ("0.5000", "2 calls"),
        "Random, same calls": ("0.6000", "10–90 %: 0.5000 to 0.7000"),
        "Budget used": ("3 of 1,000", "1 failed, 4 pending"),
        "Rounds": ("3", "2.00 s each (median)"),
    }


def test_tiles_compare_only_what_can_be_compared() -> None:
    assert shown(told((0, 1.0, None), (1, -1.0, None)), NO_ROUNDS, None, 0, None)["Best value"] == (
        "1.000",
        "no better than the start",
    )
    for rows in (told(), told((0, 1.0, None)), told((1, 1.0, None)), told((0, NAN, "x"), (1, 2.0, None))):
        found = shown(rows, NO_ROUNDS, None, 0, None)
        assert found["Best value"][1] == ""
        assert found["Rounds"] == ("0", "")
        assert "Random, same calls" not in found
    assert shown(told(), NO_ROUNDS, None, 2, None)["Best value"][0] == "–"
    assert shown(told(), NO_ROUNDS, None, 2, None)["Budget used"] == ("0", "0 failed, 2 pending")
    assert shown(told((0, 1.0, None)), NO_ROUNDS, None, 0, None)["Best of the start data"] == (
        "1.000",
        "1 call",
    )


def test_a_leader_is_printed_with_its_place_and_prediction() -> None:
    rows = told((0, 1.0, None), (3, 2.0, None)).assign(
        mean=[NAN, 1.9], sd=[NAN, 0.123], p_feasible=[NAN, 0.834], proposer=[None, "ts"]
    )
    first, second = (leader(i, row) for i, row in enumerate(leaders(rows, 2).to_dict("records"), start=1))
    assert first == {
        "rank": 1, "id": "m1", "object": "m1", "name": "m1", "value": "2.000", "predicted": "1.900 ± 0.12",
        "feasible": "83\u00a0%", "round": "3", "place": "call 2, round 3", "proposer": "ts",
    }  # fmt: skip
    assert (second["predicted"], second["feasible"], second["proposer"]) == ("–", "–", "–")
    assert (second["round"], second["place"]) == ("start", "call 1, start data")


def test_failures_are_counted_by_reason_commonest_first() -> None:
    rows = told((1, NAN, "a"), (1, NAN, "b"), (1, NAN, "b"), (1, NAN, None), (1, 1.0, "a"))
    assert next(iter(failures(rows, 5))) == "b"
    assert failures(rows, 5) == {"b": 2, "a": 1, "no reason given": 1}
    assert len(failures(rows, 1)) == 1
    assert failures(told(), 5) == {}


def test_what_each_proposer_was_worth_the_most_productive_first() -> None:
    rows = told((0, 9.0, None), (1, 1.0, None), (1, 3.0, None), (2, NAN, "a"), (2, 8.0, None)).assign(
        proposer=[None, "graph", "graph", "path", "path"]
    )
    assert yields(rows, 2) == [
        {"proposer": "path", "asked": "2", "leading": "1", "mean": "8.00", "best": "8.000"},
        {"proposer": "graph", "asked": "2", "leading": "0", "mean": "2.00", "best": "3.000"},
    ]
    assert [row["leading"] for row in yields(rows, 3)] == ["1", "1"]
    assert yields(told(), 3) == []
