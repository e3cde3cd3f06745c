"""Kinds are found by name: the package's own, another package's, a script's."""

from __future__ import annotations

from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from latentbo.codecs.images import ImageCodec
from latentbo.errors import InputError
from latentbo.kinds import known
from latentbo.kinds.base import Kind
from latentbo.kinds.known import KINDS, add_kind, find_kind, kind_of


@pytest.fixture(autouse=True)
def _as_before(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(known, "KINDS", dict(KINDS))


def codec(name: str) -> ImageCodec:
    made = ImageCodec(2, 2)
    object.__setattr__(made, "kind", name)
    return made


def test_the_package_has_two() -> None:
    assert set(KINDS) == {"molecules", "images"}
    assert {find_kind(name).name for name in KINDS} == set(KINDS)
    assert find_kind("molecules") is find_kind("molecules")


def test_an_unknown_name_says_which_are_known() -> None:
    with pytest.raises(InputError, match="unknown kind of object 'molecule': did you mean 'molecules'"):
        find_kind("molecule")


def test_what_nobody_knows_is_a_plain_kind() -> None:
    kind = kind_of(codec("grids"))
    assert (kind.name, kind.noun, kind.column) == ("grids", "object", "object")
    assert kind.draw("anything", 10, 10) is None
    assert kind_of(codec("images")) is find_kind("images")


def test_another_package_adds_one_by_an_entry_point(monkeypatch: pytest.MonkeyPatch) -> None:
    entry = EntryPoint("grids", "tests.kinds.test_known:GRIDS", known.GROUP)
    monkeypatch.setattr(known, "_entries", lambda: {"grids": entry})
    assert find_kind("grids") is GRIDS
    assert kind_of(codec("grids")) is GRIDS


def test_a_script_adds_one(tmp_path: Path) -> None:
    script = tmp_path / "mine.py"
    script.write_text("from tests.kinds.test_known import GRIDS\nNOTHING = 3\n")
    assert add_kind(f"{script}:GRIDS") is GRIDS
    assert find_kind("grids") is GRIDS
    with pytest.raises(InputError, match=r"must be a latentbo\.kinds\.Kind, not int"):
        add_kind(f"{script}:NOTHING")
    with pytest.raises(InputError, match="did you mean 'GRIDS'"):
        add_kind(f"{script}:GRID")


GRIDS = Kind(name="grids", noun="grid", column="grid", expected="a grid", codec=ImageCodec.from_dict)
