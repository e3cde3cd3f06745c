"""Whatever an objective does, each object gets a value or a reason."""

from __future__ import annotations

import math
from collections.abc import Callable
from decimal import Decimal

import numpy as np
import pandas as pd
import pytest
import torch

from latentbo.campaign.evaluate import Outcome, evaluate

OBJECTS = ["C", "CC", "CCC"]


@pytest.mark.parametrize(
    "answer",
    [
        lambda objects: [float(len(text)) for text in objects],
        lambda objects: [len(text) for text in objects],
        lambda objects: tuple(Decimal(len(text)) for text in objects),
        lambda objects: (len(text) for text in objects),
        lambda objects: np.array([len(text) for text in objects], dtype=np.float32),
        lambda objects: pd.Series([len(text) for text in objects], index=[5, 6, 7][: len(objects)]),
        lambda objects: torch.tensor([float(len(text)) for text in objects]),
    ],
)
def test_numbers_of_any_kind(answer: Callable[[list[str]], object]) -> None:
    outcomes = evaluate(answer, OBJECTS)
    assert outcomes == [Outcome("C", 1.0, None), Outcome("CC", 2.0, None), Outcome("CCC", 3.0, None)]
    assert all(type(outcome.value) is float for outcome in outcomes)


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (None, "returned None"),
        (math.nan, "returned nan"),
        (math.inf, "returned inf"),
        (-math.inf, "returned -inf"),
        (np.float64("nan"), "returned nan"),
        ("high", "returned 'high', not a number"),
        ([1.0, 2.0], "returned [1.0, 2.0], not a number"),
        (1 + 2j, "returned (1+2j), not a number"),
        (10**400, "not a number"),
        (pd.NA, "returned <NA>, not a number"),
    ],
)
def test_what_is_no_finite_number_is_a_failure_of_that_object_only(value: object, reason: str) -> None:
    good, bad, other = evaluate(lambda objects: [1.0, value, 3.0], OBJECTS)
    assert (good.value, other.value) == (1.0, 3.0)
    assert bad.value is None
    assert reason in bad.reason


def test_one_bad_object_does_not_cost_the_others_their_values() -> None:
    calls: list[list[str]] = []

    def objective(objects: list[str]) -> list[float]:
        calls.append(objects)
        if "CC" in objects:
            raise ValueError("no such compound")
        return [float(len(text)) for text in objects]

    outcomes = evaluate(objective, OBJECTS)
    assert [outcome.value for outcome in outcomes] == [1.0, None, 3.0]
    assert outcomes[1].reason == "raised ValueError: no such compound"
    assert calls == [OBJECTS, ["C"], ["CC"], ["CCC"]]


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (lambda objects: [1.0] * (len(objects) + 1), "returned 2 values for 1 objects"),
        (lambda objects: [], "returned 0 values for 1 objects"),
        (lambda objects: 5.0, "raised TypeError"),
        (lambda objects: "1" * len(objects), "returned a str, not a list of numbers"),
        (lambda objects: dict.fromkeys(objects, 1.0), "returned a dict, not a list"),
        (lambda objects: set(range(len(objects))), "returned a set, not a list"),
        (lambda objects: exit(3), "raised SystemExit: 3"),
        (lambda objects: 1 / 0, "raised ZeroDivisionError: division by zero"),
    ],
)
def test_answers_that_fit_nobody(answer: Callable[[list[str]], object], reason: str) -> None:
    outcomes = evaluate(answer, OBJECTS)
    assert [outcome.object for outcome in outcomes] == OBJECTS
    assert all(outcome.value is None and reason in outcome.reason for outcome in outcomes)


def test_a_wrong_count_is_mended_one_by_one() -> None:
    outcomes = evaluate(lambda objects: [1.0], OBJECTS)
    assert [outcome.value for outcome in outcomes] == [1.0, 1.0, 1.0]


def test_an_objective_cannot_change_the_list() -> None:
    objects = list(OBJECTS)

    def hungry(given: list[str]) -> list[float]:
        values = [1.0 for _ in given]
        given.clear()
        return values

    assert [outcome.object for outcome in evaluate(hungry, objects)] == OBJECTS


def test_the_user_can_still_interrupt() -> None:
    def interrupted(objects: list[str]) -> list[float]:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        evaluate(interrupted, OBJECTS)


def test_long_messages_are_cut() -> None:
    def wordy(objects: list[str]) -> list[float]:
        raise ValueError("x" * 10_000)

    assert len(evaluate(wordy, ["C"])[0].reason) < 300
    assert len(evaluate(lambda objects: ["x" * 10_000], ["C"])[0].reason) < 150
