"""What is told is told of molecules, whatever their spelling."""

from __future__ import annotations

import math

import pytest

from latentbo.baselines.base import Record
from latentbo.errors import InputError


def test_a_molecule_is_one_under_every_spelling() -> None:
    record = Record()
    record.tell(["OCC", "C(O)C", "c1ccccc1"], [1.0, 2.0, None])
    assert record.values == {"CCO": 2.0}
    assert not record.claim("CCO")
    assert not record.claim("c1ccccc1")
    assert record.claim("CCN")
    assert not record.claim("CCN")


def test_no_value_takes_none_away_and_may_be_followed_by_one() -> None:
    record = Record()
    record.tell(["CCO", "CCN"], [1.0, None])
    record.tell(["CCO", "CCN"], [None, 2.0])
    assert record.values == {"CCO": 1.0, "CCN": 2.0}


def test_nothing_can_be_told_and_a_broken_string_can_have_no_value() -> None:
    record = Record()
    record.tell([], [])
    record.tell(["C1CC", ""], [None, None])
    assert record.values == {}


@pytest.mark.parametrize(
    ("objects", "values", "message"),
    [
        (["CCO"], [], "one value an object"),
        (["CCO", "CCN"], [1.0, math.nan], "finite.*CCN"),
        (["CCO", "CCN"], [1.0, math.inf], "finite"),
        (["CCO", "C1CC"], [1.0, 2.0], "no molecule.*tell None"),
    ],
)
def test_a_refused_tell_leaves_no_trace(objects: list[str], values: list[float], message: str) -> None:
    record = Record()
    with pytest.raises(InputError, match=message):
        record.tell(objects, values)
    assert record.values == {}
    assert record.known == set()
