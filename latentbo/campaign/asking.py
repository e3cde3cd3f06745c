"""Asking: what is written down of a proposal, and the frame that the user gets of it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import pandas as pd

from latentbo.acquisition.propose import Batch, Proposal
from latentbo.campaign.history import History, Round
from latentbo.codecs.base import Codec, brief
from latentbo.data.scales import AS_THEY_ARE, Scale
from latentbo.models.surrogate import SurrogateFit

SUCCESS_RANK = 10
PREDICTED = ("mean", "sd", "p_feasible", "proposer")


def asked(
    batch: Batch,
    history: History,
    fitted: SurrogateFit | None,
    *,
    scale: Scale = AS_THEY_ARE,
    encoder: str,
    seconds: float,
) -> dict[str, Any]:
    """The payload of an "asked" event: a row for each proposal, in the user's own sign, and the round. `fitted` is the
    surrogate that it rests on, None where there were too few values for one; `scale` is how that counts.
    """
    rows = [
        {
            "id": _identity(history, place),
            "object": proposal.object,
            "round": len(history.rounds) + 1,
            "proposer": proposal.proposer,
            **_predicted(proposal, history.sign, scale),
            "p_feasible": proposal.p_feasible,
            "encoder": encoder,
        }
        for place, proposal in enumerate(batch.proposals)
    ]
    values = sorted(history.measurements().values[:, 0].tolist(), reverse=True)
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
        surrogate={"steps": ["none: too few values"]} if fitted is None else _facts(fitted, scale),
        runners_up=batch.runners_up,
        shares=batch.shares,
    )
    return {"rows": rows, "round": asdict(round_)}


def queued(objects: Sequence[str], history: History, codec: Codec) -> tuple[list[dict[str, Any]], list[str]]:
    """Rows of a "queued" event, and a line for each object that cannot be used or is known."""
    rows: list[dict[str, Any]] = []
    problems = []
    known = set(history.known())
    for text, reading in zip(objects, codec.read(objects), strict=True):
        if reading.object is None:
            problems.append(f"{brief(repr(text))} cannot be used ({reading.reason})")
        elif reading.object in known:
            problems.append(f"{brief(repr(text))} is known already")
        else:
            known.add(reading.object)
            rows.append({"id": _identity(history, len(rows)), "object": reading.object, "proposer": "start"})
    return rows, problems


def asked_frame(history: History, ids: Sequence[str]) -> pd.DataFrame:
    """The rows with these ids, as `Campaign.ask` gives them."""
    rows = [history.rows[identity] for identity in ids]
    fields = {"id": "id", history.column: "object"} | {name: name for name in PREDICTED}
    return pd.DataFrame({name: [getattr(row, field) for row in rows] for name, field in fields.items()})


def _identity(history: History, place: int) -> str:
    """The id of the row that is written `place` rows after the last."""
    return f"p{len(history.rows) + place + 1:05d}"


def _predicted(proposal: Proposal, sign: float, scale: Scale) -> dict[str, float | None]:
    if proposal.mean is None or proposal.sd is None:
        return {"mean": None, "sd": None}
    mean, sd = scale.told(proposal.mean, proposal.sd)
    return {"mean": sign * float(mean), "sd": float(sd)}


def _facts(fitted: SurrogateFit, scale: Scale) -> dict[str, Any]:
    """What is recorded of a surrogate; `noise_sd` is that of a measurement, in the values' own unit."""
    noise_sd = math.sqrt(fitted.noise) * float(fitted.model.outcome_transform.stdvs.mean())
    noise_sd = float(scale.told(0.0, noise_sd)[1])
    steps, amplitudes = list(fitted.steps), list(fitted.amplitudes)
    return {"steps": steps, "amplitudes": amplitudes, "noise": fitted.noise, "noise_sd": noise_sd}
