"""Only an encoder that passes the gates goes live."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from latentbo.data.measurements import Measurements
from latentbo.models.dkl_vae import DKLVAE
from latentbo.training.gates import Gates, retrain
from latentbo.training.recipes import FineTuneRecipe
from latentbo.training.replay import generative_replay
from tests.conftest import MOLECULES

QUICK = FineTuneRecipe(steps=20, round_steps=10, batch_size=16, bf16=False)


@pytest.fixture(scope="module")
def labelled(tiny_model: DKLVAE) -> Measurements:
    objects = tuple(dict.fromkeys(str(reading.object) for reading in tiny_model.codec.read(MOLECULES)))
    return Measurements(objects, torch.tensor([[float(len(text))] for text in objects], dtype=torch.float64))


def test_gates_that_nothing_passes_keep_the_present_encoder(
    tiny_model: DKLVAE, labelled: Measurements
) -> None:
    before = {name: value.clone() for name, value in tiny_model.vae.state_dict().items()}
    held_out = tiny_model.codec.read(MOLECULES)
    gates = Gates(reconstruction_drop=-2.0, nll_rise=-1e9)
    result = retrain(tiny_model, labelled, generative_replay(tiny_model, 40, 0), held_out, QUICK, gates)
    assert not result.accepted
    assert result.reasons
    assert result.model.id == tiny_model.id
    assert result.summary().startswith("refused")
    assert all(torch.equal(value, before[name]) for name, value in tiny_model.vae.state_dict().items())


def test_training_that_diverges_is_a_refusal(tiny_model: DKLVAE, labelled: Measurements) -> None:
    wild = replace(QUICK, learning_rate=1e9, steps=30)
    held_out = tiny_model.codec.read(MOLECULES)
    result = retrain(tiny_model, labelled, generative_replay(tiny_model, 40, 0), held_out, wild, Gates())
    assert not result.accepted
    assert result.model.id == tiny_model.id


def test_the_gates_name_what_got_worse() -> None:
    before = {"exact_match": 0.90, "nll": 0.50}
    assert Gates().reasons(before, {"exact_match": 0.88, "nll": 0.54}) == ()
    assert len(Gates().reasons(before, {"exact_match": 0.80, "nll": 0.54})) == 1
    assert len(Gates().reasons(before, {"exact_match": 0.80, "nll": 0.60})) == 2
    assert len(Gates().reasons(before, {"exact_match": 0.95, "nll": float("nan")})) == 1
