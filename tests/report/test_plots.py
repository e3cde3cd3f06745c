"""Latent map and parity plot: their words, and the sizes at which marks become an image."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from latentbo.report import style
from latentbo.report.numbers import Calibration
from latentbo.report.plots import latent_map, parity

NAN = float("nan")


def known(values: list[float], rounds: list[int]) -> pd.DataFrame:
    return pd.DataFrame({"value": values, "round": rounds})


def test_map_names_its_axes_its_best_and_its_kinds() -> None:
    latents = np.array([[4.0, 0.0, 0.0], [-4.0, 0.0, 0.0], [0.0, 2.0, 0.0], [0.0, -2.0, 0.0]])
    drawn = latent_map(known([0.5, -7.25, 0.0, 0.25], [0, 1, 1, 2]), latents, "binding")
    assert "PC 1 (80\u00a0% of variance)" in drawn.svg
    assert "PC 2 (20\u00a0% of variance)" in drawn.svg
    assert "best (0.5000)" in drawn.svg
    assert drawn.svg.count(">binding</text>") == 1
    assert "start data" in drawn.svg
    assert "hold 100\u00a0% of" in drawn.caption
    assert "start data" not in latent_map(known([1.0], [3]), np.ones((1, 2)), "y").svg


@pytest.mark.parametrize("width", [1, 2, 40])
def test_map_of_any_width_and_of_equal_values(width: int) -> None:
    latents = np.random.default_rng(0).normal(size=(7, width))
    drawn = latent_map(known([3.0] * 7, [1] * 7), latents, "y")
    assert "nan" not in drawn.svg.lower()
    assert "best (3.000)" in drawn.svg


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


def test_pictures_of_nothing_say_so() -> None:
    assert "no measured molecule yet" in latent_map(known([], []), np.zeros((0, 5)), "y").svg
    none = np.zeros(0)
    assert "no measured proposal with a prediction" in parity(Calibration(none, none, none), "y").svg


def test_many_marks_become_one_image() -> None:
    rng = np.random.default_rng(0)
    few, many = style.MANY, style.MANY + 1
    sizes = {}
    for n in (few, 20 * many):
        values, latents = rng.normal(size=n), rng.normal(size=(n, 3))
        drawn = (
            latent_map(known(values.tolist(), [1] * n), latents, "y"),
            parity(Calibration(values, values + 0.1, np.full(n, 0.2)), "y"),
        )
        images = [picture.svg.count("<image") for picture in drawn]
        assert images == ([2, 1] if n > few else [1, 0])  # one is the bar of colours
        sizes[n] = sum(len(picture.svg) for picture in drawn)
    assert sizes[20 * many] < 1_000_000
