"""Grids of objects: every cell in its frame, words for those who cannot see it, images as well as molecules."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pytest

from latentbo.chemistry.descriptors import tanimoto
from latentbo.chemistry.drawing import raster
from latentbo.codecs.base import Reading
from latentbo.diagnostics.dead_zones import Decodes, Gauge
from latentbo.diagnostics.grids import Neighbourhood, Slice
from latentbo.diagnostics.grids import convex_slice as find_slice
from latentbo.diagnostics.grids import neighbourhood as find_neighbourhood
from latentbo.diagnostics.predictions import Prediction
from latentbo.report.grid_plots import convex_slice, neighbourhood
from latentbo.report.object_cells import DEAD, SOUND, UNDECIDED, frames


@pytest.fixture(scope="module")
def around(gauge: Gauge) -> Neighbourhood:
    return find_neighbourhood(gauge, "CCO", tanimoto, seed=0, reach=1)


@pytest.fixture(scope="module")
def between(gauge: Gauge) -> Slice:
    return find_slice(gauge, ("CCO", "c1ccccc1", "CN1CCOCC1"), steps=2)


def judged(decodes: Decodes, reencoding_distance: list[float], entropy: list[float]) -> Decodes:
    n = len(reencoding_distance)
    return Decodes(
        decodes.z[:n],
        decodes.readings[:n],
        np.array(reencoding_distance),
        np.ones(n),
        np.array(entropy),
        usual=0.5,
        exact=True,
    )


def written_nan(svg: str) -> bool:
    """Whether a number that is none was written, the letters of embedded images aside."""
    return "nan" in re.sub(r'"data:[^"]*"', "", svg).lower()


def test_frames_say_dead_before_undecided(around: Neighbourhood) -> None:
    found = judged(around.decodes, [0.2, 2.0, 0.2, 2.0, np.inf], [0.1, 0.1, 0.9, 0.9, 0.1])
    assert frames(found) == [SOUND, DEAD, UNDECIDED, DEAD, DEAD]


def test_a_neighbourhood_has_a_picture_and_a_number_in_each_cell(around: Neighbourhood) -> None:
    drawn = neighbourhood(around, raster)
    assert drawn.svg.count("<image") == 9 + 1  # one is the bar of colours
    for alike in around.likeness:
        assert f">{alike:.2f}</text>" in drawn.svg
    for words in ("first random direction (standard deviations of the prior)", "an object's own point"):
        assert f">{words}</text>" in drawn.svg
    assert "Tanimoto similarity to the centre" in drawn.svg
    assert 'role="img" aria-label="3 by 3 grid of decoded objects about CCO' in drawn.svg
    assert f"Dead zones ({int(around.decodes.dead.sum())} of 9)" in drawn.caption
    assert f"{around.decodes.usual:.2f} nats a token" in drawn.caption
    assert "decodes to another object" not in drawn.caption
    assert "decodes to another object" in neighbourhood(replace(around, centre="CCN"), raster).caption


def test_what_was_not_decoded_or_has_no_picture_is_said(around: Neighbourhood) -> None:
    nothing = (Reading(None, reason="empty"), *around.decodes.readings[1:])
    broken = replace(
        around,
        decodes=replace(around.decodes, readings=nothing),
        likeness=np.array([np.nan, *around.likeness[1:]]),
    )
    svg = neighbourhood(broken, lambda name, width, height: None).svg
    assert svg.count(">nothing</text>") == 1
    written = [name for name in around.decodes.objects[1:] if name is not None]
    assert sum(f">{name}</text>" in svg for name in written) == len(written) == 8
    assert not written_nan(svg)


def test_grey_images_are_drawn_too(around: Neighbourhood) -> None:
    drawn = neighbourhood(
        around, lambda name, width, height: np.full((12, 8), 128, dtype=np.uint8), "likeness"
    )
    assert drawn.svg.count("<image") == 9 + 1
    assert "likeness to the centre" in drawn.svg


def test_a_slice_is_tinted_by_what_is_predicted_or_by_the_distance(between: Slice) -> None:
    plain = convex_slice(between, raster)
    assert plain.svg.count("<image") == 6 + 1
    assert "decode - re-encode distance (prior sd)" in plain.svg
    assert "share of the top object" in plain.svg
    values = np.array([1.25, np.nan, 2.5, 3.75, 4.0, 5.5])
    drawn = convex_slice(replace(between, predicted=Prediction(values, 0 * values)), raster, "logP")
    assert drawn.svg.count(">predicted logP</text>") == 1
    for text in (">1.2</text>", ">5.5</text>"):
        assert text in drawn.svg
    assert (
        "Triangle of decoded objects between CCO, c1ccccc1 and CN1CCOCC1, tinted by predicted logP"
        in drawn.svg
    )


def test_a_slice_of_which_nothing_is_known(between: Slice) -> None:
    unknown = Prediction(np.full(6, np.nan), np.full(6, np.nan))
    assert not written_nan(convex_slice(replace(between, predicted=unknown), raster, "y").svg)
