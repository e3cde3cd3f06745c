"""The properties benchmark's smoke setting, on a model that fits a unit test."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from benchmarks.properties import NAMES, main
from latentbo.models.dkl_vae import DKLVAE
from latentbo.models.pretrained import save_model


def test_a_smoke_run_measures_both_kinds_of_heads(
    tiny_model: DKLVAE, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    save_model(tiny_model, tmp_path / "tiny")
    (tmp_path / "lines.smi").write_text("\n".join(["CCO", "CCN", "CCCC", "CCCO", "CC(C)O", "CCCN"] * 40))
    monkeypatch.setattr("benchmarks.properties.fetch", lambda _: tmp_path / "lines.smi")
    result = tmp_path / "p.json"
    main(
        [
            "--smoke",
            "--seeds",
            "2",
            "--model",
            str(tmp_path / "tiny"),
            "--out",
            str(tmp_path),
            "--result",
            str(result),
        ]
    )
    numbers = json.loads(result.read_text())
    for kind in ("exact", "sparse"):
        for name in NAMES:
            assert 0.0 <= numbers[f"{kind}_{name}_coverage"] <= 1.0
            assert numbers[f"{kind}_{name}_rmse"] >= 0.0
    assert numbers["exact_logp_r2"] > 0.5  # six molecules, seen many times
    assert 0.0 <= numbers["exact_match"] <= 1.0
    assert (tmp_path / "properties_axes_2.png").stat().st_size > 5_000
    assert "| logp | " in capsys.readouterr().out
