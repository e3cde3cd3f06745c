"""Running a campaign against an objective that can be called: ask, evaluate, tell, until the budget is spent.

Everything is in the campaign file after each batch. Run again after a kill, the loop first evaluates what was
proposed and not told, and goes on as if it had never stopped.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

import pandas as pd

from latentbo.campaign.campaign import Campaign
from latentbo.campaign.evaluate import Objective, Outcome, evaluate
from latentbo.errors import InputError, ObjectiveError

WATCHED = 20


@dataclass(frozen=True)
class RunProgress:
    """After a batch: evaluations used, the budget, the best value so far, and news worth a line (retrains,
    shortfalls).
    """

    used: int
    budget: int
    best: float | None
    news: tuple[str, ...]


def used(campaign: Campaign) -> int:
    """Evaluations a campaign has spent: told proposals and queued objects, not values the user brought."""
    return sum(row.proposer is not None and row.status != "pending" for row in campaign.history.rows.values())


def run(
    campaign: Campaign,
    objective: Objective,
    *,
    budget: int,
    batch: int = 10,
    progress: Callable[[RunProgress], None] = lambda _: None,
) -> None:
    """Spend the budget (evaluations in all, those of earlier runs included).

    Raises `ObjectiveError` when more than half of the last `WATCHED` or more evaluations of this run failed. The batch that
    showed it is not told: it waits, and is evaluated again by the next run.
    """
    if budget < 1 or batch < 1:
        raise InputError(f"budget and batch must be at least 1, not {budget} and {batch}")
    recent: list[Outcome] = []
    while (left := budget - used(campaign)) > 0:
        news: list[str] = []
        if campaign.retrain_due:
            event = campaign.retrain()
            news.append(f"encoder {event.encoder} {event.detail}")
        frame = campaign.pending().head(min(batch, left))
        if frame.empty:
            frame = campaign.ask(min(batch, left))
            if "shortfall" in frame.attrs:
                news.append(frame.attrs["shortfall"])
        outcomes = evaluate(objective, list(frame[campaign.history.column]))
        recent = [*recent, *outcomes][-max(WATCHED, batch) :]
        _stop_if_hopeless(recent)
        told = {
            "id": frame["id"],
            "value": [o.value for o in outcomes],
            "reason": [o.reason for o in outcomes],
        }
        campaign.tell(pd.DataFrame(told, dtype=object))
        best = campaign.history.best()
        progress(RunProgress(used(campaign), budget, best.value if best else None, tuple(news)))


def _stop_if_hopeless(recent: list[Outcome]) -> None:
    failures = [outcome.reason for outcome in recent if outcome.value is None]
    if len(recent) < WATCHED or len(failures) <= len(recent) / 2:
        return
    common = Counter(failures).most_common(1)[0][0]
    raise ObjectiveError(
        f"{len(failures)} of the last {len(recent)} evaluations failed, "
        f"most often because the objective {common}. "
        "The last batch waits, all before it is kept: mend the objective and run the same command again"
    )
