"""An Ax experiment, read as the events of a campaign: what was proposed, what came of it, what is on its way.

    trials, data --sightings--> one `Sighting` an arm --events--> `History` (and each outcome's own measurements)

What a campaign keeps in its file (rounds, trust region, shares of the proposers) lies in the candidate metadata of the
trials, so that an experiment that was saved and loaded by Ax's own means is all there is to know.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Any

import numpy as np
import torch
from ax.core.data import Data
from ax.core.experiment import Experiment
from ax.core.trial_status import TrialStatus
from jaxtyping import Float
from torch import Tensor

from latentbo.acquisition.aims import merits
from latentbo.campaign.history import History, replay
from latentbo.campaign.store import Event
from latentbo.codecs.base import Codec
from latentbo.data.dataset import Measurements
from latentbo.integrations.ax.goals import Goals, read_goals
from latentbo.integrations.ax.sightings import GIVEN_UP, TOLD, Sighting, sightings
from latentbo.types import Values

NO_REASON = "failed"


@dataclass(frozen=True, eq=False)
class Outcome:
    """One metric, larger is better, of the objects for which it is known; variances where all were given."""

    data: Measurements
    variances: Values | None


@dataclass(frozen=True, eq=False)
class Ledger:
    """All that a proposal needs to know of an experiment.

    `history` has a row an object, measured where every metric is known; its values are the objects' merits.
    """

    goals: Goals
    history: History
    outcomes: tuple[Outcome, ...]
    complete: tuple[str, ...]
    y: Float[Tensor, "n m"]
    """The outcomes of the complete objects."""
    pending: tuple[str, ...]
    trials: int

    @property
    def failed(self) -> list[str]:
        return [row.object for row in self.history.with_status("failed")]


def read_experiment(experiment: Experiment, data: Data, codec: Codec) -> Ledger:
    """Raises `InputError` for goals that cannot be followed, and for values of an arm without a molecule."""
    goals = read_goals(experiment.optimization_config)
    seen = list(sightings(experiment, data, codec))
    found = {metric: _of_metric(metric, seen) for metric in goals.metrics}
    objects = tuple(dict.fromkeys(sighting.object for sighting in seen))
    complete = tuple(name for name in objects if all(name in values for values in found.values()))
    columns = [
        [sign * found[metric][name][0] for name in complete]
        for metric, sign in zip(goals.metrics, goals.signs, strict=True)
    ]
    y = torch.tensor(columns, dtype=torch.float64).T
    told = dict(zip(complete, merits(y, goals.aims)[:, 0].tolist(), strict=True))
    measured = {name for values in found.values() for name in values}
    failures = {s.object: s.reason or NO_REASON for s in seen if s.status == TrialStatus.FAILED}
    outcomes = {name: {"value": told[name], "reason": None} for name in complete}
    outcomes |= {name: {"value": None, "reason": failures[name]} for name in failures if name not in measured}
    running = (s.object for s in seen if s.status not in (*TOLD, *GIVEN_UP) and s.object not in measured)
    return Ledger(
        goals,
        replay(_events(seen, outcomes)),
        tuple(_outcome(found[name], sign) for name, sign in zip(goals.metrics, goals.signs, strict=True)),
        complete,
        y,
        tuple(dict.fromkeys(running)),
        len(experiment.trials),
    )


def _of_metric(metric: str, seen: Sequence[Sighting]) -> dict[str, tuple[float, float]]:
    """(mean, standard error of it) of each object, repeated measurements averaged."""
    repeats: dict[str, list[tuple[float, float]]] = {}
    for sighting in seen:
        if metric in sighting.values:
            repeats.setdefault(sighting.object, []).append(sighting.values[metric])
    return {
        name: (
            fmean(mean for mean, _ in pairs),
            float(np.hypot.reduce([sem for _, sem in pairs])) / len(pairs),
        )
        for name, pairs in repeats.items()
    }


def _outcome(found: Mapping[str, tuple[float, float]], sign: float) -> Outcome:
    values = torch.tensor([[sign * mean] for mean, _ in found.values()], dtype=torch.float64).reshape(-1, 1)
    errors = torch.tensor([[sem] for _, sem in found.values()], dtype=torch.float64).reshape(-1, 1)
    # An exact zero is no noise that a covariance can be inverted with.
    floor = 1e-6 * float(values.var(correction=0)) if len(values) else 0.0
    given = bool(len(errors)) and not bool(errors.isnan().any())
    return Outcome(
        Measurements(tuple(found), values), errors.square().clamp(min=max(floor, 1e-12)) if given else None
    )


def _events(seen: Sequence[Sighting], outcomes: Mapping[str, Mapping[str, Any]]) -> Iterator[Event]:
    """Rounds as they were asked for, then all that was queued, then all that was told, in the order of the trials."""
    rounds: dict[int, dict[str, Any]] = {}
    own: dict[str, dict[str, Any]] = {}
    for sighting in seen:
        row = sighting.proposal.get("row", {})
        if row.get("object") == sighting.object and sighting.object not in own:
            round_ = sighting.proposal["round"]
            facts = rounds.setdefault(round_["number"], {"rows": {}})
            facts["rows"][sighting.object] = {**row, "id": sighting.object}
            facts["round"] = {**round_, "proposed": len(facts["rows"])}  # the last trial's: no more was taken
        elif not any(sighting.object in facts["rows"] for facts in rounds.values()):
            own[sighting.object] = {"id": sighting.object, "object": sighting.object, "proposer": "start"}
    yield Event(1, "", "created", {"settings": {}, "encoder": ""})
    for number in sorted(rounds):
        facts = rounds[number]
        yield Event(number, "", "asked", {"rows": list(facts["rows"].values()), "round": facts["round"]})
    yield Event(0, "", "queued", {"rows": list(own.values())})
    order = dict.fromkeys(sighting.object for sighting in seen if sighting.object in outcomes)
    rows = [{"id": name, "object": name, **outcomes[name]} for name in order]
    yield Event(0, "", "told", {"rows": rows, "refused": []})
