"""State as a function of events: replayed whole, in parts, and against histories written by hand."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from latentbo.acquisition.region import TrustRegion
from latentbo.campaign.history import History, Round
from latentbo.campaign.knowledge import measurements
from latentbo.campaign.replay import replay
from latentbo.campaign.store import Event
from latentbo.errors import StoreError
from tests.rows import row_of

Made = tuple[str, dict[str, Any]]


def created(**settings: Any) -> Made:
    return "created", {"settings": settings, "encoder": "base"}


def asked(
    number: int,
    *rows: tuple[str, str],
    best: float | None = None,
    threshold: float | None = None,
    region: TrustRegion | None = None,
) -> Made:
    """Round `number` with rows (object, proposer); ids are the objects in lower case."""
    round_ = Round(number, 5, len(rows), {}, region or TrustRegion(), best, threshold, 0.1, "base", {})
    listed = [
        {"id": text.lower(), "object": text, "round": number, "proposer": proposer} for text, proposer in rows
    ]
    return "asked", {"round": asdict(round_), "rows": listed}


def told(**values: float | str) -> Made:
    """Values, or reasons for having none, by object."""
    rows = [
        {"id": text.lower(), "object": text, "value": None, "reason": value}
        if isinstance(value, str)
        else {"id": text.lower(), "object": text, "value": value, "reason": None}
        for text, value in values.items()
    ]
    return "told", {"rows": rows, "refused": []}


def retrained(encoder: str, accepted: bool) -> Made:
    event = {"round": 1, "encoder": encoder, "accepted": accepted, "detail": "", "measured": 5}
    return "retrained", event


def history_of(*made: Made) -> History:
    return replay([Event(i, "", kind, payload) for i, (kind, payload) in enumerate(made, start=1)])


A_LIFE = (
    created(minimise=False, seed=1),
    ("queued", {"rows": [{"id": "q", "object": "Q", "proposer": "start"}]}),
    told(Q=1.0),
    asked(1, ("A", "path"), ("B", "prior"), ("C", "path"), best=1.0, threshold=1.0),
    told(B=2.0, OWN=5.0),
    told(A="exploded"),
    asked(2, ("D", "graph"), best=5.0, threshold=1.0),
    retrained("second", False),
    retrained("third", True),
    ("told", {"rows": [], "refused": [{"smiles": "broken", "problem": "unparsable"}]}),
)


def test_a_life() -> None:
    history = history_of(*A_LIFE)
    status = {row.object: row.status for row in history.rows.values()}
    assert status == {"Q": "measured", "A": "failed", "B": "measured", "C": "pending", "D": "pending"} | {
        "OWN": "measured"
    }
    assert [row.object for row in history.with_status("pending")] == ["C", "D"]
    assert history.rows["a"].failure == "exploded"
    assert history.rows["a"].value is None
    assert (history.rows["own"].round, history.rows["own"].proposer) == (0, None)
    assert history.rows["b"].proposer == "prior"
    assert history.told == ("q", "b", "own", "a")
    assert history.best() == row_of(history, "OWN")
    assert row_of(history, "Z") is None
    assert history.encoder == "third"
    assert history.last == len(A_LIFE)
    assert history.refused[0]["smiles"] == "broken"
    data = measurements(history)
    assert data.objects == ("Q", "B", "OWN")
    assert data.values.tolist() == [[1.0], [2.0], [5.0]]


@given(st.integers(0, len(A_LIFE)))
def test_replay_in_parts_and_through_json_gives_the_same(cut: int) -> None:
    events = [Event(i, "", kind, payload) for i, (kind, payload) in enumerate(A_LIFE, start=1)]
    whole = replay(events)
    assert replay(events[cut:], replay(events[:cut])) == whole
    stored = [Event(e.number, e.time, e.kind, json.loads(json.dumps(e.payload))) for e in events]
    assert replay(stored) == whole


def test_replay_leaves_the_old_history_alone() -> None:
    first = history_of(*A_LIFE[:4])
    before = asdict(first)
    replay([Event(5, "", *told(A=1.0, NEW=2.0))], first)
    assert asdict(first) == before


def test_nothing_has_happened_yet() -> None:
    history = History()
    assert history.best() is None
    assert history.region() == TrustRegion()
    assert history.operator_outcomes() == []
    assert measurements(history).values.shape == (0, 1)
    assert measurements(history).values.dtype == torch.float64


def test_a_minimised_target_is_flipped_where_models_see_it_and_nowhere_else() -> None:
    history = history_of(
        created(minimise=True),
        told(A=3.0, B=-1.0, C=7.0),
        asked(1, ("D", "path"), best=1.0, threshold=1.0),
        told(D=-2.0),
    )
    assert history.best().object == "D"
    assert history.rows["d"].value == -2.0
    assert measurements(history).values[:, 0].tolist() == [-3.0, 1.0, -7.0, 2.0]
    assert history.operator_outcomes() == [("path", True, {})]
    assert history.region().successes == 1


def test_repeated_measurements_are_averaged_and_a_value_ends_a_failure() -> None:
    history = history_of(created(), told(A=1.0, B="lost"), told(A=4.0, B=2.0), told(A="broke", C="no"))
    assert history.rows["a"].value == 2.5
    assert history.rows["a"].status == "measured"
    assert (history.rows["b"].status, history.rows["b"].value) == ("measured", 2.0)
    assert history.rows["c"].status == "failed"
    assert measurements(history).values[:, 0].tolist() == [2.5, 2.0]


REGION = TrustRegion(length=0.4, successes=2, failures=0)


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (told(A=11.0), REGION.update(best_before=10.0, best_of_batch=11.0)),
        (told(A=9.0, B=10.5), REGION.update(best_before=10.0, best_of_batch=10.5)),
        (told(A=9.0), REGION.update(best_before=10.0, best_of_batch=9.0)),
        (told(A="failed"), REGION),
        (told(OWN=99.0), REGION),  # not proposed by this round
        (told(EARLY=99.0), REGION),
    ],
)
def test_the_region_follows_the_last_round(found: Made, expected: TrustRegion) -> None:
    history = history_of(
        created(),
        asked(1, ("EARLY", "path"), best=1.0, threshold=1.0),
        asked(2, ("A", "path"), ("B", "path"), best=10.0, threshold=2.0, region=REGION),
        found,
    )
    assert history.region() == expected


def test_the_region_waits_for_the_first_surrogate() -> None:
    """Draws from the prior came from no region: their failures do not shrink it."""
    rounds: list[Made] = [created(), told(OWN=10.0)]
    for number in range(1, 9):
        rounds += [asked(number, (f"A{number}", "prior"), best=10.0), told(**{f"A{number}": 1.0})]
    assert history_of(*rounds).region() == TrustRegion()


def test_successes_came_among_the_best_ten() -> None:
    history = history_of(
        created(),
        asked(1, ("P", "prior"), best=None, threshold=None),
        told(P=100.0, OWN=200.0),
        asked(2, ("A", "path"), ("B", "graph"), ("C", "path"), ("D", "prior"), best=9.0, threshold=5.0),
        told(C=5.0, A=5.1),
        asked(3, ("E", "graph"), best=9.0, threshold=6.0),
        told(E="failed", B=7.0),
        told(A=4.0),  # measured again: the mean, 4.55, is no success any more
    )
    found = history.operator_outcomes()
    assert [each[:2] for each in found] == [
        ("path", False), ("path", False), ("graph", False), ("graph", True),
    ]  # fmt: skip


def test_what_is_not_understood_is_said() -> None:
    with pytest.raises(StoreError, match=r"event 2 .*'paused'"):
        history_of(created(), ("paused", {}))
    strange = asked(1, ("A", "path"))
    strange[1]["rows"][0]["colour"] = "blue"
    with pytest.raises(StoreError, match=r"event 1 \(asked\) cannot be understood .*colour"):
        history_of(strange)
    with pytest.raises(StoreError, match=r"event 1 \(told\)"):
        history_of(("told", {}))
