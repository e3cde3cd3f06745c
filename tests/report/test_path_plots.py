"""Paths: their panels, what is shaded, and what they say in words."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from latentbo.chemistry.descriptors import tanimoto
from latentbo.chemistry.drawing import raster
from latentbo.codecs.base import Reading
from latentbo.diagnostics.dead_zones import Gauge
from latentbo.diagnostics.paths import LINE, SPHERE, Path
from latentbo.diagnostics.paths import path as find_path
from latentbo.diagnostics.predictions import Prediction
from latentbo.report.path_plots import DRAWN, _runs, path


@pytest.fixture(scope="module")
def line(gauge: Gauge) -> Path:
    return find_path(gauge, ("CCO", "CN1CCOCC1"), LINE, tanimoto, steps=9)


def shades(svg: str) -> tuple[int, int]:
    """How many areas are hatched (dead) and how many plain (undecided), the legend's among them."""
    return svg.count("fill: url(#"), svg.count("fill: #fbeccb")


def test_a_path_names_its_panels_and_their_units(line: Path) -> None:
    drawn = path(line, raster)
    assert drawn.svg.count("<image") == DRAWN
    for words in ("Tanimoto", "(prior sd)", "(nats/token)", "share of the way (straight line)", "dead zone"):
        assert f">{words}</text>" in drawn.svg
    assert "predicted" not in drawn.svg
    assert drawn.name == "path-line"
    assert 'aria-label="Path from CCO to CN1CCOCC1 along the straight line' in drawn.svg
    assert "different objects in 9 steps" in drawn.caption
    assert "great arc" in path(replace(line, way=SPHERE), raster).svg


def test_a_prediction_has_its_interval(line: Path) -> None:
    mean = np.linspace(0.0, 1.0, 9)
    drawn = path(replace(line, predicted=Prediction(mean, 0.1 + 0 * mean)), raster, name="logP")
    for words in ("logP", "95 % interval", "predicted mean"):
        assert f">{words}</text>" in drawn.svg
    assert "without the noise of a measurement" in drawn.caption


def test_each_run_of_dead_or_undecided_points_is_shaded_in_every_panel(line: Path) -> None:
    reencoding_distance, entropy = np.zeros(9), np.zeros(9)
    sound = replace(
        line,
        decodes=replace(
            line.decodes, reencoding_distance=reencoding_distance, stranger=np.ones(9), entropy=entropy
        ),
    )
    dead, undecided = shades(path(sound, raster).svg)
    reencoding_distance, entropy = reencoding_distance.copy(), entropy.copy()
    reencoding_distance[[2, 3, 7]], entropy[[3, 4, 7]] = 2.0, 9.0  # two are both, and called dead
    mixed = replace(
        sound, decodes=replace(sound.decodes, reencoding_distance=reencoding_distance, entropy=entropy)
    )
    found = shades(path(mixed, raster).svg)
    assert found == (dead + 2 * 3, undecided + 1 * 3)
    assert "Dead zones (3 of 9)" in path(mixed, raster).caption


def test_runs() -> None:
    for rows, expected in (
        ("", []),
        ("0", []),
        ("1", [(0, 0)]),
        ("0110", [(1, 2)]),
        ("1011", [(0, 0), (2, 3)]),
    ):
        assert _runs(np.array([c == "1" for c in rows], dtype=bool)) == expected


def test_an_end_that_does_not_come_back_is_said(line: Path) -> None:
    changed = replace(line, ends=("CCN", "CN1CCOCC1"))
    assert "CCN itself does not come back" in path(changed, raster).caption
    assert "come back" not in path(line, raster).caption


@pytest.mark.parametrize("steps", [2, 3, 40])
def test_any_number_of_steps(gauge: Gauge, steps: int) -> None:
    found = find_path(gauge, ("CCO", "CN1CCOCC1"), LINE, tanimoto, steps=steps)
    assert path(found, raster).svg.count("<image") == min(steps, DRAWN)


def test_where_nothing_is_decoded_there_is_no_line(line: Path) -> None:
    none = (Reading(None, reason="empty"),) * 9
    empty = replace(line.decodes, readings=none, reencoding_distance=np.full(9, np.inf))
    drawn = path(replace(line, decodes=empty, likeness=np.full((9, 2), np.nan)), raster)
    assert drawn.svg.count(">nothing</text>") == DRAWN
    assert "<image" not in drawn.svg
    assert "nan" not in drawn.svg.lower()
