from __future__ import annotations

from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest
import torch

from latentbo.diagnostics.evaluation import reconstruction
from latentbo.models.dkl_vae import DKLVAE
from latentbo.models.padding import pad
from latentbo.torch_rng import stream
from latentbo.training import pretrain as module
from latentbo.training.fit import Progress, fit
from latentbo.training.pretrain import Recipe
from latentbo.training.self_training import train_on_samples
from latentbo.training.token_sets import TokenSet
from tests.conftest import MOLECULES

RECIPE = Recipe(
    beta=0.01,
    token_dropout=0.0,
    batch_size=64,
    bf16=False,
    self_training_samples=200,
    self_training_rate=3e-3,
)


class Killed(Exception):
    pass


@pytest.fixture(scope="module")
def corpus(tiny_model: DKLVAE) -> TokenSet:
    """What the tiny model was trained on."""
    readings = tiny_model.codec.read(MOLECULES)
    tokens = pad([reading.tokens for reading in readings])
    return TokenSet(tokens.to(torch.int16), torch.zeros(len(tokens), 0, dtype=torch.float16))


def test_the_model_learns_to_read_what_it_writes(tiny_model: DKLVAE, corpus: TokenSet) -> None:
    before = tiny_model.id
    vae, report = train_on_samples(
        tiny_model, corpus, corpus, replace(RECIPE, self_training_epochs=30, self_training_rate=1e-2)
    )
    after = replace(tiny_model, vae=vae)
    written = [reading for reading in tiny_model.sample(300, stream(0, "others")) if reading.ok]
    old, new = (reconstruction(model, written).exact_match for model in (tiny_model, after))
    assert new > old + 0.05
    assert tiny_model.id == before
    assert report.steps == 30 * -(-(len(corpus) + 200) // 64)


def test_a_killed_stage_ends_as_one_that_never_stopped(
    tiny_model: DKLVAE, corpus: TokenSet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recipe, path = replace(RECIPE, self_training_epochs=2), tmp_path / "self-training.safetensors"
    whole, _ = train_on_samples(tiny_model, corpus, corpus, recipe)
    monkeypatch.setattr(module, "fit", partial(fit, checkpoint_every=1, report_every=1))

    def kill(at: Progress) -> None:
        if at.step == 3:
            raise Killed

    with pytest.raises(Killed):
        train_on_samples(tiny_model, corpus, corpus, recipe, checkpoint=path, progress=kill)
    assert path.exists()
    again, _ = train_on_samples(tiny_model, corpus, corpus, recipe, checkpoint=path)
    assert all(torch.equal(a, b) for a, b in zip(again.parameters(), whole.parameters(), strict=True))
