"""The trace: what is drawn, where it begins, and what it says about random screening."""

from __future__ import annotations

import re

import matplotlib.axes
import numpy as np
import pandas as pd
import pytest

from latentbo.report.numbers import TABLE, calls
from latentbo.report.trace_plot import trace

NAN = float("nan")


def told(start: list[float], new: list[float]) -> pd.DataFrame:
    values = [*start, *new]
    table = pd.DataFrame({name: [None] * len(values) for name in TABLE})
    table["value"], table["round"] = np.array(values, dtype=float), [0] * len(start) + [1] * len(new)
    table["status"] = ["failed" if np.isnan(value) else "measured" for value in values]
    return calls(table)


def band(n: int) -> pd.DataFrame:
    k = np.arange(1.0, n + 1)
    return pd.DataFrame({"calls": k.astype(int), "low": 1 - 1 / k, "median": 2 - 1 / k, "high": 3 - 1 / k})


@pytest.fixture
def seen(monkeypatch: pytest.MonkeyPatch) -> dict[str, list[tuple[float, float]]]:
    """The points of every labelled line and scatter that is drawn."""
    found: dict[str, list[tuple[float, float]]] = {}
    for name in ("plot", "scatter"):
        original = getattr(matplotlib.axes.Axes, name)

        def noting(self, x, y, *args, _original=original, **kwargs):
            found[kwargs["label"]] = list(zip(np.asarray(x).tolist(), np.asarray(y).tolist(), strict=True))
            return _original(self, x, y, *args, **kwargs)

        monkeypatch.setattr(matplotlib.axes.Axes, name, noting)
    return found


def test_the_line_steps_where_the_best_rises_and_ends_at_the_last_call(seen) -> None:
    drawn = trace(told([1.0, 3.0], [2.0, NAN, 5.0, 4.0]), "y", band(6))
    assert [(x, y) for x, y in seen["best so far"] if y == y] == [(1, 1.0), (2, 3.0), (5, 5.0), (6, 5.0)]
    assert seen["start data"] == [(1, 1.0), (2, 3.0)]
    assert seen["proposals"] == [(3, 2.0), (5, 5.0), (6, 4.0)]
    assert [x for x, _ in seen["failed"]] == [4]
    assert seen["random: median"] == [(k, 2 - 1 / k) for k in range(1, 7)]
    assert "1.833 after 6 (10 to 90 %: 0.8333 to 2.833)" in drawn.caption
    assert "ends at 5.000" in drawn.svg


def test_own_rows_of_later_on_are_no_start_data(seen) -> None:
    table = pd.DataFrame({name: [None] * 6 for name in TABLE})
    table["value"], table["status"] = [1.0, 2.0, 9.0, 3.0, 4.0, 5.0], "measured"
    table["round"] = [0, 0, 1, 0, 0, 2]
    trace(calls(table), "y", band(6))
    assert seen["start data"] == [(1, 1.0), (2, 2.0)]
    assert seen["own rows"] == [(4, 3.0), (5, 4.0)]
    assert seen["proposals"] == [(3, 9.0), (6, 5.0)]


def test_without_a_band_the_picture_and_the_caption_say_so(seen) -> None:
    drawn = trace(told([1.0], [2.0]), "y", None)
    assert "random screening: not known" in drawn.svg
    assert "is not known" in drawn.caption
    assert "10 to 90" not in drawn.svg
    short = trace(told([1.0], [2.0, 3.0]), "y", band(2))
    assert len(seen["random: median"]) == 2
    assert "as far as that is known" in short.caption


def test_a_long_start_takes_half_of_the_picture_and_a_band_is_thinned(seen) -> None:
    drawn = trace(told([0.0] * 1_000, [1.0] * 10), "y", band(5_000))
    assert min(x for x, _ in seen["random: median"]) == 990
    assert max(x for x, _ in seen["random: median"]) == 1_010
    ticks = [int(tick) for tick in re.findall(r">(\d{3,4})</text>", drawn.svg)]
    assert ticks
    assert min(ticks) >= 988
    trace(told([0.0], [1.0] * 4_000), "y", band(4_001))
    assert 100 < len(seen["random: median"]) <= 400


def test_values_far_below_are_counted_not_shown() -> None:
    values = [10.0, 9.0, 9.5, 9.8, 10.2, 9.9, 10.1, 9.7, -1e6]
    assert "1 low value below the axis not drawn" in trace(told([9.0], values), "y", None).caption
    assert "below" not in trace(told([9.0], values[:5]), "y", None).caption


@pytest.mark.parametrize("start", [[], [NAN, NAN]])
def test_nothing_measured_is_said(start: list[float]) -> None:
    drawn = trace(told(start, []), "y", band(3))
    assert drawn.caption == "Nothing is measured yet."
    assert "no measured value yet" in drawn.svg
