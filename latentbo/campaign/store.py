"""One campaign, one SQLite file: an append-only table of events, and the encoders that went live.

Write-ahead logging with full synchronisation: what `append` returned from survives a kill and a power cut. Nothing is ever updated
or deleted; the campaign's state is what replaying the events gives.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from latentbo.errors import StoreError

SCHEMA = 1
APPLICATION = 0x6C62_6F31  # "lbo1", so that another program's database is not taken for a campaign

_TABLES = """
CREATE TABLE events (number INTEGER PRIMARY KEY, time TEXT NOT NULL, kind TEXT NOT NULL, payload TEXT NOT NULL);
CREATE TABLE encoders (id TEXT PRIMARY KEY, card TEXT NOT NULL, weights BLOB NOT NULL);
CREATE TRIGGER events_are_final BEFORE UPDATE ON events BEGIN SELECT RAISE(ABORT, 'events are never changed'); END;
CREATE TRIGGER events_stay BEFORE DELETE ON events BEGIN SELECT RAISE(ABORT, 'events are never deleted'); END;
"""


@dataclass(frozen=True)
class Event:
    """Something that happened: its number in order, when (UTC, ISO 8601), what kind, and its facts."""

    number: int
    time: str
    kind: str
    payload: Mapping[str, Any]


class EventStore:
    """The file of one campaign."""

    def __init__(self, path: Path) -> None:
        self.path = path
        if path.exists() and path.read_bytes()[:16] not in (b"", b"SQLite format 3\x00"):
            raise StoreError(f"{path} is not a campaign file: give the .db file that `latentbo init` or `run` wrote")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._connection = sqlite3.connect(path, isolation_level=None, timeout=30.0)
            self._connection.execute("PRAGMA journal_mode = WAL")
            self._connection.execute("PRAGMA synchronous = FULL")
            self._prepare()
        except (sqlite3.Error, OSError) as error:
            raise StoreError(f"cannot open the campaign file {path}: {error}") from error

    def _prepare(self) -> None:
        with self._transaction() as connection:
            application = connection.execute("PRAGMA application_id").fetchone()[0]
            version = connection.execute("PRAGMA user_version").fetchone()[0]
            tables = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
            if not tables:
                for statement in _TABLES.strip().split("\n"):
                    connection.execute(statement)
                connection.execute(f"PRAGMA application_id = {APPLICATION}")
                connection.execute(f"PRAGMA user_version = {SCHEMA}")
            elif application != APPLICATION:
                raise StoreError(f"{self.path} is a database of another program, not a campaign file")
            elif version != SCHEMA:
                raise StoreError(f"{self.path} has campaign schema {version}, this latentbo reads {SCHEMA}: use the one that wrote it")

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            yield self._connection
        except BaseException:
            self._connection.execute("ROLLBACK")
            raise
        self._connection.execute("COMMIT")

    def append(self, events: Sequence[tuple[str, Mapping[str, Any]]], *, after: int) -> list[Event]:
        """Add (kind, payload) pairs in one transaction: all of them or none.

        `after` is the number of the last event the caller knows of. If another process has written since, nothing is added and
        `StoreError` says so: the caller's picture of the campaign is out of date.
        """
        now = datetime.now(UTC).isoformat(timespec="milliseconds")
        made = [Event(after + i, now, kind, payload) for i, (kind, payload) in enumerate(events, start=1)]
        rows = [(e.number, e.time, e.kind, json.dumps(e.payload, allow_nan=False, ensure_ascii=False)) for e in made]
        with self._transaction() as connection:
            last = connection.execute("SELECT coalesce(max(number), 0) FROM events").fetchone()[0]
            if last != after:
                raise StoreError(f"{self.path} was changed by another process: open the campaign again and repeat the call")
            connection.executemany("INSERT INTO events VALUES (?, ?, ?, ?)", rows)
        return made

    def events(self) -> list[Event]:
        """Everything that happened, in order."""
        rows = self._connection.execute("SELECT number, time, kind, payload FROM events ORDER BY number")
        try:
            return [Event(number, time, kind, json.loads(payload)) for number, time, kind, payload in rows]
        except (sqlite3.Error, ValueError) as error:
            raise StoreError(f"{self.path} is damaged: {error}") from error

    def save_encoder(self, identity: str, card: Mapping[str, Any], weights: bytes) -> None:
        """Keep an encoder's card and weights; the same one twice is kept once."""
        with self._transaction() as connection:
            connection.execute("INSERT OR IGNORE INTO encoders VALUES (?, ?, ?)", (identity, json.dumps(card), weights))

    def load_encoder(self, identity: str) -> tuple[dict[str, Any], bytes]:
        """Card and weights of a kept encoder."""
        row = self._connection.execute("SELECT card, weights FROM encoders WHERE id = ?", (identity,)).fetchone()
        if row is None:
            raise StoreError(f"{self.path} has no encoder {identity!r}")
        return json.loads(row[0]), row[1]

    def close(self) -> None:
        self._connection.close()
