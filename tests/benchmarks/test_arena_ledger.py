"""What a call costs, and what is free."""

from __future__ import annotations

import math
from collections.abc import Sequence

import pytest

from benchmarks.arena.ledger import BUDGET_SPENT, FRUITLESS, PATIENCE, OracleLedger
from latentbo.errors import InputError


class Counting:
    """The number of characters of each molecule, no value for ethane; remembers what it was asked."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def __call__(self, objects: Sequence[str]) -> list[float | None]:
        self.asked += objects
        return [None if text == "CC" else float(len(text)) for text in objects]


MIXED = [
    "CCO",
    "OCC",
    "C1CC",
    "CC",
    "CCN",
    "CCO",
]  # new, the same, no molecule, refused, new, the first again


def test_for_our_own_methods_every_string_costs_a_call() -> None:
    objective = Counting()
    ledger = OracleLedger(objective, 10, strict=True)
    assert ledger.measure(MIXED) == [3.0, 3.0, None, None, 3.0, 3.0]
    assert ledger.trace == pytest.approx([3.0, math.nan, math.nan, math.nan, 3.0, math.nan], nan_ok=True)
    assert ledger.objects == ["CCO", "CCO", "", "CC", "CCN", "CCO"]
    assert (ledger.calls, ledger.invalid, ledger.duplicates) == (6, 1, 2)
    assert objective.asked == ["CCO", "CC", "CCN"]


def test_for_baselines_only_new_molecules_cost_a_call() -> None:
    objective = Counting()
    ledger = OracleLedger(objective, 10, strict=False)
    assert ledger.measure(MIXED) == [3.0, 3.0, None, None, 3.0, 3.0]
    assert ledger.objects == ["CCO", "CC", "CCN"]
    assert ledger.measure(["CCN", "CC"]) == [3.0, None]
    assert (ledger.calls, ledger.invalid, ledger.duplicates) == (3, 1, 4)
    assert objective.asked == ["CCO", "CC", "CCN"]


@pytest.mark.parametrize("strict", [True, False])
def test_nothing_is_measured_beyond_the_budget(strict: bool) -> None:
    objective = Counting()
    ledger = OracleLedger(objective, 2, strict=strict)
    assert ledger.measure(["CCO"]) == [3.0]
    assert ledger.stopped is None
    assert ledger.measure(["CCCO", "CCCCO", "CCCCCO"]) == [4.0, None, None]
    assert ledger.stopped == BUDGET_SPENT
    assert ledger.measure(["CCCCO"]) == [None]
    assert objective.asked == ["CCO", "CCCO"]
    assert (ledger.calls, len(ledger.trace), ledger.left) == (2, 2, 0)


def test_a_budget_spent_to_the_last_call_is_not_overdrawn() -> None:
    ledger = OracleLedger(Counting(), 2)
    ledger.measure(["CCO", "CCN"])
    assert ledger.stopped == BUDGET_SPENT


def test_a_method_that_has_nothing_new_is_stopped() -> None:
    ledger = OracleLedger(Counting(), 10, strict=False)
    ledger.measure(["CCO"])
    for _ in range(PATIENCE - 1):
        ledger.measure(["CCO", "nonsense"])
    assert ledger.stopped is None
    ledger.measure([])
    assert ledger.stopped == FRUITLESS
    assert ledger.calls == 1


def test_one_new_molecule_starts_patience_anew() -> None:
    ledger = OracleLedger(Counting(), 10, strict=False)
    for _ in range(PATIENCE - 1):
        ledger.measure([])
    ledger.measure(["CCO"])
    ledger.measure([])
    assert ledger.stopped is None


def test_an_objective_that_raises_for_one_molecule_spoils_no_other() -> None:
    def touchy(objects: Sequence[str]) -> list[float]:
        if "CC" in objects:
            raise RuntimeError("no ethane")
        return [1.0] * len(objects)

    ledger = OracleLedger(touchy, 10)
    assert ledger.measure(["CCO", "CC", "CCN"]) == [1.0, None, 1.0]
    assert ledger.calls == 3


def test_the_time_of_the_objective_is_counted() -> None:
    ledger = OracleLedger(Counting(), 10)
    ledger.measure([])
    assert ledger.seconds == 0.0
    ledger.measure(["CCO"])
    assert ledger.seconds > 0.0


def test_mistakes_are_named() -> None:
    with pytest.raises(InputError, match="at least 1"):
        OracleLedger(Counting(), 0)
    with pytest.raises(InputError, match="not one string"):
        OracleLedger(Counting(), 1).measure("CCO")
