"""The Ax benchmark's smoke setting, on a model that fits a unit test."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from benchmarks.ax import METHODS, ax_default_cell, main, summary
from benchmarks.campaign import Cell
from latentbo.models.dkl_vae import DKLVAE
from latentbo.models.pretrained import save_model


# In Ax's own fit and optimisation.
@pytest.mark.filterwarnings("ignore::linear_operator.utils.warnings.NumericalWarning")
def test_a_smoke_run_measures_all_three_on_the_same_calls(tiny_model: DKLVAE, tmp_path: Path) -> None:
    save_model(tiny_model, tmp_path / "tiny")
    out = tmp_path / "ax.json"
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
    assert (result["budget"], result["seeds"]) == (25, [3])
    for method in METHODS:
        assert 0.0 < result[f"top10_{method}"] <= result[f"best_{method}"] <= 1.0
        assert result[f"seconds_per_trial_{method}"] > 0.0


def test_a_molecule_that_comes_again_is_no_call(tiny_model: DKLVAE, tmp_path: Path) -> None:
    save_model(tiny_model, tmp_path / "tiny")
    asked: list[str] = []

    def objective(objects: list[str]) -> list[float]:
        asked.extend(objects)
        return [float(len(text)) for text in objects]

    cell = ax_default_cell(objective, str(tmp_path / "tiny"), 5, 5, 0)
    assert len(asked) == len(set(asked)) == 5
    assert cell.figures["best"] == max(map(len, asked))


def test_seconds_are_a_trial_s() -> None:
    cells = [
        Cell(method, seed, {"best": 0.5 + 0.2 * seed, "top10": 0.4, "cpu_seconds": 10.0 + 2.0 * seed})
        for method in METHODS
        for seed in (0, 1)
    ]
    numbers = summary(cells, 10)
    assert numbers["best_node"] == pytest.approx(0.6)
    assert numbers["best_node_sd"] == pytest.approx(0.2 / 2**0.5)
    assert numbers["best_node_min"] == 0.5
    assert numbers["seconds_per_trial_node"] == pytest.approx(1.1)
