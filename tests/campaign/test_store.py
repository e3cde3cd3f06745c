"""The event table: nothing is changed, nothing told is lost, nothing strange is opened."""

from __future__ import annotations

import math
import shutil
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from latentbo.campaign import store as module
from latentbo.campaign.store import EventStore
from latentbo.errors import StoreError


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "run.db"


@pytest.fixture
def store(path: Path) -> Iterator[EventStore]:
    store = EventStore(path)
    yield store
    store.close()


def append(store: EventStore, *numbers: int, after: int) -> None:
    store.append([("told", {"number": number}) for number in numbers], after=after)


def numbers(store: EventStore) -> list[int]:
    return [event.payload["number"] for event in store.events()]


def test_events_come_back_in_order_and_as_they_were_returned(store: EventStore, path: Path) -> None:
    payloads = [{"text": "ä\0\ud800", "none": None, "x": 0.1 + 0.2}, {"tuple": (1, 2)}]
    made = store.append([("a", payload) for payload in payloads], after=0)
    made += store.append([("b", {})], after=2)
    assert [event.number for event in made] == [1, 2, 3]
    assert made[0].payload == payloads[0]
    assert made[1].payload == {"tuple": [1, 2]}
    assert made[0].time.endswith("+00:00")
    assert store.events() == made
    store.close()
    again = EventStore(path)
    assert again.events() == made
    again.close()


def test_events_and_encoders_are_final(store: EventStore, path: Path) -> None:
    append(store, 7, after=0)
    store.save_encoder("e", {"id": "e"}, b"weights")
    with sqlite3.connect(path) as other:
        for statement in (
            "UPDATE events SET payload = '{}'",
            "DELETE FROM events",
            "UPDATE encoders SET weights = ''",
            "DELETE FROM encoders",
        ):
            with pytest.raises(sqlite3.IntegrityError, match="never changed or deleted"):
                other.execute(statement)
    other.close()
    assert numbers(store) == [7]
    assert store.load_encoder("e") == ({"id": "e"}, b"weights")


def test_it_is_written_ahead_and_synchronised_in_full(store: EventStore, path: Path) -> None:
    connection = store._connection
    assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    assert connection.execute("PRAGMA synchronous").fetchone() == (2,)
    store.close()
    again = EventStore(path)
    assert again._connection.execute("PRAGMA synchronous").fetchone() == (2,)
    again.close()


def test_a_copy_of_the_file_alone_is_whole(store: EventStore, path: Path, tmp_path: Path) -> None:
    store.append([("told", {"n": 1})], after=0)
    store.append([("told", {"n": 2})], after=1)
    store.save_encoder("e", {}, b"weights")
    copied = EventStore(Path(shutil.copy(path, tmp_path / "copied.db")))  # the store is open, as after a kill
    assert [event.payload["n"] for event in copied.events()] == [1, 2]
    assert copied.load_encoder("e") == ({}, b"weights")
    copied.close()


def test_one_call_is_all_or_nothing(store: EventStore) -> None:
    append(store, 1, after=0)
    with pytest.raises(ValueError, match="JSON"):
        store.append([("told", {"number": 2}), ("told", {"number": math.nan})], after=1)
    with pytest.raises(ValueError, match="JSON"):
        store.append([("told", {"deep": [{"x": math.inf}]})], after=1)
    with pytest.raises(ValueError, match="JSON"):
        store.save_encoder("e", {"metric": math.nan}, b"")
    assert numbers(store) == [1]
    append(store, 2, 3, after=1)
    assert numbers(store) == [1, 2, 3]


def test_a_second_writer_is_refused_and_can_catch_up(store: EventStore, path: Path) -> None:
    other = EventStore(path)
    append(store, 1, after=0)
    with pytest.raises(StoreError, match="changed by another process"):
        append(other, 2, after=0)
    assert numbers(other) == [1]
    append(other, 2, after=1)
    assert numbers(store) == [1, 2]
    other.close()


def test_a_lock_that_does_not_go_away_is_a_clear_error(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PATIENCE", 0.05)
    store = EventStore(path)
    holder = sqlite3.connect(path, isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    with pytest.raises(StoreError, match="locked"):
        append(store, 1, after=0)
    with pytest.raises(StoreError, match="locked"):
        store.save_encoder("e", {}, b"")
    assert numbers(store) == []  # reading goes on
    holder.execute("ROLLBACK")
    holder.close()
    append(store, 1, after=0)
    assert numbers(store) == [1]
    store.close()


def test_the_folder_is_made(tmp_path: Path) -> None:
    store = EventStore(tmp_path / "new" / "folder" / "run.db")
    append(store, 1, after=0)
    store.close()


def test_what_is_no_database_is_refused_and_left_alone(path: Path) -> None:
    path.write_text("smiles,value\nCCO,1\n")
    with pytest.raises(StoreError, match="not a campaign file"):
        EventStore(path)
    assert path.read_text() == "smiles,value\nCCO,1\n"
    path.write_bytes(module.HEADER + b"\xff" * 3000)
    with pytest.raises(StoreError, match=r"run\.db"):
        EventStore(path)


def test_a_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="cannot open"):
        EventStore(tmp_path)


def test_another_programs_database_is_refused_and_left_alone(path: Path) -> None:
    with sqlite3.connect(path) as foreign:
        foreign.execute("CREATE TABLE songs (title TEXT)")
    foreign.close()
    before = path.read_bytes()
    with pytest.raises(StoreError, match="another program"):
        EventStore(path)
    assert path.read_bytes() == before  # not even its journal mode


def test_a_newer_schema_is_refused(store: EventStore, path: Path) -> None:
    append(store, 1, after=0)
    store._connection.execute(f"PRAGMA user_version = {module.SCHEMA + 1}")
    store.close()
    with pytest.raises(StoreError, match=f"schema {module.SCHEMA + 1}, this latentbo reads {module.SCHEMA}"):
        EventStore(path)


def test_an_empty_file_becomes_a_campaign(path: Path) -> None:
    path.touch()
    store = EventStore(path)
    append(store, 1, after=0)
    assert numbers(store) == [1]
    store.close()


def test_damage_is_said(store: EventStore, path: Path) -> None:
    append(store, 1, after=0)
    store._connection.execute("INSERT INTO events VALUES (2, '', 'told', '{broken')")
    with pytest.raises(StoreError, match="damaged"):
        store.events()
    store._connection.execute("INSERT INTO encoders VALUES ('e', '{broken', '')")
    with pytest.raises(StoreError, match="damaged"):
        store.load_encoder("e")


def test_encoders_are_kept_once(store: EventStore) -> None:
    store.save_encoder("e", {"id": "e"}, b"one")
    store.save_encoder("e", {"id": "other"}, b"two")
    assert store.load_encoder("e") == ({"id": "e"}, b"one")
    with pytest.raises(StoreError, match="no encoder 'f'"):
        store.load_encoder("f")
