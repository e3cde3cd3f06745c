"""The campaign benchmark's smoke setting, on a model that fits a unit test."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from benchmarks.campaign import Cell, main, seeds_of, summary
from latentbo.models.dkl_vae import DKLVAE
from latentbo.models.pretrained import save_model


def test_a_smoke_run_measures_both_sides_on_the_same_calls(tiny_model: DKLVAE, tmp_path: Path) -> None:
    save_model(tiny_model, tmp_path / "tiny")
    out = tmp_path / "campaign.json"
    main(
        [
            "--smoke",
            "--objective",
            "qed",
            "--seeds",
            "3",
            "--model",
            str(tmp_path / "tiny"),
            "--out",
            str(out),
        ]
    )
    result = json.loads(out.read_text())
    assert result["budget"] == 30
    assert result["seeds"] == [3]
    assert 0.0 < result["random_best_mean"] <= 1.0
    assert result["campaign_top10_mean"] <= result["campaign_best_mean"]


def test_the_spread_is_over_seeds() -> None:
    cells = [Cell("campaign", 0, 0.6, 0.5, 1.0), Cell("campaign", 1, 0.8, 0.7, 3.0)]
    numbers = summary(cells)
    assert numbers["campaign_best_mean"] == pytest.approx(0.7)
    assert numbers["campaign_best_sd"] == pytest.approx(0.2 / 2**0.5)
    assert numbers["campaign_best_min"] == 0.6


def test_seeds_are_a_range_or_a_list() -> None:
    assert seeds_of("0-2") == [0, 1, 2]
    assert seeds_of("4,7") == [4, 7]
