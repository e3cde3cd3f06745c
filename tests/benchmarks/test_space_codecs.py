"""Trainings in each spelling: alike in what they are given, and none of them done twice."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from benchmarks import space, space_codecs
from benchmarks.space_codecs import ALL_SHOWN, MERGES, SHOWN, SMOKE, Study, trained, trimmed
from latentbo.codecs.vocabulary import PAD
from latentbo.training.corpus_reader import read_corpus
from latentbo.training.pretrain import Recipe
from latentbo.training.token_sets import TokenSet

TAILS = ("O", "N", "Cl", "C(=O)O", "c1ccccc1", "C#N", "C(C)C", "OC", "NC(C)=O", "C(N)=O")
LINES = ["C" * n + tail for n in range(1, 11) for tail in TAILS]
TINY = replace(SMOKE.recipe, latent=2, embedding=4, encoder_hidden=4, decoder_hidden=4)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "chains.smi"
    path.write_text("\n".join(LINES) + "\n")
    return path


def test_a_smoke_run_measures_each_training_once(
    file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    out, work = tmp_path / "out.json", tmp_path / "work"
    arguments = ["--codecs", "--smoke", "--data", str(file), "--work", str(work), "--out", str(out)]
    space.main(arguments)
    result = json.loads(out.read_text(), parse_constant=lambda name: pytest.fail(f"{name} is not JSON"))
    assert result["smoke"] is True
    assert result["seeds"] == [0, 1]
    for spelling in MERGES:
        for name in (*SHOWN, "ring_systems_tv", "training_cpu_seconds"):
            assert {f"{spelling}_beta0.1_{name}", f"{spelling}_beta0.1_{name}_sd"} <= set(result)
        assert result[f"{spelling}_beta0.1_steps_sd"] == 0.0, "seeds are trained alike"
        assert (work / f"{spelling}_beta0.1_seed1.json").exists()
    assert f"| {spelling}_beta0.1 |" in capsys.readouterr().out
    (work / "smiles_beta0.1_seed1.json").unlink()
    done: list[int] = []

    def once(rows: TokenSet, vocabulary: int, recipe: Recipe, steps: int):
        done.append(recipe.seed)
        return trained(rows, vocabulary, recipe, steps)

    monkeypatch.setattr(space_codecs, "trained", once)
    space.main(arguments)
    assert done == [1]
    again = json.loads(out.read_text())
    assert again["selfies_beta0.1_posterior_sd"] == result["selfies_beta0.1_posterior_sd"]
    assert again["smiles_beta0.1_posterior_sd"] == result["smiles_beta0.1_posterior_sd"]
    with pytest.raises(SystemExit):
        space.main([*arguments, "--seconds", "0.1"])
    assert "another setting" in capsys.readouterr().err


def test_the_seconds_become_steps(file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    measured = iter([0.3, 0.1, 0.2])
    monkeypatch.setattr(space_codecs, "_seconds", lambda *_: next(measured))
    study = Study(replace(SMOKE, recipe=TINY, seconds=0.75), file, tmp_path)
    assert study.steps == 7
    assert Study(study.setting, file, tmp_path).steps == 7, "the speed is kept"


def test_a_training_knows_its_end(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[tuple[float, float]] = []
    terms = space_codecs.elbo_terms

    def noted(vae: Any, batch: Any, beta: float, recipe: Recipe, generator: torch.Generator) -> Any:
        seen.append((beta, recipe.token_dropout))
        return terms(vae, batch, beta, recipe, generator)

    monkeypatch.setattr(space_codecs, "elbo_terms", noted)
    rows = TokenSet(torch.randint(3, 9, (40, 5)), torch.zeros(40, 3))
    vae = trained(rows, 9, replace(TINY, beta=0.4), 20)  # more steps than three passes have
    betas, dropouts = zip(*seen, strict=True)
    assert betas == (0.2, *[0.4] * 19), "warmed up over a tenth"
    assert dropouts == (0.1,) * 14 + (0.0,) * 6
    assert pytest.approx(6 / 20) == ALL_SHOWN
    same = trained(rows, 9, replace(TINY, beta=0.4), 20)
    assert all(torch.equal(a, b) for a, b in zip(vae.parameters(), same.parameters(), strict=True))


@pytest.mark.parametrize("spelling", MERGES)
def test_a_trimmed_corpus_is_one_that_learnt_fewer_merges(spelling: Any, file: Path) -> None:
    many, few = (read_corpus(file, merges=n, held_out_every=50, spelling=spelling) for n in (30, 11))
    found = trimmed(many, len(few.codec.vocabulary))
    assert found.codec.vocabulary == few.codec.vocabulary
    assert torch.equal(found.tokens, few.tokens)
    assert found.codec.max_tokens >= int((found.tokens != PAD).sum(1).max())
    assert trimmed(few, len(few.codec.vocabulary)) is few
