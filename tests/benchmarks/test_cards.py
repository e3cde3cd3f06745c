"""The cards benchmark's smoke setting: every figure is measured, every picture drawn, and nothing is done twice."""

from __future__ import annotations

import json
import math
import shutil
from pathlib import Path

import pytest

from benchmarks.cards.command import ROWS, main
from benchmarks.cards.loop import _reached
from benchmarks.cards.settings import FULL, SMOKE
from benchmarks.saved_numbers import SavedNumbers
from latentbo.errors import InputError
from tests.benchmarks.conftest import smoke


def test_a_smoke_run_measures_everything_once(smoke_cards: Path, capsys: pytest.CaptureFixture[str]) -> None:
    result = smoke_cards / "result.json"
    numbers = json.loads(result.read_text())
    assert numbers["smoke"] is True
    assert numbers["seeds"] == [3]
    for name in ("angle_rmse_degrees", "ssim_min_suit", "gap7_ssim_min_suit", *ROWS):
        assert name in numbers, name
    assert 0.0 < numbers["angle_rmse_degrees"] < 100.0
    assert -1.0 <= numbers["ssim_min_suit"] <= 1.0
    pictures = ("gap", "maps", "decoded", "weights")
    assert all((smoke_cards / f"cards_{name}_3.png").stat().st_size > 5_000 for name in pictures)
    capsys.readouterr()
    main(smoke(smoke_cards))
    printed = capsys.readouterr().out
    assert "| angle RMSE, jointly | " in printed
    assert "s)" not in printed.replace("(degrees)", ""), "nothing is measured again"
    assert json.loads(result.read_text())["angle_rmse_degrees"] == numbers["angle_rmse_degrees"]


def test_numbers_alone_make_the_table(
    smoke_cards: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copy(smoke_cards / "numbers.json", tmp_path)
    main(smoke(tmp_path))
    assert "| angle RMSE, jointly | " in capsys.readouterr().out
    assert not [each for each in tmp_path.iterdir() if each.is_dir()], "no space was trained"


def test_what_was_measured_is_kept(tmp_path: Path) -> None:
    file = tmp_path / "numbers.json"
    assert SavedNumbers(file, SMOKE).get("a", lambda: {"x": 1.0}) == {"x": 1.0}
    assert SavedNumbers(file, SMOKE).get("a", lambda: {"x": 2.0}) == {"x": 1.0}
    with pytest.raises(InputError, match="measured in another setting"):
        SavedNumbers(file, FULL)


def test_labels_are_counted_to_the_first_that_met_the_target() -> None:
    found = _reached("campaign", [None, 3.0, 0.9, 0.1])
    assert found == {
        "loop_campaign_labels": 3.0,
        "loop_campaign_best_degrees": 0.1,
        "loop_campaign_other_suits": 1.0,
    }
    never = _reached("random", [None, None])
    assert never["loop_random_labels"] == 3.0
    assert math.isnan(never["loop_random_best_degrees"])
