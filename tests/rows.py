"""Looking into a history."""

from __future__ import annotations

from latentbo.campaign.history import History, ObjectRecord


def row_of(history: History, name: str) -> ObjectRecord | None:
    """The row of an object, by its canonical name."""
    return next((row for row in history.rows.values() if row.object == name), None)
