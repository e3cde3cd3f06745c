"""The numbers that the pictures show, against counting by hand."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from latentbo.report.numbers import TABLE, Calibration, after, calibration, calls, grouped, leaders

NAN = float("nan")


def rows(*values: tuple[int, str, object, str, float, float]) -> pd.DataFrame:
    """Rows of (round, smiles, value, status, mean, sd)."""
    table = pd.DataFrame(values, columns=["round", "object", "value", "status", "mean", "sd"])
    return table.assign(id="x", reason=None, proposer=None, p_feasible=NAN)[list(TABLE)]


def test_calls_are_the_told_rows_and_best_never_falls() -> None:
    told = calls(
        rows(
            (0, "C", NAN, "failed", NAN, NAN),
            (0, "CC", -3.0, "measured", NAN, NAN),
            (1, "CCC", 5.0, "pending", NAN, NAN),
            (1, "CCCC", 99.0, "failed", NAN, NAN),
            (1, "CCO", -5.0, "measured", NAN, NAN),
            (2, "CO", -1.0, "measured", NAN, NAN),
            (2, "OO", "n/a", "measured", NAN, NAN),
            (2, "NN", float("inf"), "measured", NAN, NAN),
        )
    )
    assert told["call"].tolist() == [1, 2, 3, 4, 5, 6, 7]
    assert told["object"].tolist() == ["C", "CC", "CCCC", "CCO", "CO", "OO", "NN"]
    np.testing.assert_equal(told["best"].to_numpy(), [NAN, -3.0, -3.0, -3.0, -1.0, -1.0, -1.0])
    assert told["value"].isna().tolist() == [True, False, True, False, False, True, True]


def test_leaders_are_the_best_each_object_once_and_ties_in_order() -> None:
    told = calls(
        rows(
            *(
                (1, s, v, "measured", NAN, NAN)
                for s, v in zip("CNCOFN", [2.0, 7.0, 9.0, 7.0, NAN, 1.0], strict=True)
            )
        )
    )
    assert leaders(told, 3)[["object", "value"]].to_numpy().tolist() == [["C", 9.0], ["N", 7.0], ["O", 7.0]]
    assert len(leaders(told, 25)) == 3


def test_calibration_uses_measured_proposals_that_have_a_prediction() -> None:
    found = calibration(
        calls(
            rows(
                (0, "C", 1.0, "measured", 1.0, 1.0),  # start data
                (1, "N", 1.0, "measured", 0.0, 0.52),  # inside: 1 <= 1.96 * 0.52
                (1, "O", 1.0, "measured", 0.0, 0.50),  # outside: 1 > 1.96 * 0.50
                (1, "F", 1.0, "measured", NAN, 0.50),
                (1, "S", 1.0, "measured", 1.0, NAN),
                (1, "P", NAN, "failed", 1.0, 0.50),
                (2, "CC", 4.0, "measured", 4.0, 0.0),
            )
        )
    )
    assert found.measured.tolist() == [1.0, 1.0, 4.0]
    assert found.inside.tolist() == [True, False, True]
    assert found.coverage == pytest.approx(2 / 3)
    assert found.rmse == pytest.approx((2 / 3) ** 0.5)


def test_calibration_of_nothing_is_not_a_number() -> None:
    none = Calibration(np.zeros(0), np.zeros(0), np.zeros(0))
    assert np.isnan([none.coverage, none.rmse]).all()


def test_grouped_rounds_keep_their_means() -> None:
    rounds = pd.DataFrame({"round": range(1, 8), "nll": [1.0, 3.0, NAN, 5.0, 0.0, 2.0, 9.0], "encoder": "e"})
    single, one = grouped(rounds, 7)
    assert one == 1
    assert single["round"].tolist() == rounds["round"].tolist()
    threes, size = grouped(rounds, 3)
    assert size == 3
    assert threes["round"].tolist() == [2.0, 5.0, 7.0]
    assert threes["nll"].tolist() == [2.0, pytest.approx(7 / 3), 9.0]


def test_after_finds_the_row_of_that_many_calls() -> None:
    band = pd.DataFrame({"calls": [1, 5], "low": [NAN, 1.0], "median": [1.0, 2.0], "high": [2.0, 3.0]})
    assert after(band, 5) == (1.0, 2.0, 3.0)
    assert after(band, 1) is None  # a quantile of draws without a value
    assert after(band, 4) is None
    assert after(band.iloc[:0], 1) is None
    assert after(None, 1) is None
