"""An Ax experiment, read as a campaign's history: what was proposed, what came of it, what is on its way.

    trials, data --arm_records--> one `ArmRecord` an arm --read_experiment--> `History` and `Knowledge`

What a campaign keeps in its file (rounds, trust region, shares of the proposers) lies in the candidate metadata of the
trials, so that an experiment that was saved and loaded by Ax's own means is all there is to know.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from statistics import fmean

import numpy as np
import torch
from ax.core.data import Data
from ax.core.experiment import Experiment
from ax.core.trial_status import TrialStatus

from latentbo.acquisition.objectives import rank_outcomes
from latentbo.campaign.history import History, ObjectRecord, Round
from latentbo.campaign.knowledge import Knowledge, OutcomeData
from latentbo.data.measurements import Measurements
from latentbo.errors import StoreError
from latentbo.integrations.ax.arms import GIVEN_UP, WITH_DATA, ArmRecord, arm_records
from latentbo.integrations.ax.goals import Goals, read_goals
from latentbo.kinds.base import ObjectReader

NO_REASON = "failed"


@dataclass(frozen=True, eq=False)
class ExperimentState:
    """All that a proposal needs to know of an experiment.

    `history` has a row an object, measured where every metric is known; its values are the objects' ranks.
    """

    goals: Goals
    history: History
    knowledge: Knowledge
    trials: int


def read_experiment(experiment: Experiment, data: Data, reader: ObjectReader) -> ExperimentState:
    """What the trials and the data of an experiment say.

    Raises `InputError` for goals that cannot be followed, and for values of an arm that names no object; `StoreError`
    for candidate metadata that this version cannot read.
    """
    goals = read_goals(experiment.optimization_config)
    arms = list(arm_records(experiment, data, reader))
    found = {metric: _of_metric(metric, arms) for metric in goals.metrics}
    objects = tuple(dict.fromkeys(arm.object for arm in arms))
    complete = tuple(name for name in objects if all(name in values for values in found.values()))
    columns = [
        [sign * found[metric][name][0] for name in complete]
        for metric, sign in zip(goals.metrics, goals.signs, strict=True)
    ]
    y = torch.tensor(columns, dtype=torch.float64).T
    ranked = Measurements(complete, rank_outcomes(y, goals.objectives))
    measured = {name for values in found.values() for name in values}
    failures = {
        arm.object: arm.reason or NO_REASON
        for arm in arms
        if arm.status == TrialStatus.FAILED and arm.object not in measured
    }
    running = (a.object for a in arms if a.status not in (*WITH_DATA, *GIVEN_UP) and a.object not in measured)
    history = _history(arms, dict(zip(complete, ranked.values[:, 0].tolist(), strict=True)), failures)
    knowledge = Knowledge(
        tuple(_outcome(found[name], sign) for name, sign in zip(goals.metrics, goals.signs, strict=True)),
        ranked,
        y,
        tuple(failures),
        tuple(dict.fromkeys(running)),
        history.known(),
        history.region(),
        history.rounds[-1].runners_up if history.rounds else (),
        tuple(history.operator_outcomes()),
        None if goals.objectives.single else goals.objectives,
    )
    return ExperimentState(goals, history, knowledge, len(experiment.trials))


def _of_metric(metric: str, arms: Sequence[ArmRecord]) -> dict[str, tuple[float, float]]:
    """(mean, standard error of it) of each object, repeated measurements averaged."""
    repeats: dict[str, list[tuple[float, float]]] = {}
    for arm in arms:
        if metric in arm.values:
            repeats.setdefault(arm.object, []).append(arm.values[metric])
    return {
        name: (
            fmean(mean for mean, _ in pairs),
            float(np.hypot.reduce([sem for _, sem in pairs])) / len(pairs),
        )
        for name, pairs in repeats.items()
    }


def _outcome(found: Mapping[str, tuple[float, float]], sign: float) -> OutcomeData:
    values = torch.tensor([[sign * mean] for mean, _ in found.values()], dtype=torch.float64).reshape(-1, 1)
    errors = torch.tensor([[sem] for _, sem in found.values()], dtype=torch.float64).reshape(-1, 1)
    # An exact zero is no noise that a covariance can be inverted with.
    floor = 1e-6 * float(values.var(correction=0)) if len(values) else 0.0
    given = bool(len(errors)) and not bool(errors.isnan().any())
    return OutcomeData(
        Measurements(tuple(found), values), errors.square().clamp(min=max(floor, 1e-12)) if given else None
    )


def _history(arms: Sequence[ArmRecord], ranks: Mapping[str, float], failures: Mapping[str, str]) -> History:
    """Proposals by the rounds in which they were asked for, then the objects that came in otherwise; what came of them stands
    in the order of the trials.
    """
    rounds: dict[int, Round] = {}
    asked: dict[int, dict[str, ObjectRecord]] = {}
    own: dict[str, ObjectRecord] = {}
    for arm in arms:
        row = arm.proposal.get("row", {})
        if row.get("object") == arm.object and arm.object not in own:
            record, round_ = _proposal(arm)
            rows = asked.setdefault(round_.number, {})
            rows[arm.object] = record
            rounds[round_.number] = replace(round_, proposed=len(rows))  # the last trial's: no more was taken
        elif not any(arm.object in rows for rows in asked.values()):
            own[arm.object] = ObjectRecord(arm.object, arm.object, proposer="start")
    proposed = {name: row for number in sorted(asked) for name, row in asked[number].items()}
    order = tuple(dict.fromkeys(a.object for a in arms if a.object in ranks or a.object in failures))
    records = {name: _with_outcome(row, ranks, failures) for name, row in {**proposed, **own}.items()}
    return History(rows=records, rounds=tuple(rounds[number] for number in sorted(rounds)), told=order)


def _proposal(arm: ArmRecord) -> tuple[ObjectRecord, Round]:
    """What was predicted of a proposal, and the round that it came in."""
    try:
        return ObjectRecord(**{**arm.proposal["row"], "id": arm.object}), Round.from_dict(
            arm.proposal["round"]
        )
    except (KeyError, TypeError) as error:
        raise StoreError(
            f"the candidate metadata of trial {arm.trial} cannot be understood ({error}): "
            "use the latentbo that wrote it"
        ) from error


def _with_outcome(row: ObjectRecord, ranks: Mapping[str, float], failures: Mapping[str, str]) -> ObjectRecord:
    values = (ranks[row.object],) if row.object in ranks else ()
    return replace(row, values=values, failure=failures.get(row.object))
