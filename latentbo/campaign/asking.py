"""Asking: what is written down of a proposal, and the frame that the user gets of it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import pandas as pd

from latentbo.acquisition.candidates import Batch, Proposal
from latentbo.campaign.history import History, Round
from latentbo.data.outcome_transforms import IDENTITY, OutcomeTransform
from latentbo.models.surrogate import SurrogateFit

SUCCESS_RANK = 10
PREDICTED = ("mean", "sd", "p_feasible", "proposer")


def asked(
    batch: Batch,
    history: History,
    fitted: SurrogateFit | None,
    *,
    outcome_transform: OutcomeTransform = IDENTITY,
    encoder: str,
    seconds: float,
) -> dict[str, Any]:
    """The payload of an "asked" event: a row for each proposal, in the user's own sign, and the round. `fitted` is the
    surrogate that it rests on, None where there were too few values for one; `outcome_transform` is how that counts.
    """
    rows = [
        {
            "id": history.next_id(place),
            "object": proposal.object,
            "round": len(history.rounds) + 1,
            "proposer": proposal.proposer,
            **_predicted(proposal, history.sign, outcome_transform),
            "p_feasible": proposal.p_feasible,
            "encoder": encoder,
        }
        for place, proposal in enumerate(batch.proposals)
    ]
    values = sorted(
        (history.sign * row.value for row in history.rows.values() if row.value is not None), reverse=True
    )
    round_ = Round(
        number=len(history.rounds) + 1,
        asked=batch.asked,
        proposed=len(batch.proposals),
        counts=asdict(batch.counts),
        region=history.region(),
        best=values[0] if values else None,
        threshold=None if fitted is None else values[min(SUCCESS_RANK, len(values)) - 1],
        seconds=seconds,
        encoder=encoder,
        surrogate={"steps": ["none: too few values"]}
        if fitted is None
        else _facts(fitted, outcome_transform),
        runners_up=batch.runners_up,
        shares=batch.shares,
    )
    return {"rows": rows, "round": asdict(round_)}


def asked_frame(history: History, ids: Sequence[str]) -> pd.DataFrame:
    """The rows with these ids, as `Campaign.ask` gives them."""
    rows = [history.rows[identity] for identity in ids]
    fields = {"id": "id", history.column: "object"} | {name: name for name in PREDICTED}
    return pd.DataFrame({name: [getattr(row, field) for row in rows] for name, field in fields.items()})


def _predicted(
    proposal: Proposal, sign: float, outcome_transform: OutcomeTransform
) -> dict[str, float | None]:
    if proposal.mean is None or proposal.sd is None:
        return {"mean": None, "sd": None}
    mean, sd = outcome_transform.inverse_transform(proposal.mean, proposal.sd)
    return {"mean": sign * float(mean), "sd": float(sd)}


def _facts(fitted: SurrogateFit, outcome_transform: OutcomeTransform) -> dict[str, Any]:
    """What is recorded of a surrogate; `noise_sd` is that of a measurement, in the values' own unit."""
    noise_sd = math.sqrt(fitted.noise) * float(fitted.model.outcome_transform.stdvs.mean())
    noise_sd = float(outcome_transform.inverse_transform(0.0, noise_sd)[1])
    steps, amplitudes = list(fitted.steps), list(fitted.amplitudes)
    return {"steps": steps, "amplitudes": amplitudes, "noise": fitted.noise, "noise_sd": noise_sd}
