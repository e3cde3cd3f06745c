"""The report of a campaign: one HTML file that asks nothing of the network, for screen and paper."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import jinja2
import numpy as np
import pandas as pd
from jaxtyping import Float

from latentbo.diagnostics.maps import LatentMap, principal
from latentbo.errors import InputError
from latentbo.kinds.base import Kind
from latentbo.kinds.known import find_kind
from latentbo.report import latent_map, plots, round_plots, summary, trace_plot
from latentbo.report.numbers import (
    FAILED,
    MEASURED,
    PENDING,
    START,
    TABLE,
    after,
    calibration,
    calls,
    leaders,
    number,
)

ROUNDS = (
    "round", "asked", "invalid", "duplicate", "filtered", "nll", "coverage", "region_length", "seconds",
    "encoder",
)  # fmt: skip
EVENTS = ("round", "encoder", "accepted", "detail")
BAND = ("calls", "low", "median", "high")
HEAD_FACTS = ("wall time", "versions")  # facts that stand under the title too
DRAWN, LISTED, REASONS = 12, 25, 10

_pages = jinja2.Environment(
    loader=jinja2.PackageLoader("latentbo.report", ""),
    autoescape=True,
    undefined=jinja2.StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


@dataclass(frozen=True)
class ReportData:
    """All that the report shows; larger values are better throughout.

    table: one row a proposal or measurement, in order. `id`, `round` (0: start data), `object`, `value` (NaN
        where there is none), `status` (measured, failed, pending), `reason` and `proposer` (text or None),
        `mean` and `sd` (the prediction when it was proposed, or NaN), `p_feasible` (or NaN).
    latents: m x d, of the measured rows in order, by the live encoder.
    rounds: one row a round. `asked`: objects asked for; `invalid`, `duplicate`, `filtered`: candidates lost,
        and why; `made` and `passed_over` (may be missing): all candidates, or else asked + lost, and those of them that
        promised less than others, or else none. `nll`: negative log predictive
        density of a new value; `coverage`: share of new values inside their 95 % interval;
        `region_length`; `seconds`; `encoder` (id).
    encoder_events: `round`, `encoder` (id), `accepted` (bool), `detail` (text).
    random_band: what random screening of the same objective has found after `calls` (start data counted): its
        10 (`low`), 50 (`median`) and 90 % (`high`) quantiles, as `baselines.screening` makes them.
    facts: versions, wall time, command ...: all stand at the foot, those of `HEAD_FACTS` in the head too.
    budget: calls that may be spent on proposals, where there is a limit.
    kind: what the objects are: it decides how they are drawn.

    A table without rows may be without columns too. Raises `InputError` for missing columns, an unknown
    status, or latents that do not belong to the measured rows.
    """

    title: str
    objective: str
    seed: int
    table: pd.DataFrame
    latents: Float[np.ndarray, "m d"]
    rounds: pd.DataFrame
    encoder_events: pd.DataFrame
    random_band: pd.DataFrame | None
    facts: Mapping[str, str] = field(default_factory=dict)
    budget: int | None = None
    kind: Kind = field(default_factory=lambda: find_kind("molecules"))

    def __post_init__(self) -> None:
        _require("table", self.table, TABLE)
        _require("rounds", self.rounds, ROUNDS)
        _require("encoder_events", self.encoder_events, EVENTS)
        if self.random_band is not None:
            _require("random_band", self.random_band, BAND)
        statuses = [] if self.table.empty else self.table["status"].tolist()
        known = (MEASURED, FAILED, PENDING)
        if unknown := sorted({repr(status) for status in statuses if status not in known}):
            raise InputError(f"the status of a row must be {', '.join(known)}; came {', '.join(unknown)}")
        if len(self.latents) != (measured := statuses.count(MEASURED)):
            raise InputError(
                f"latents must have a row for each of the {measured} measured rows of the table, in order; "
                f"came {len(self.latents)}"
            )


def _require(name: str, frame: pd.DataFrame, columns: tuple[str, ...]) -> None:
    missing = [] if frame.empty else [column for column in columns if column not in frame]
    if missing:
        came = ", ".join(map(str, frame.columns))
        raise InputError(
            f"{name} needs the columns {', '.join(columns)}; came {came}: add {', '.join(missing)}"
        )


def write_report(data: ReportData, path: str | Path) -> Path:
    """Write the page and return its path. A kill on the way leaves the file that was there before."""
    return write_page("page.html.j2", _contents(data), Path(path))


def write_page(template: str, contents: Mapping[str, Any], path: Path) -> Path:
    """Fill a template of this folder and write it. A kill on the way leaves the file that was there before."""
    page = _pages.get_template(template).render(contents)
    part = path.with_name(path.name + ".part")
    # A lone surrogate (from a damaged file name) has no UTF-8; a browser replaces a reference to it.
    part.write_bytes(page.encode("utf-8", errors="xmlcharrefreplace"))
    os.replace(part, path)
    return path


def _contents(data: ReportData) -> dict[str, Any]:
    """What the template names."""
    draw, noun = data.kind.draw, data.kind.noun
    table, rounds = _framed(data.table, TABLE), _framed(data.rounds, ROUNDS)
    events = _framed(data.encoder_events, EVENTS)
    tried = calls(table)
    rows = [
        summary.leader(i, row) for i, row in enumerate(leaders(tried, LISTED).to_dict("records"), start=1)
    ]
    switches = [int(place) for place in number(events["round"][events["accepted"].astype(bool)]).dropna()]
    pending, random = int((table["status"] == PENDING).sum()), after(data.random_band, len(tried))
    return {
        "data": data,
        "head_facts": {name: text for name, text in data.facts.items() if name.lower() in HEAD_FACTS},
        "tiles": summary.tiles(tried, rounds, random, pending, data.budget),
        "rows": rows,
        "noun": noun,
        "best": rows[0] | {"drawing": draw(rows[0]["object"], 340, 300)} if rows else None,
        "drawn": [row | {"drawing": draw(row["object"], 260, 190)} for row in rows[:DRAWN]],
        "trace": trace_plot.trace(tried, data.objective, data.random_band),
        "map": latent_map.latent_map(_placed(tried, data.latents), data.objective, noun=f"measured {noun}"),
        "parity": plots.parity(calibration(tried), data.objective),
        "candidates": round_plots.candidates(rounds, switches),
        "model": round_plots.model_by_round(rounds, switches),
        "events": events.to_dict("records"),
        "yields": summary.yields(tried, LISTED),
        "listed": len(rows),
        "failures": summary.failures(tried, REASONS),
    }


def _framed(frame: pd.DataFrame, columns: tuple[str, ...]) -> pd.DataFrame:
    return frame.reset_index(drop=True) if len(frame) else pd.DataFrame(columns=list(columns))


def _placed(tried: pd.DataFrame, latents: np.ndarray) -> LatentMap:
    """The measured calls with a value and a finite latent, in the main plane of those latents."""
    measured = tried[tried["status"] == MEASURED]
    points = (
        np.asarray(latents, dtype=float).reshape(len(measured), -1) if len(measured) else np.zeros((0, 1))
    )
    use = measured["value"].notna().to_numpy(dtype=bool) & np.isfinite(points).all(axis=1)
    known, points = measured[use], points[use]
    groups = np.where(known["round"] > START, latent_map.PROPOSALS, latent_map.START_DATA)
    plane = principal(points)
    return LatentMap(
        tuple(known["object"]), plane.place(points), plane.axes, known["value"].to_numpy(float), tuple(groups)
    )
