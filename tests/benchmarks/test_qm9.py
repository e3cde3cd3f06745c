"""The QM9 benchmark's smoke setting, and its parts against hand calculations."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch

from benchmarks.qm9.command import HEADS, REBUILT, main
from benchmarks.qm9.heads import split_of, trend
from benchmarks.qm9.rebuilt import rebuilt
from latentbo.models.dkl_vae import DKLVAE
from tests.benchmarks.conftest import smoke


def test_a_smoke_run_measures_everything_once(
    smoke_qm9: Path,
    shared_data: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("LATENTBO_DATA", str(shared_data))
    numbers = json.loads((smoke_qm9 / "result.json").read_text())
    headline = (
        "exact_match",
        "h298_rmse_hartree",
        "atom_count_rmse_hartree",
        "tanimoto_gp_rmse_hartree",
        "h298_atom_rmse_kcal",
    )
    for name in (*headline, *REBUILT, *(f"{name}_rmse_hartree" for name in HEADS)):
        assert name in numbers, name
    assert numbers["group_rmse_hartree"] < numbers["latent_rmse_hartree"]
    assert numbers["h298_atom_rmse_kcal"] == pytest.approx(627.5 * numbers["h298_rmse_hartree"], rel=1e-2)
    assert all(
        (smoke_qm9 / name).stat().st_size > 5_000
        for name in ("qm9_heads.png", "qm9_training_3.png", "qm9_tradeoff.png")
    )
    for weight in ("0", "10", "100"):
        assert 0.0 <= numbers[f"scale_{weight}_exact_match"] <= 1.0
    assert numbers["scale_10_full_rmse_hartree"] == pytest.approx(numbers["h298_rmse_hartree"], rel=1e-3)
    capsys.readouterr()
    main(smoke(smoke_qm9))
    printed = capsys.readouterr().out
    assert "heads_3" not in printed, "nothing is measured again"
    assert "ours: z, descriptors, counts, DKL" in printed
    assert f"| 100 | {numbers['scale_100_exact_match']:.3f} |" in printed


def test_numbers_alone_make_the_table(
    smoke_qm9: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copy(smoke_qm9 / "numbers.json", tmp_path)
    main(smoke(tmp_path))
    assert "| samples that are molecules | " in capsys.readouterr().out
    assert not [each for each in tmp_path.iterdir() if each.is_dir()], "no space was trained"


def test_atoms_explain_what_is_a_sum_over_atoms() -> None:
    names = ["C", "CC", "CCC", "CO", "CCO", "O", "N", "CN", "CCN", "OCCO"]
    h = np.array(
        [float(text.count("C") * -38 + text.count("O") * -75 + text.count("N") * -54) for text in names]
    )
    split = split_of(names, h, np.arange(10), 8, 2)
    found = trend(split, atoms_only=True)
    assert split.asked == ("CCN", "OCCO")
    assert split.rmse(found.asked) < 1e-6
    assert found.rest.abs().max() < 1e-6
    assert split.rmse(found.asked + torch.tensor([[3.0], [-4.0]])) == pytest.approx(12.5**0.5)


def test_padding_flatters_token_accuracy(tiny_model: DKLVAE) -> None:
    readings = tiny_model.codec.read(["CCO", "CCC", "CCCCO", "c1ccccc1O"])
    found = rebuilt(tiny_model, readings)
    assert 0.0 <= found["token_accuracy"] <= found["token_accuracy_padded"] <= 1.0
