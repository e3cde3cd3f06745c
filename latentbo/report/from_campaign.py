"""From a campaign's history to what its report shows.

A report shows larger values as better, so those of a minimised campaign are shown as "minus" what was told.
"""

from __future__ import annotations

import platform
from collections.abc import Mapping
from dataclasses import asdict
from importlib.metadata import version
from typing import Any

import numpy as np
import pandas as pd
import torch

from latentbo.acquisition.start import propose_prior
from latentbo.baselines.screening import screening_band
from latentbo.campaign.campaign import Campaign
from latentbo.campaign.evaluate import Objective, evaluate
from latentbo.campaign.history import History, Round
from latentbo.campaign.table import table
from latentbo.diagnostics.calibration import calibration
from latentbo.kinds.base import Check
from latentbo.models.dkl_vae import DKLVAE
from latentbo.models.pretrained import load_model
from latentbo.objectives.molecules import OBJECTIVES
from latentbo.objectives.molecules import objective as built_in
from latentbo.report.page import BAND, EVENTS, ROUNDS, ReportData
from latentbo.rng import derive

SCREENED, MOST_SCREENED = 1_000, 10_000
PACKAGES = ("latentbo", "torch", "botorch", "rdkit", "selfies")


def report_data(
    campaign: Campaign,
    *,
    objective_name: str,
    random_band: pd.DataFrame | None = None,
    facts: Mapping[str, str] | None = None,
    budget: int | None = None,
) -> ReportData:
    """The report's data. `random_band` is what `screened` gives; `budget` counts proposals and queued rows."""
    history = campaign.history
    name = f"minus {objective_name}" if history.sign < 0 else objective_name
    rows = in_order_of_calls(history)
    measured = rows["object"][rows["status"] == "measured"].tolist()
    z = campaign.model.embed(campaign.model.codec.read(measured)) if measured else torch.zeros(0, 1)
    queued = int((rows["proposer"] == "start").sum())
    return ReportData(
        title=f"Campaign for {name}",
        objective=name,
        seed=campaign.seed,
        table=rows,
        latents=z.numpy(),
        rounds=rounds(history),
        encoder_events=_encoder_events(history),
        random_band=random_band,
        facts={**_settings(campaign), **(facts or {})},
        budget=None if budget is None else budget - queued,
        kind=campaign.model.kind,
    )


def in_order_of_calls(history: History) -> pd.DataFrame:
    """`campaign.table`, larger is better, rows in the order they were first told, then those still pending.

    `sd` is what was expected of a measurement: the posterior's and the noise's together.
    """
    rows = table(history).rename(columns={history.column: "object"})
    order = {identity: place for place, identity in enumerate(dict.fromkeys(history.told))}
    rows = rows.iloc[rows["id"].map(order).fillna(len(order)).argsort(kind="stable")].reset_index(drop=True)
    noise = {round_.number: _noise(round_) for round_ in history.rounds}
    expected = np.hypot(rows["sd"], rows["round"].map(noise).fillna(0.0).astype(float))
    return rows.assign(value=history.sign * rows["value"], mean=history.sign * rows["mean"], sd=expected)


def rounds(history: History) -> pd.DataFrame:
    """One row a round, as `ReportData` wants it.

    Predictions were recorded before anything was measured: their nll and coverage are those of new data.
    """
    tried = in_order_of_calls(history)
    frame = pd.DataFrame([_round(each, tried[tried["round"] == each.number]) for each in history.rounds])
    return frame if len(frame) else pd.DataFrame(columns=list(ROUNDS))


def random_band(campaign: Campaign, *, model: str | None = None) -> pd.DataFrame | None:
    """`screened` for the objective that `latentbo run` evaluated, after as many calls as there were.

    None where it is not a built-in one: these alone are known to be cheap. `model` says where the campaign's
    first model is, if it has moved.
    """
    name, history = campaign.settings.objective, campaign.history
    if name not in OBJECTIVES:
        return None
    first = (
        campaign.model
        if history.encoder == history.base_encoder
        else load_model(model or campaign.settings.model)
    )
    return screened(
        first,
        built_in(name),
        campaign.model.kind.check(campaign.settings.rules),
        calls=len(dict.fromkeys(history.told)),
        seed=campaign.seed,
        minimise=campaign.settings.minimise,
    )


def screened(
    model: DKLVAE, objective: Objective, check: Check, *, calls: int, seed: int, minimise: bool = False
) -> pd.DataFrame | None:
    """What random screening finds: the band of distinct, admissible prior samples, larger is better.

    The objective is called for `SCREENED` objects, or three a call where those are more. None where none could be
    drawn.
    """
    wanted = min(max(SCREENED, 3 * calls), MOST_SCREENED)
    batch = propose_prior(wanted, model, frozenset(), check, derive(seed, "random screening"))
    outcomes = evaluate(objective, [proposal.object for proposal in batch.proposals])
    values = [np.nan if outcome.value is None else outcome.value for outcome in outcomes]
    if not values or calls < 1:
        return None
    band = screening_band((-1.0 if minimise else 1.0) * np.array(values), min(calls, len(values)))
    return band[list(BAND)]


def versions() -> str:
    """The versions of what makes a campaign's numbers."""
    listed = [f"{package} {version(package)}" for package in PACKAGES]
    return ", ".join([*listed, f"Python {platform.python_version()}"])


def _round(each: Round, tried: pd.DataFrame) -> dict[str, Any]:
    """One round; `tried` are its rows."""
    counts = each.counts
    known = tried[tried["value"].notna() & tried["mean"].notna() & (tried["sd"] > 0)]
    quality = {"nll": np.nan, "coverage": np.nan}
    if len(known):
        quality = asdict(
            calibration(*(torch.tensor(known[name].to_numpy()) for name in ("mean", "sd", "value")))
        )
    return {
        "round": each.number,
        "asked": each.asked,
        "made": counts["made"],
        "invalid": sum(counts["invalid"].values()),
        "duplicate": counts["duplicate"],
        "filtered": sum(counts["filtered"].values()),
        "passed_over": counts.get("passed_over", 0),  # files of 0.1 do not say
        **quality,
        "region_length": each.region.length,
        "seconds": each.seconds,
        "encoder": each.encoder,
    }


def _noise(round_: Round) -> float:
    return float(round_.surrogate.get("noise_sd", 0.0))


def _encoder_events(history: History) -> pd.DataFrame:
    return pd.DataFrame([asdict(event) for event in history.encoders], columns=list(EVENTS))


def _settings(campaign: Campaign) -> dict[str, str]:
    chosen = campaign.settings
    every = chosen.retrain_every
    retrained = "never" if every is None else f"every {every} values, from {chosen.retrain_from} on"
    return {
        "model": f"{chosen.model} (encoder {campaign.history.base_encoder})",
        "proposals": f"{chosen.proposer}, acquisition {chosen.acquisition}",
        **({"rules": str(campaign.model.kind.check(chosen.rules))} if chosen.rules else {}),
        "retraining": retrained,
        "versions": versions(),
    }
