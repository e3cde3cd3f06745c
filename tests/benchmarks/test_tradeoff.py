from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch

from benchmarks import tradeoff


def test_a_smoke_run_measures_the_model_and_each_weight(
    shared_data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out, threads = tmp_path / "tradeoff.json", torch.get_num_threads()
    arguments = ["--smoke", "--betas", "0.01,30", "--threads", str(threads), "--out", str(out)]
    tradeoff.main(["--data", str(shared_data / "zinc250k.smi.gz"), *arguments])
    result = json.loads(out.read_text())
    shown = capsys.readouterr().out
    for name in ("as_it_is", "beta_0.01", "beta_30"):
        assert name.replace("_", " ", 1 if name.startswith("beta") else 2) in shown
        for key in tradeoff.SHOWN:
            assert f"{name}_{key}" in result
    assert result["beta_0.01_posterior_sd"] < result["beta_30_posterior_sd"]
    assert result["smoke"] is True
