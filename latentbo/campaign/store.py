"""One campaign, one SQLite file: an append-only table of events, and the encoders that went live.

Write-ahead logging with full synchronisation: what `append` returned from survives a kill and a power cut. The log is
copied into the file after each write, so that a copy of the file alone, without the log beside it, is whole.
Nothing is ever updated or deleted; the campaign's state is what replaying the events gives.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from latentbo.errors import StoreError

SCHEMA = 1
APPLICATION = 0x6C62_6F31  # "lbo1", so that another program's database is not taken for a campaign
PATIENCE = 30.0  # seconds to wait for another process to finish writing
HEADER = b"SQLite format 3\x00"

_TABLES = """
CREATE TABLE events
(number INTEGER PRIMARY KEY, time TEXT NOT NULL, kind TEXT NOT NULL, payload TEXT NOT NULL);
CREATE TABLE encoders
(id TEXT PRIMARY KEY, card TEXT NOT NULL, weights BLOB NOT NULL)
"""
_FINAL = """
CREATE TRIGGER {table}_{what} BEFORE {what} ON {table}
BEGIN SELECT RAISE(ABORT, '{table} are never changed or deleted'); END
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
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            if path.exists() and _first_bytes(path) not in (b"", HEADER):
                raise StoreError(
                    f"{path} is not a campaign file: give the .db file that `latentbo init` or `run` wrote"
                )
            self._connection = sqlite3.connect(path, isolation_level=None, timeout=PATIENCE)
        except (sqlite3.Error, OSError) as error:
            raise StoreError(f"cannot open the campaign file {path}: {error}") from error
        try:
            self._prepare()
        except sqlite3.Error as error:
            self.close()
            raise StoreError(f"cannot open the campaign file {path}: {error}") from error
        except BaseException:
            self.close()
            raise

    def _prepare(self) -> None:
        # Looked at before anything is set: another program's file stays as it is.
        if self._is_new():
            self._set_up()
            with self._transaction() as connection:
                if self._is_new():  # still: another process may have been first
                    for statement in _TABLES.split(";"):
                        connection.execute(statement)
                    for table in ("events", "encoders"):
                        for what in ("UPDATE", "DELETE"):
                            connection.execute(_FINAL.format(table=table, what=what))
                    connection.execute(f"PRAGMA application_id = {APPLICATION}")
                    connection.execute(f"PRAGMA user_version = {SCHEMA}")
        else:
            self._set_up()

    def _set_up(self) -> None:
        self._connection.execute("PRAGMA journal_mode = WAL")
        self._connection.execute("PRAGMA synchronous = FULL")

    def _is_new(self) -> bool:
        """Whether there is nothing in the file yet. Raises `StoreError` where it holds something else."""
        names = ("application_id", "user_version")
        application, version = (self._connection.execute(f"PRAGMA {name}").fetchone()[0] for name in names)
        if not self._connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]:
            return True
        if application != APPLICATION:
            raise StoreError(f"{self.path} is a database of another program, not a campaign file")
        if version != SCHEMA:
            raise StoreError(
                f"{self.path} has campaign schema {version}, this latentbo reads {SCHEMA}: "
                "use the one that wrote it"
            )
        return False

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        try:
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield self._connection
                self._connection.execute("COMMIT")
            except BaseException:
                if self._connection.in_transaction:  # a full disk has ended it already
                    self._connection.execute("ROLLBACK")
                raise
        except sqlite3.Error as error:
            raise StoreError(f"cannot write the campaign file {self.path}: {error}") from error
        # What is committed is safe in the log, and must not look as if it were not.
        with suppress(sqlite3.Error):
            self._connection.execute("PRAGMA wal_checkpoint(PASSIVE)")  # waits for nobody

    def append(self, events: Sequence[tuple[str, Mapping[str, Any]]], *, after: int) -> list[Event]:
        """Add (kind, payload) pairs in one transaction: all of them or none.

        `after` is the number of the last event the caller knows of. If another process has written since,
        nothing is added and `StoreError` says so: the caller's picture of the campaign is out of date. The
        events come back as they will be read: a tuple is a list. A payload with NaN or infinity raises
        `ValueError`.
        """
        drafts = draft(events, after=after)
        # In ASCII, because a user's text may hold what has no UTF-8 form.
        rows = [(each.number, each.time, each.kind, json.dumps(each.payload)) for each in drafts]
        with self._transaction() as connection:
            last = connection.execute("SELECT coalesce(max(number), 0) FROM events").fetchone()[0]
            if last != after:
                raise StoreError(
                    f"{self.path} was changed by another process: open the campaign again and repeat the call"
                )
            connection.executemany("INSERT INTO events VALUES (?, ?, ?, ?)", rows)
        return drafts

    def events(self) -> list[Event]:
        """Everything that happened, in order."""
        try:
            rows = self._connection.execute("SELECT number, time, kind, payload FROM events ORDER BY number")
            return [Event(number, time, kind, json.loads(payload)) for number, time, kind, payload in rows]
        except (sqlite3.Error, ValueError) as error:
            raise StoreError(f"{self.path} is damaged: {error}") from error

    def save_encoder(self, identity: str, card: Mapping[str, Any], weights: bytes) -> None:
        """Keep an encoder's card and weights; the same one twice is kept once."""
        row = (identity, json.dumps(card, allow_nan=False), weights)
        with self._transaction() as connection:
            connection.execute("INSERT OR IGNORE INTO encoders VALUES (?, ?, ?)", row)

    def load_encoder(self, identity: str) -> tuple[dict[str, Any], bytes]:
        """Card and weights of a kept encoder."""
        try:
            found = self._connection.execute("SELECT card, weights FROM encoders WHERE id = ?", (identity,))
            row = found.fetchone()
            if row is None:
                raise StoreError(f"{self.path} has no encoder {identity!r}")
            return json.loads(row[0]), row[1]
        except (sqlite3.Error, ValueError) as error:
            raise StoreError(f"{self.path} is damaged: {error}") from error

    def close(self) -> None:
        self._connection.close()


def draft(events: Sequence[tuple[str, Mapping[str, Any]]], *, after: int) -> list[Event]:
    """The events that `append` would add, as they would be read, numbered from `after` on. `ValueError` for what has no
    place in JSON.
    """
    now = datetime.now(UTC).isoformat(timespec="milliseconds")
    texts = [(kind, json.dumps(payload, allow_nan=False)) for kind, payload in events]
    return [
        Event(number, now, kind, json.loads(text))
        for number, (kind, text) in enumerate(texts, start=after + 1)
    ]


def _first_bytes(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(len(HEADER))
