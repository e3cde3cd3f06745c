"""Objectives and models from the command line, without a campaign."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from typer.testing import Result

from benchmarks.cards.drawing import draw_cards
from latentbo.models.pretrained import load_model
from latentbo.objectives.molecules import objective
from latentbo.torch_rng import stream

Invoke = Callable[..., Result]
Write = Callable[..., Path]


def test_score(invoke: Invoke, write: Write) -> None:
    file = write("a.smi", "CC(=O)Oc1ccccc1C(=O)O aspirin\nC1CC\nCCO\n")
    result = invoke("score", "--objective", "qed", file)
    rows = list(csv.reader(io.StringIO(result.stdout)))
    aspirin, ethanol = objective("qed")(["CC(=O)Oc1ccccc1C(=O)O", "CCO"])
    assert rows == [
        ["smiles", "value"],
        ["CC(=O)Oc1ccccc1C(=O)O", repr(aspirin)],
        ["C1CC", ""],
        ["CCO", repr(ethanol)],
    ]
    assert "'C1CC' failed: the objective returned None" in result.stderr


def test_score_with_a_function_that_raises(invoke: Invoke, write: Write) -> None:
    write(
        "mine.py",
        "def f(smiles):\n    if 'C' in smiles: raise OSError('no disk')\n    return [2.0 for _ in smiles]\n",
    )
    result = invoke("score", "--objective", "mine.py:f", write("a.csv", "smiles\nCC\nC\n"))
    assert result.stdout == "smiles,value\nCC,2.0\nC,\n"
    assert "'C' failed: the objective raised OSError: no disk" in result.stderr


def test_score_names_what_is_missing(invoke: Invoke, write: Write) -> None:
    assert "did you mean 'qed'" in invoke("score", "--objective", "qud", write("a.smi", "C"), code=2).stderr
    assert "an objective is needed" in invoke("score", "a.smi", code=2).stderr
    assert "cannot read none.smi" in invoke("score", "--objective", "qed", "none.smi", code=2).stderr


def test_sample(invoke: Invoke, model: Path) -> None:
    result = invoke("sample", "-n", 7, "--seed", 1, "--model", model)
    drawn = result.stdout.splitlines()
    assert len(drawn) == 7
    loaded = load_model(model)
    assert [reading.object for reading in loaded.codec.read(drawn)] == drawn
    assert drawn[0] == next(each.object for each in loaded.sample(7, stream(1, "sample")) if each.ok)
    assert invoke("sample", "-n", 7, "--seed", 1, "--model", model).stdout == result.stdout
    assert invoke("sample", "-n", 7, "--seed", 2, "--model", model).stdout != result.stdout
    unseeded = invoke("sample", "-n", 7, "--model", model)
    seed = unseeded.stderr.split("seed: ")[1].strip()
    assert invoke("sample", "-n", 7, "--seed", seed, "--model", model).stdout == unseeded.stdout


def test_encode_and_decode(invoke: Invoke, write: Write, model: Path, tmp_path: Path) -> None:
    file = write("a.smi", "OCC\nC1CC\nc1ccccc1\n")
    result = invoke("encode", file, "--model", model)
    rows = list(csv.DictReader(io.StringIO(result.stdout)))
    assert [row["smiles"] for row in rows] == ["CCO", "c1ccccc1"]
    assert list(rows[0]) == ["smiles", *(f"z{i}" for i in range(8))]
    assert "'C1CC': unparsable" in result.stderr
    loaded = load_model(model)
    z = loaded.embed(loaded.codec.read(["CCO", "c1ccccc1"]))
    np.testing.assert_array_equal([[float(row[f"z{i}"]) for i in range(8)] for row in rows], z.numpy())

    invoke("encode", file, "--model", model, "--out", "z.csv")
    assert (tmp_path / "z.csv").read_text() == result.stdout
    invoke("encode", file, "--model", model, "--out", "z.npz")
    expected = [reading.object or "" for reading in loaded.decode(z)]
    assert invoke("decode", "z.csv", "--model", model).stdout.splitlines() == expected
    assert "or .npz" in invoke("encode", file, "--model", model, "--out", "z.txt", code=2).stderr


def test_nothing_to_encode(invoke: Invoke, write: Write, model: Path) -> None:
    assert "no molecule of" in invoke("encode", write("a.smi", "C1CC"), "--model", model, code=2).stderr


def test_evaluate_model(invoke: Invoke, write: Write, model: Path) -> None:
    file = write("a.smi", "CCO\nCCN\nc1ccccc1\nC1CC\nCC(C)O\n")
    found = json.loads(invoke("evaluate-model", file, "--model", model, "--samples", 50).stdout)
    assert set(found) == {
        "exact_match", "exact_match_beam", "exact_match_unaided", "token_accuracy", "validity", "uniqueness", "active_units",
        "molecules_per_second", "molecules", "refused",
    }  # fmt: skip
    assert (found["molecules"], found["refused"]) == (4, 1)
    loaded = load_model(model)
    readings = loaded.codec.read(["CCO", "CCN", "c1ccccc1", "CC(C)O"])
    back = loaded.decode(loaded.embed(readings))
    assert found["exact_match"] == sum(a.object == b.object for a, b in zip(readings, back, strict=True)) / 4
    drawn = [each.object for each in loaded.sample(50, stream(0, "sample")) if each.ok]
    assert (found["validity"], found["uniqueness"]) == (len(drawn) / 50, len(set(drawn)) / len(drawn))


@pytest.mark.parametrize("text", ["C1CC\n", "CCO\n"])
def test_too_little_to_evaluate_on(text: str, invoke: Invoke, write: Write, model: Path) -> None:
    result = invoke("evaluate-model", write("a.smi", text), "--model", model, code=2)
    assert "two readable molecules at least" in result.stderr


def test_pretrain_makes_what_the_others_use(
    invoke: Invoke, write: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The recipe and the file arrive, the stages are shown; `training.molecules` has its own tests."""
    heard = []

    def make_model(
        file: Path, out: Path, recipe: object, *, workers: int, listener: Callable[..., None]
    ) -> object:
        heard.append((str(file), str(out), recipe, workers))
        listener("train", 1, 2, "loss [1.0]")
        listener("train", 2, 2, "loss [0.5]")
        return type("Model", (), {"id": "abc"})()

    from latentbo.training.pretrain import Recipe

    monkeypatch.setattr("latentbo.training.molecules.make_model", make_model)
    words = ["--set", "epochs=2", "--set", "beta=1", "--seed", 4, "--workers", 2]
    result = invoke(
        "pretrain", write("a.smi", "C"), "--out", "m", "--recipe", write("r.toml", "latent = 8"), *words
    )
    assert heard == [(str(tmp_path / "a.smi"), "m", Recipe(latent=8, epochs=2, beta=1.0, seed=4), 2)]
    assert "train" in result.stderr
    assert "loss [0.5]" in result.stderr
    assert "m: model abc" in result.stderr
    assert (
        "did you mean 'epochs'"
        in invoke("pretrain", "a.smi", "--out", "m", "--set", "epoch=2", code=2).stderr
    )


def test_pretrain_makes_a_model_of_images(invoke: Invoke, tmp_path: Path) -> None:
    np.save("cards.npy", draw_cards(10, seed=0, side=16).images)
    words = [word for item in ("epochs=1", "channels=4", "hidden=16", "latent=2") for word in ("--set", item)]
    assert "m: model " in invoke("pretrain", "cards.npy", "--out", "m", *words).stderr
    assert load_model(tmp_path / "m").codec.kind == "images"
    assert (
        "did you mean 'latent'"
        in invoke("pretrain", "cards.npy", "--out", "n", "--set", "latnt=3", code=2).stderr
    )
