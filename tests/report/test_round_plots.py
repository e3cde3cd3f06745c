"""Pictures by round: counts add up, rounds are grouped, and what is not known is said."""

from __future__ import annotations

import numpy as np
import pandas as pd

from latentbo.report.page import ROUNDS
from latentbo.report.round_plots import candidates, model_by_round

NAN = float("nan")


def rounds(n: int, **columns: object) -> pd.DataFrame:
    frame = pd.DataFrame({name: np.full(n, NAN) for name in ROUNDS})
    return frame.assign(
        round=np.arange(1, n + 1), asked=10, invalid=5, duplicate=3, filtered=2, encoder="e"
    ).assign(**columns)


def test_without_made_the_kept_are_those_asked_for() -> None:
    caption = candidates(rounds(4), []).caption
    assert (
        "40 kept (50\u00a0%), 8 filtered out (10\u00a0%), 12 duplicate (15\u00a0%), 20 invalid (25\u00a0%)"
        in caption
    )
    assert "40 were asked for" in caption


def test_with_made_the_kept_are_the_rest() -> None:
    caption = candidates(rounds(2, made=[100, 60]), []).caption
    assert "140 kept (88\u00a0%), 4 filtered out (2\u00a0%)" in caption
    assert "20 were asked for" in caption


def test_counts_that_are_not_known_count_as_none() -> None:
    drawn = candidates(rounds(3, invalid=[NAN, 1, NAN], made=[NAN, 20, 30]), [])
    assert "49 kept" in drawn.caption  # 10 asked; 20 - 3 - 2 - 1; 30 - 3 - 2
    assert "1 invalid" in drawn.caption


def test_many_rounds_are_grouped_and_said_to_be() -> None:
    assert ">round</text>" in candidates(rounds(60), []).svg
    drawn = candidates(rounds(1_000), [])
    assert "round (means of 17 rounds)" in drawn.svg
    assert len(drawn.svg) < 100_000
    assert "round (means of 17 rounds)" in model_by_round(rounds(1_000, nll=1.0), []).svg


def test_new_encoders_are_marked() -> None:
    for draw in (candidates, model_by_round):
        assert "new encoder" not in draw(rounds(5), []).svg
        assert draw(rounds(5), [2, 4]).svg.count(">new encoder</text>") == 1


def test_qualities_that_are_not_known_are_said_to_be() -> None:
    assert model_by_round(rounds(5), []).svg.count(">not known</text>") == 3
    some = model_by_round(rounds(5, nll=[NAN, 0.5, 0.4, NAN, -1.25], coverage=0.9), [])
    assert some.svg.count(">not known</text>") == 1
    assert "NLL per point -1.25, coverage 0.900, region length –" in some.svg
    assert "95 % wanted" in some.svg


def test_one_round_and_none() -> None:
    assert "(1 round)" in candidates(rounds(1), []).svg
    for draw in (candidates, model_by_round):
        assert "no round yet" in draw(rounds(0), []).svg
