"""Motion and strips: what they say, and what they refuse."""

from __future__ import annotations

import numpy as np
import pytest

from latentbo.diagnostics.maps import principal
from latentbo.diagnostics.motion import Motion, Strip
from latentbo.errors import InputError
from latentbo.report import style
from latentbo.report.motion_plots import motion, strip


def moved(n: int) -> Motion:
    rng = np.random.default_rng(0)
    before = rng.normal(size=(n, 2))
    return Motion(("C",) * n, principal(before).axes, before, before + 0.5, np.full(n, 0.25))


@pytest.mark.parametrize("n", [1, 2, 30])
def test_before_and_after_are_joined(n: int) -> None:
    drawn = motion(moved(n))
    for words in ("before", "after", "mean motion 0.25 of the spread", "largest 0.25"):
        assert f">{words}</text>" in drawn.svg
    assert f'aria-label="{n} objects before and after, joined by lines: mean motion 0.25' in drawn.svg
    assert drawn.svg.count("LineCollection") == 1
    assert "nan" not in drawn.svg.lower()


def test_many_marks_become_an_image() -> None:
    assert "<image" not in motion(moved(style.MANY)).svg
    assert "<image" in motion(moved(style.MANY + 1)).svg


@pytest.mark.parametrize("frames", [1, 2, 5])
def test_a_strip_has_a_panel_for_each_state_on_common_axes(frames: int) -> None:
    points = np.random.default_rng(0).normal(size=(frames, 6, 2))
    found = Strip(("C",) * 6, principal(points[-1]).axes, points)
    titles = [f"epoch {i}" for i in range(frames)]
    drawn = strip(found, titles, np.arange(6.0), "logP")
    for title in titles:
        assert f">{title}</text>" in drawn.svg
    assert drawn.svg.count(">logP</text>") == 1
    shown = drawn.figure.axes[:frames]
    assert len({(axes.get_xlim(), axes.get_ylim()) for axes in shown}) == 1
    assert "logP" not in strip(found, titles).svg
    with pytest.raises(InputError, match=f"{frames} titles and 6 values are needed, not 0 and 2"):
        strip(found, [], np.zeros(2))
