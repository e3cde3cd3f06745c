"""What the page says in words and single figures."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from latentbo.codecs.base import brief
from latentbo.report.numbers import START, Band, leaders, number
from latentbo.report.style import percent, written


class Tile(NamedTuple):
    label: str
    value: str
    note: str


def tiles(
    tried: pd.DataFrame, rounds: pd.DataFrame, random: Band | None, pending: int, budget: int | None
) -> list[Tile]:
    """The figures of the head. `random`: random screening after as many calls as there are in `tried`."""
    new = tried["round"] > START
    start, best = tried["value"][tried["start"]].max(), tried["value"].max()
    gain = f"+{written(best - start, 3)} against the start" if best > start else "no better than the start"
    comparable = np.isfinite(start) and new.any()
    failed = int(tried["value"][new].isna().sum())
    spent = f"{int(new.sum()):,}" + ("" if budget is None else f" of {budget:,}")
    seconds = float(number(rounds["seconds"]).median()) if len(rounds) else float("nan")
    found = [
        Tile("Best value", written(best), gain if comparable else ""),
        Tile("Best of the start data", written(start), _plural(int(tried["start"].sum()), "call")),
        Tile("Budget used", spent, f"{failed:,} failed, {pending:,} pending"),
        Tile(
            "Rounds",
            f"{len(rounds):,}",
            f"{written(seconds, 3)} s each (median)" if np.isfinite(seconds) else "",
        ),
    ]
    if random is not None:
        note = f"10–90 %: {written(random.low)} to {written(random.high)}"
        found.insert(2, Tile("Random, same calls", written(random.median), note))
    return found


def leader(rank: int, row: Mapping[Any, Any]) -> dict[str, Any]:
    """One of `numbers.leaders` as it is printed."""
    mean, sd, feasible = (number(pd.Series([row[name]])).iloc[0] for name in ("mean", "sd", "p_feasible"))
    round_name = "start data" if row["round"] == START else f"round {row['round']}"
    return {
        "rank": rank,
        "id": row["id"],
        "object": row["object"],
        "name": brief(str(row["object"])),
        "value": written(row["value"]),
        "predicted": f"{written(mean)} ± {written(sd, 2)}" if np.isfinite([mean, sd]).all() else "–",
        "feasible": percent(feasible),
        "round": "start" if row["round"] == START else str(row["round"]),
        "place": f"call {row['call']}, {round_name}",
        "proposer": row["proposer"] if isinstance(row["proposer"], str) else "–",
    }


def yields(tried: pd.DataFrame, most: int) -> list[dict[str, str]]:
    """What each proposer's molecules were worth: how many were asked for, how many of those are among the `most` best calls,
    their mean and best value. The most productive first.
    """
    leading = set(leaders(tried, most)["id"])
    asked = tried[(tried["round"] > START) & tried["proposer"].notna()]
    groups = [
        (len(leading.intersection(rows["id"])), str(name), rows) for name, rows in asked.groupby("proposer")
    ]
    return [
        {
            "proposer": name,
            "asked": f"{len(rows):,}",
            "leading": str(leaders_of_it),
            "mean": written(float(rows["value"].mean()), 3),
            "best": written(float(rows["value"].max())),
        }
        for leaders_of_it, name, rows in sorted(groups, key=lambda group: (-group[0], group[1]))
    ]


def failures(tried: pd.DataFrame, most: int) -> dict[str, int]:
    """The commonest reasons of calls without a value, and how many calls each cost."""
    reasons = tried["reason"][tried["value"].isna()].fillna("no reason given").astype(str)
    return {str(reason): int(count) for reason, count in reasons.value_counts().head(most).items()}


def _plural(count: int, noun: str) -> str:
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"
