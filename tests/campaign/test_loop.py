"""The outer loop: the budget is spent once, whatever fails, whenever it is stopped."""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd
import pytest

from latentbo.campaign.campaign import Campaign
from latentbo.campaign.loop import RunProgress, run, used
from latentbo.errors import InputError, ObjectiveError
from latentbo.models.dkl_vae import DKLVAE
from latentbo.training.gates import Retrained
from tests.rows import row_of

Begin = Callable[..., Campaign]


def carbons(objects: list[str]) -> list[float]:
    return [float(sum(letter in "Cc" for letter in text.replace("Cl", ""))) for text in objects]


class Stopped(BaseException):
    """Stands in for a kill."""


def test_the_budget_is_spent_in_batches(begin: Begin) -> None:
    campaign = begin()
    sizes: list[int] = []
    seen: list[RunProgress] = []

    def objective(objects: list[str]) -> list[float]:
        sizes.append(len(objects))
        return carbons(objects)

    run(campaign, objective, budget=11, batch=4, progress=seen.append)
    assert sizes == [4, 4, 3]
    assert used(campaign) == 11
    assert [each.used for each in seen] == [4, 8, 11]
    assert {each.budget for each in seen} == {11}
    assert seen[-1].best == campaign.history.best().value
    assert [each.best for each in seen] == sorted(each.best for each in seen)
    run(campaign, objective, budget=11, batch=4)  # nothing is left
    assert sizes == [4, 4, 3]
    run(campaign, objective, budget=13, batch=4)
    assert sizes[-1] == 2


def test_values_the_user_brought_cost_nothing_and_queued_objects_do(begin: Begin) -> None:
    campaign = begin()
    campaign.tell(pd.DataFrame({"smiles": ["CCO", "CCN"], "value": [1.0, 2.0]}))
    campaign.queue(["CCC", "CCCl"])
    assert used(campaign) == 0
    seen: list[list[str]] = []

    def objective(objects: list[str]) -> list[float]:
        seen.append(objects)
        return carbons(objects)

    run(campaign, objective, budget=5, batch=3)
    assert seen[0] == ["CCC", "CCCl"]  # what waits is measured first
    assert sum(map(len, seen)) == used(campaign) == 5


def test_a_stopped_run_goes_on_as_if_it_had_not_stopped(begin: Begin) -> None:
    def whole() -> Campaign:
        campaign = begin("whole.db")
        run(campaign, carbons, budget=14, batch=4)
        return campaign

    def stopping(after: int) -> Callable[[list[str]], list[float]]:
        calls = [0]

        def objective(objects: list[str]) -> list[float]:
            calls[0] += 1
            if calls[0] > after:
                raise Stopped  # after the ask, before the tell
            return carbons(objects)

        return objective

    for after in (0, 1, 1):
        campaign = begin("parts.db")
        with pytest.raises(Stopped):
            run(campaign, stopping(after), budget=14, batch=4)
        assert len(campaign.pending()) == 4
        campaign.close()
    parts = begin("parts.db")
    run(parts, carbons, budget=14, batch=4)
    expected = whole().history
    assert parts.history.rows == expected.rows
    assert parts.history.told == expected.told


def test_a_smaller_batch_takes_the_pending_ones_in_turn(begin: Begin) -> None:
    campaign = begin()
    asked = campaign.ask(5)["smiles"].tolist()
    seen: list[str] = []

    def objective(objects: list[str]) -> list[float]:
        assert len(objects) <= 2
        seen.extend(objects)
        return carbons(objects)

    run(campaign, objective, budget=4, batch=2)
    assert seen == asked[:4]
    assert campaign.pending()["smiles"].tolist() == asked[4:]


def test_failures_are_told_with_their_reasons_and_the_campaign_goes_on(begin: Begin) -> None:
    def moody(objects: list[str]) -> list[float | None]:
        if len(objects) > 1:
            raise RuntimeError("one at a time")
        (text,) = objects
        if "N" in text or "n" in text:
            raise ValueError("no nitrogen")
        return [float("nan")] if "O" in text else carbons(objects)

    campaign = begin()
    run(campaign, moody, budget=12, batch=4)
    rows = campaign.history.rows.values()
    assert len(rows) == used(campaign) == 12
    for row in rows:
        if "N" in row.object or "n" in row.object:
            assert row.failure == "raised ValueError: no nitrogen"
        elif "O" in row.object:
            assert row.failure == "returned nan"
        else:
            assert row.value == carbons([row.object])[0]
    assert {row.status for row in rows} == {"measured", "failed"}


def test_a_hopeless_objective_stops_the_run_and_nothing_is_lost(begin: Begin) -> None:
    campaign = begin()
    with pytest.raises(ObjectiveError, match=r"20 of the last 20 .* raised KeyError: 'licence'"):
        run(campaign, lambda objects: {}["licence"], budget=100, batch=10)
    assert len(campaign.history.with_status("failed")) == used(campaign) == 10
    waiting = campaign.pending()["smiles"].tolist()
    assert len(waiting) == 10
    run(campaign, carbons, budget=20, batch=10)  # mended
    assert {row_of(campaign.history, each).status for each in waiting} == {"measured"}


@pytest.mark.parametrize(("failing", "stops"), [(10, False), (11, True)])
def test_more_than_half_must_fail(begin: Begin, failing: int, stops: bool) -> None:
    """Of twenty, in batches of five; the first twenty decide."""
    done = [0]

    def objective(objects: list[str]) -> list[float | None]:
        places = range(done[0], done[0] + len(objects))
        done[0] += len(objects)
        return [None if place < failing else 1.0 + place for place in places]

    campaign = begin()
    if stops:
        with pytest.raises(ObjectiveError, match="11 of the last 20"):
            run(campaign, objective, budget=25, batch=5)
        assert used(campaign) == 15
    else:
        run(campaign, objective, budget=25, batch=5)
        assert used(campaign) == 25


def test_few_failures_are_no_reason_to_stop(begin: Begin) -> None:
    campaign = begin()
    run(campaign, lambda objects: [None] * len(objects), budget=19, batch=10)
    assert used(campaign) == 19


def test_a_batch_larger_than_the_window_is_judged_as_a_whole(begin: Begin) -> None:
    def objective(objects: list[str]) -> list[float | None]:
        return [float(place) if place < 13 else None for place, _ in enumerate(objects)]

    run(begin(), objective, budget=24, batch=24)  # of the last twenty, eleven failed


def test_retrains_and_shortfalls_are_news(begin: Begin) -> None:
    calls: list[int] = []

    def refusing(model: DKLVAE, data: object, *, seed: int) -> Retrained:
        calls.append(len(data))
        return Retrained(model, False, ("worse",), {}, {}, 0.0)

    few = {"CCO", "CCN", "CCC", "CCCl", "Cc1ccccc1", "c1ccncc1"}
    campaign = begin(
        settings={"retrain_every": 4, "retrain_from": 4},
        retrainer=refusing,
        check=lambda objects: [None if text in few else "other" for text in objects],
    )
    news: list[tuple[str, ...]] = []
    run(campaign, carbons, budget=4, batch=4, progress=lambda each: news.append(each.news))
    assert calls == []
    campaign.tell(pd.DataFrame({"smiles": ["COC", "CCF"], "value": [1.0, 2.0]}))
    few.add("CC(C)O")
    run(campaign, carbons, budget=6, batch=6, progress=lambda each: news.append(each.news))
    assert calls[0] >= 4
    assert any("refused: worse" in line for lines in news for line in lines)


@pytest.mark.parametrize(("budget", "batch"), [(0, 1), (1, 0), (-3, 5)])
def test_budget_and_batch_must_be_positive(begin: Begin, budget: int, batch: int) -> None:
    with pytest.raises(InputError, match="at least 1"):
        run(begin(), carbons, budget=budget, batch=batch)
