"""The numbers behind the pictures, from the rows of a campaign; larger values are better.

`table` has one row a proposal or measurement, in order (columns: `TABLE`). A call is a measured or failed
row: both cost budget. A cell that should hold a number and does not counts as NaN, a measured row without a
finite value as failed.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd
from jaxtyping import Bool, Float

MEASURED, FAILED, PENDING = "measured", "failed", "pending"
TABLE = ("id", "round", "object", "value", "status", "reason", "proposer", "mean", "sd", "p_feasible")
START = 0  # the round of the data that a campaign begins with
Z95 = 1.959963984540054  # half the width of a normal distribution's central 95 %, in standard deviations


class Calibration(NamedTuple):
    """Measured values and what was predicted for them when they were proposed, in the objective's unit."""

    measured: Float[np.ndarray, " n"]
    mean: Float[np.ndarray, " n"]
    sd: Float[np.ndarray, " n"]

    @property
    def inside(self) -> Bool[np.ndarray, " n"]:
        """Whether each value lies in its 95 % interval."""
        inside: Bool[np.ndarray, " n"] = np.abs(self.measured - self.mean) <= Z95 * self.sd
        return inside

    @property
    def coverage(self) -> float:
        """Share of values inside; NaN of none."""
        return float(self.inside.mean()) if len(self.measured) else float("nan")

    @property
    def rmse(self) -> float:
        """Root mean squared error of the predicted means; NaN of none."""
        return (
            float(np.sqrt(np.mean((self.measured - self.mean) ** 2))) if len(self.measured) else float("nan")
        )


class Band(NamedTuple):
    """Quantiles of the best value that random screening has found after so many calls."""

    low: float
    median: float
    high: float


def number(column: pd.Series) -> pd.Series:
    """The column as floats; what is not a finite number becomes NaN."""
    values = pd.to_numeric(column, errors="coerce").astype(float)
    return values.where(np.isfinite(values))


def calls(table: pd.DataFrame) -> pd.DataFrame:
    """The calls in order: the table's columns, `call` (from 1), `best` (so far; NaN before any value)."""
    tried = table[table["status"].isin([MEASURED, FAILED])].copy()
    tried["value"] = number(tried["value"]).where(tried["status"] == MEASURED)
    tried["round"] = number(tried["round"]).fillna(START).astype(int)
    tried["start"] = (
        (tried["round"] == START).astype(int).cummin().astype(bool)
    )  # own rows of later on are no start data
    tried["call"] = np.arange(1, len(tried) + 1)
    tried["best"] = tried["value"].cummax().ffill()
    return tried.reset_index(drop=True)


def leaders(tried: pd.DataFrame, most: int) -> pd.DataFrame:
    """The calls with the highest values, best first, each object once; ties in order of the calls."""
    ranked = tried[tried["value"].notna()].sort_values("value", ascending=False, kind="stable")
    return ranked.drop_duplicates("object").head(most).reset_index(drop=True)


def calibration(tried: pd.DataFrame) -> Calibration:
    """Of the measured proposals that have a prediction; start data are left out, as they were fitted."""
    mean, sd = number(tried["mean"]), number(tried["sd"])
    use = tried["value"].notna() & mean.notna() & (sd >= 0) & (tried["round"] > START)
    return Calibration(*(column[use].to_numpy(dtype=float) for column in (tried["value"], mean, sd)))


def grouped(rounds: pd.DataFrame, most: int) -> tuple[pd.DataFrame, int]:
    """Means over groups of consecutive rounds, at most `most` groups, and how many rounds make a group."""
    size = max(1, -(-len(rounds) // most))
    numeric = pd.DataFrame({name: number(rounds[name]) for name in rounds if name != "encoder"})
    return numeric.groupby(np.arange(len(rounds)) // size).mean(), size


def after(band: pd.DataFrame | None, count: int) -> Band | None:
    """What random screening has reached after `count` calls, where that is known."""
    if band is None or band.empty:
        return None
    rows = band[band["calls"] == count]
    found = Band(*(float(rows[name].iloc[0]) for name in Band._fields)) if len(rows) else None
    return found if found and np.isfinite(found).all() else None
