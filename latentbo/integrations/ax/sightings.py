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

from latentbo.codecs.base import Codec
from latentbo.errors import InputError
from latentbo.integrations.ax.molecules import PROPOSAL, candidate_metadata, molecule_of

TOLD = (TrialStatus.COMPLETED, TrialStatus.EARLY_STOPPED)
LEAST = 1e-7  # size of a metric's largest value
GIVEN_UP = (TrialStatus.FAILED, TrialStatus.ABANDONED, TrialStatus.STALE)


@dataclass(frozen=True)
class Sighting:
    """One arm of one trial: its molecule, and what the trial says of it. Values are (mean, standard error) a metric,
    in the user's own sign; a standard error that nobody gave is NaN.
    """

    trial: int
    object: str
    status: TrialStatus
    reason: str | None
    values: Mapping[str, tuple[float, float]]
    proposal: Mapping[str, Any]


def known_objects(experiment: Experiment, codec: Codec) -> set[str]:
    """Every molecule of any trial, whatever came of it."""
    return {sighting.object for sighting in sightings(experiment, Data(), codec)}


def sightings(experiment: Experiment, data: Data, codec: Codec) -> Iterator[Sighting]:
    """In the order of the trials. An arm without a molecule is passed over while nothing was measured of it."""
    values = _values(data)
    for index, trial in sorted(experiment.trials.items()):
        for arm in trial.arms:
            told = values.get((index, arm.name), {}) if trial.status in TOLD else {}
            text = molecule_of(trial, arm)
            reading = codec.read([text])[0] if text is not None else None
            if reading is None or reading.object is None:
                if told:
                    problem = "names no molecule" if reading is None else f"names {text!r} ({reading.reason})"
                    raise InputError(
                        f"trial {index} has values, but {problem}: put its SMILES into the run metadata, "
                        '`trial.update_run_metadata({"smiles": ...})`'
                    )
                continue
            proposal = candidate_metadata(trial, arm).get(PROPOSAL, {})
            yield Sighting(index, reading.object, trial.status, trial.status_reason, told, proposal)


def _values(data: Data) -> dict[tuple[int, str], dict[str, tuple[float, float]]]:
    """(mean, standard error) of each metric, by trial and arm.

    Ax's storage keeps ten decimals. What was never stored is written and read in the same way here: an experiment
    that was loaded has the same values as one that was not. `InputError` where that would leave little of a metric.
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
