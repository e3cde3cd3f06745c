"""When a retrain is due: by the settings and by what was measured, never by what failed."""

from __future__ import annotations

import pytest

from latentbo.campaign.history import EncoderEvent, History, ObjectRecord
from latentbo.campaign.retraining import retrain_due
from latentbo.campaign.settings import Settings


def history_of(measured: int, failed: int = 0, at_last: int | None = None) -> History:
    rows = [ObjectRecord(f"m{i}", f"m{i}", values=(1.0,)) for i in range(measured)]
    rows += [ObjectRecord(f"f{i}", f"f{i}", failure="torn") for i in range(failed)]
    events = () if at_last is None else (EncoderEvent(1, "e", False, "refused", at_last),)
    return History(rows={row.id: row for row in rows}, encoders=events)


@pytest.mark.parametrize(
    ("measured", "failed", "at_last", "due"),
    [
        (5, 0, None, False),
        (6, 0, None, True),  # both are reached
        (5, 9, None, False),  # a failure is no measurement
        (9, 0, 6, False),
        (10, 0, 6, True),  # a refused one counts as one, too
    ],
)
def test_after_so_many_new_values(measured: int, failed: int, at_last: int | None, due: bool) -> None:
    settings = Settings(retrain_every=4, retrain_from=6)
    assert retrain_due(settings, history_of(measured, failed, at_last)) is due


def test_never_where_nobody_wants_it() -> None:
    assert not retrain_due(Settings(), history_of(10_000))
