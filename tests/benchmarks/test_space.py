from __future__ import annotations

import json
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

from benchmarks import __main__ as command
from benchmarks import results, space
from latentbo.models.dkl_vae import DKLVAE
from latentbo.models.pretrained import save_model

MEASURED = {
    "exact_match", "exact_match_beam", "exact_match_unaided", "token_accuracy", "ks_qed", "ks_logp", "ks_weight", "fixed_points",
    "half_changed_tanimoto",
    "decodes_per_second", "beam_decodes_per_second", "valid", "unique", "new", "active_units", "half_changed_step",
    "encodes_per_second",
    "objects_per_second", "posterior_sd", "valid_near", "realistic_near", "realistic_samples", "realistic_draws",
    "ring_systems_tv", "ring_systems_tv_held_out", "weights_mb",
}  # fmt: skip
STAMP = {
    "model", "model_id", "data", "data_sha256", "smoke", "command", "seeds", "commit", "versions", "machine",
    "wall_seconds",
}  # fmt: skip
TAILS = ("O", "N", "Cl", "C(=O)O", "c1ccccc1", "C#N", "C(C)C", "OC", "NC(C)=O", "C(N)=O")


@pytest.fixture
def folder(tiny_model: DKLVAE, tmp_path: Path) -> Path:
    save_model(tiny_model, tmp_path / "model")
    return tmp_path / "model"


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """101 molecules; the held-out lines are 0 ("CO"), 50 and 100."""
    file = tmp_path / "chains.smi"
    file.write_text("\n".join("C" * n + tail for n in range(1, 11) for tail in TAILS) + "\nCCO\n")
    return file


def test_a_smoke_run_prints_a_table_and_writes_a_stamped_result(
    folder: Path, data: Path, tmp_path: Path, tiny_model: DKLVAE, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "results" / "space.json"
    space.main(["--model", str(folder), "--data", str(data), "--out", str(out), "--smoke", "--workers", "1"])
    result = json.loads(out.read_text(), parse_constant=lambda name: pytest.fail(f"{name} is not JSON"))
    assert set(result) == MEASURED | STAMP
    assert not any(isinstance(value, dict) for name, value in result.items() if name != "versions")
    assert result["model_id"] == tiny_model.id
    assert result["smoke"] is True
    held_out = tiny_model.codec.read(["CO", "CCCCCCO", "CCO"])
    back = tiny_model.decode(tiny_model.embed(held_out), width=1)
    same = sum(a.object == b.object for a, b in zip(held_out, back, strict=True))
    assert 0 < same < 3
    assert result["exact_match"] == round(same / 3, 4)
    assert result["seeds"] == [0]
    assert result["weights_mb"] == float(f"{(folder / 'weights.safetensors').stat().st_size / 1e6:.4g}")
    shown = capsys.readouterr()
    assert f"exact_match{result['exact_match']:>24.3f}  >= 0.95" in shown.out
    assert all(name in shown.out for name in space.BARS)
    assert "not the file" in shown.err


def test_every_measure_has_its_line(folder: Path, data: Path, tmp_path: Path) -> None:
    numbers = space.run(str(folder), data, tmp_path / "x.json", smoke=True, seed=3, workers=1)
    assert set(numbers) == set(space.BARS) == MEASURED
    assert json.loads((tmp_path / "x.json").read_text())["seeds"] == [3]


def test_a_missing_model_is_a_message(data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        space.main(
            ["--model", str(tmp_path / "none"), "--data", str(data), "--out", str(tmp_path / "x.json")]
        )
    assert stopped.value.code == 2
    assert "no model" in capsys.readouterr().err


def test_what_is_not_finite_is_null(tmp_path: Path) -> None:
    numbers = {"a": float("inf"), "b": float("nan"), "c": 1 / 3, "d": 0.0123456}
    results.write_result(tmp_path / "x.json", numbers, seeds=[], wall_seconds=1.0)
    result = json.loads((tmp_path / "x.json").read_text())
    assert (result["a"], result["b"], result["c"]) == (None, None, 0.3333)
    assert result["d"] == 0.01235, "a small error keeps its digits"


def test_codecs_are_another_command(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[list[str]] = []
    monkeypatch.setattr(space.space_codecs, "main", seen.append)
    space.main(["--codecs", "--smoke", "--beta", "0.1"])
    assert seen == [["--smoke", "--beta", "0.1"]]


def test_the_command_knows_its_benchmarks(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[list[str]] = []
    monkeypatch.setattr(space, "main", lambda: seen.append(sys.argv))
    monkeypatch.setattr(sys, "argv", ["benchmarks", "space", "--smoke"])
    command.main()
    assert seen == [["python -m benchmarks space", "--smoke"]]
    monkeypatch.setattr(sys, "argv", ["benchmarks", "spcae"])
    with pytest.raises(SystemExit, match="objective_speed"):
        command.main()


def test_every_benchmark_is_a_module() -> None:
    for name in command.BENCHMARKS:
        assert callable(import_module(f"benchmarks.{name}").main)


def test_the_commit_is_the_checkout_s() -> None:
    found = results.commit()
    git = subprocess.run(
        ["git", "-C", str(Path(__file__).parent), "rev-parse", "--short=12", "HEAD"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (found or "").rstrip("+") == (git.stdout.strip() if git.returncode == 0 else "")
