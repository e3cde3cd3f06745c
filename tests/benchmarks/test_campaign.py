"""The campaign benchmark's smoke setting, on a model that fits a unit test."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from benchmarks.campaign import Cell, main, of_rows, seeds_of, summary
from latentbo.campaign.history import ObjectRecord
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
    # Retraining is measured the other way too, and what part the latent space had in it.
    assert {"campaign_retrained_best_mean", "campaign_not_retrained_best_mean"} & set(result)
    assert 0.0 <= result["best50_come_back"] == result["campaign_best50_come_back_mean"] <= 1.0


def test_what_came_from_the_latent_space_is_counted(tiny_model: DKLVAE) -> None:
    names = ["CCO", "CCN", "c1ccccc1", "CCCl", "CC(C)O", "C1CCCCCCCC1"]
    proposers = ["start", "prior", "path", "graph", "perturb", "graph"]
    rows = [
        ObjectRecord(f"{i}", name, i, proposer, mean=None if i < 2 else 0.0, values=(float(i),))
        for i, (name, proposer) in enumerate(zip(names, proposers, strict=True))
    ]
    found = of_rows(rows, tiny_model)
    assert found["from_latent"] == 2 / 4  # the prior's first draws were no choice
    assert found["latent_of_best5"] == 2
    assert found["best50_realistic"] == pytest.approx(5 / 6)
    back = tiny_model.decode(tiny_model.embed(tiny_model.codec.read(names)))
    assert found["best50_come_back"] == sum(a.object == b for a, b in zip(back, names, strict=True)) / 6


def test_the_spread_is_over_seeds() -> None:
    cells = [Cell("campaign", 0, {"best": 0.6}), Cell("campaign", 1, {"best": 0.8})]
    numbers = summary(cells)
    assert numbers["campaign_best_mean"] == pytest.approx(0.7)
    assert numbers["campaign_best_sd"] == pytest.approx(0.2 / 2**0.5)
    assert numbers["campaign_best_min"] == 0.6


def test_seeds_are_a_range_or_a_list() -> None:
    assert seeds_of("0-2") == [0, 1, 2]
    assert seeds_of("4,7") == [4, 7]
