"""Parity plot: its words, and the size at which marks become an image."""

from __future__ import annotations

import numpy as np

from latentbo.report import style
from latentbo.report.numbers import Calibration
from latentbo.report.plots import parity

NAN = float("nan")


def test_parity_prints_coverage_and_error() -> None:
    checked = Calibration(np.array([1.0, 2.0, 3.0]), np.array([1.0, 2.0, 4.0]), np.array([0.1, 0.1, 0.5]))
    drawn = parity(checked, "y")
    assert "coverage 67\u00a0% (2 of 3)" in drawn.svg
    assert "RMSE 0.577" in drawn.svg
    for words in (
        "measured y",
        "predicted when proposed",
        "inside its 95 % interval",
        "outside",
        "measured = predicted",
    ):
        assert f">{words}</text>" in drawn.svg
    assert ">outside<" not in parity(Calibration(np.ones(2), np.ones(2), np.ones(2)), "y").svg


def test_a_picture_of_nothing_says_so() -> None:
    none = np.zeros(0)
    assert "no measured proposal with a prediction" in parity(Calibration(none, none, none), "y").svg


def test_many_marks_become_one_image() -> None:
    rng = np.random.default_rng(0)
    for n, images in ((style.MANY, 0), (20 * style.MANY, 1)):
        values = rng.normal(size=n)
        svg = parity(Calibration(values, values + 0.1, np.full(n, 0.2)), "y").svg
        assert svg.count("<image") == images
    assert len(svg) < 700_000
