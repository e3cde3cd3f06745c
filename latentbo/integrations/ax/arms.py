"""What the trials of an Ax experiment say, arm by arm."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from io import StringIO
from typing import Any

import numpy as np
import pandas as pd
from ax.core.data import Data
from ax.core.experiment import Experiment
from ax.core.trial_status import TrialStatus

from latentbo.codecs.base import brief
from latentbo.errors import InputError
from latentbo.integrations.ax.objects import PROPOSAL, candidate_metadata, object_of
from latentbo.kinds.base import ObjectReader

WITH_DATA = (TrialStatus.COMPLETED, TrialStatus.EARLY_STOPPED)
LEAST = 1e-7  # size of a metric's largest value
GIVEN_UP = (TrialStatus.FAILED, TrialStatus.ABANDONED, TrialStatus.STALE)


@dataclass(frozen=True)
class ArmRecord:
    """One arm of one trial: its object, and what the trial says of it. Values are (mean, standard error) a metric,
    in the user's own sign; a standard error that nobody gave is NaN.
    """

    trial: int
    object: str
    status: TrialStatus
    reason: str | None
    values: Mapping[str, tuple[float, float]]
    proposal: Mapping[str, Any]


def known_objects(experiment: Experiment, reader: ObjectReader) -> set[str]:
    """Every object of any trial, whatever came of it."""
    return {record.object for record in arm_records(experiment, Data(), reader)}


def arm_records(experiment: Experiment, data: Data, reader: ObjectReader) -> Iterator[ArmRecord]:
    """In the order of the trials. An arm without an object is passed over while nothing was measured of it.

    Raises `InputError` for values of an arm that names no object, and for values of which Ax would keep little.
    """
    kind = reader.kind
    values = _values(data)
    for index, trial in sorted(experiment.trials.items()):
        for arm in trial.arms:
            measured = values.get((index, arm.name), {}) if trial.status in WITH_DATA else {}
            text = object_of(trial, arm, kind.column)
            reading = reader.codec.read([text])[0] if text is not None else None
            if reading is None or reading.object is None:
                if measured:
                    named = (
                        f"no {kind.noun}" if reading is None else f"{brief(repr(text))} ({reading.reason})"
                    )
                    raise InputError(
                        f"trial {index} has values, but names {named}: write {kind.expected} into the run metadata, "
                        f'`trial.update_run_metadata({{"{kind.column}": ...}})`'
                    )
                continue
            proposal = candidate_metadata(trial, arm).get(PROPOSAL, {})
            yield ArmRecord(index, reading.object, trial.status, trial.status_reason, measured, proposal)


def _values(data: Data) -> dict[tuple[int, str], dict[str, tuple[float, float]]]:
    """(mean, standard error) of each metric, by trial and arm.

    Ax's storage keeps ten decimals. What was never stored is written and read in the same way here: an experiment
    that was loaded has the same values as one that was not. Raises `InputError` where that would leave little of a
    metric.
    """
    frame = data.df
    for metric, means in frame.groupby("metric_name")["mean"]:
        if 0.0 < means.abs().max() < LEAST:
            raise InputError(
                f"all values of {metric} are below {LEAST:g} in size, and Ax keeps ten decimals: "
                "give it in a unit in which they are about 1 (nmol/l instead of mol/l)"
            )
    written = frame[["mean", "sem"]].reset_index(drop=True).to_json()
    kept = pd.read_json(StringIO(written), dtype=False).astype(float)
    values: dict[tuple[int, str], dict[str, tuple[float, float]]] = {}
    columns = (frame["trial_index"], frame["arm_name"], frame["metric_name"], kept["mean"], kept["sem"])
    for trial, arm, metric, mean, sem in zip(*columns, strict=True):
        if np.isfinite(mean):
            values.setdefault((int(trial), arm), {})[metric] = (mean, sem)
    return values
