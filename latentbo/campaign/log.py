"""A campaign's file, opened: its events, and what they say. It needs no model, and so no torch."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from latentbo.campaign.history import History
from latentbo.campaign.replay import replay
from latentbo.campaign.settings import Settings
from latentbo.campaign.store import EventStore, draft
from latentbo.kinds.base import Kind


class EventLog:
    """The one door through which anything gets into a campaign file."""

    def __init__(self, path: Path) -> None:
        self.store = EventStore(path)
        try:
            self.history: History = replay(self.store.events())
        except BaseException:
            self.store.close()
            raise

    @property
    def path(self) -> Path:
        return self.store.path

    def append(self, kind: str, payload: Mapping[str, Any]) -> None:
        """Record an event. One that could not be replayed raises `StoreError`, and is not written."""
        replay(draft([(kind, payload)], after=self.history.last), self.history)
        events = self.store.append([(kind, payload)], after=self.history.last)
        self.history = replay(events, self.history)

    def create(self, settings: Settings, kind: Kind, encoder: str) -> None:
        """The first event: the settings (which name their seed), whose rules are those of the kind, and the first encoder.

        Raises `InputError` for rules that the kind does not have.
        """
        stored = settings.to_dict() | {"rules": kind.spelled_out(settings.rules)}
        names = {"kind": kind.name, "column": kind.column}
        self.append("created", {"settings": stored, "encoder": encoder, **names})

    def close(self) -> None:
        """Close the file; nothing is lost without it."""
        self.store.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
