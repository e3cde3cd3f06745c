"""The campaign as a table: one row a proposal or measurement, for `export` and for the report."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from latentbo.campaign.history import History, Status
from latentbo.codecs.base import brief
from latentbo.errors import InputError

if TYPE_CHECKING:  # where a campaign stands is said at once, without waiting for it
    import pandas as pd

FACTS = ("value", "status", "reason", "round", "proposer", "mean", "sd", "p_feasible", "encoder")
NUMBERS = ("value", "mean", "sd", "p_feasible")
STATUSES: tuple[Status, ...] = ("measured", "failed", "pending")


def table(history: History) -> pd.DataFrame:
    """Every object in the order it came in, in the user's own unit and sign; NaN or None where not known.

    Columns: id, smiles (of other kinds, what the campaign calls the column of its objects) and `FACTS`. `status` is
    measured, failed or pending; `reason` says why a failed one failed. `round` is 0 for what the user brought, whose
    `proposer` is None, or "start" if it was measured here. `mean`, `sd` and `p_feasible` were predicted when it was
    proposed, by the surrogate on `encoder`.
    """
    import pandas as pd

    rows = [
        (
            row.id, row.object, row.value, row.status, row.failure if row.status == "failed" else None,
            row.round, row.proposer, row.mean, row.sd, row.p_feasible, row.encoder,
        )
        for row in history.rows.values()
    ]  # fmt: skip
    frame = pd.DataFrame(rows, columns=["id", history.column, *FACTS])
    return frame.astype(dict.fromkeys(NUMBERS, float))


def best(history: History, n: int) -> pd.DataFrame:
    """The n best measured rows of the table, best first."""
    rows = table(history)
    ranked = (history.sign * rows["value"]).sort_values(ascending=False, kind="stable", na_position="last")
    return rows.loc[ranked.dropna().index[:n]].reset_index(drop=True)


def export(history: History, path: Path) -> Path:
    """Write the table as CSV. A kill on the way leaves the file that was there before. `InputError` for a folder."""
    if path.is_dir():
        raise InputError(f"{path} is a folder: name a file to write")
    part = path.with_name(path.name + ".part")
    table(history).to_csv(part, index=False, lineterminator="\n")
    os.replace(part, path)
    return path


def asked_csv(frame: pd.DataFrame) -> str:
    """Proposals as CSV, with empty columns for what is measured: filled in, the file can be told."""
    to_fill = frame.assign(value=None, reason=None)
    first = [*frame.columns[:2], "value", "reason"]
    rest = [name for name in frame.columns if name not in first]
    return to_fill[first + rest].to_csv(index=False, lineterminator="\n")


def summary(history: History) -> dict[str, str]:
    """Where a campaign stands, as names and texts."""
    counts = {name: len(history.with_status(name)) for name in STATUSES}
    objective = history.settings.get("objective") or "measured by hand"
    accepted = sum(event.accepted for event in history.encoders)
    best = history.best()
    waiting = ", ".join(row.id for row in history.with_status("pending"))
    lines = {
        "objective": f"{objective}, {'minimised' if history.sign < 0 else 'maximised'}",
        "seed": str(history.settings["seed"]),
        "rows": ", ".join(f"{count} {name}" for name, count in counts.items()),
        "rounds": str(len(history.rounds)),
        "best": f"{best.value:.6g} {brief(best.object)} ({best.id})" if best else "nothing measured yet",
        "encoder": history.encoder,
        "retrains": f"{accepted} of {len(history.encoders)} went live",
    }
    if waiting:
        lines["pending"] = waiting
    if history.refused:
        lines["refused"] = f"{len(history.refused)} told rows could not be used"
    return lines
