"""The decoder alone learns to write what a campaign has found."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
import torch

from latentbo.data.measurements import Measurements
from latentbo.errors import FitError
from latentbo.models.dkl_vae import DKLVAE
from latentbo.models.vae import SequenceVAE
from latentbo.training.finetune import FineTuned, fine_tune
from latentbo.training.recipes import FineTuneRecipe
from latentbo.training.replay import generative_replay, posteriors, token_set
from latentbo.training.token_sets import TokenSet
from tests.conftest import MOLECULES

QUICK = FineTuneRecipe(
    schedule="decoder", steps=4, round_steps=2, batch_size=16, learning_rate=1e-2, bf16=False
)
STRANGE = ("CCOCCOCC", "CCNCCNCC", "CCSCCO", "OCCCCO", "NCCCCN", "CCCCCCCC", "CC(C)CC(C)C", "ClCCCCl")
"""Unlike what the tiny model was trained on: it writes none of them."""


@pytest.fixture(scope="module")
def data(tiny_model: DKLVAE) -> Measurements:
    objects = tuple(str(reading.object) for reading in tiny_model.codec.read(STRANGE))
    return Measurements(objects, torch.arange(float(len(objects)))[:, None])


@pytest.fixture(scope="module")
def replay(tiny_model: DKLVAE) -> TokenSet:
    return token_set(tiny_model.codec.read(MOLECULES))


def adapted(model: DKLVAE, data: Measurements, replay: TokenSet, **changes: Any) -> FineTuned:
    return fine_tune(model, data, replay, replace(QUICK, **changes))


def share_back(model: DKLVAE, objects: tuple[str, ...]) -> float:
    readings = model.codec.read(objects)
    back = model.decode(model.embed(readings))
    return sum(a.object == b.object for a, b in zip(readings, back, strict=True)) / len(readings)


def test_what_could_not_be_written_comes_back_and_what_could_still_does(
    tiny_model: DKLVAE, data: Measurements, replay: TokenSet
) -> None:
    made = adapted(tiny_model, data, replay, steps=150, round_steps=10, decoder_noise=0.2).model
    assert share_back(tiny_model, data.objects) < 0.3
    assert share_back(made, data.objects) > 0.8
    assert share_back(made, MOLECULES) > share_back(tiny_model, MOLECULES) - 0.1


def test_nothing_but_the_decoder_changes(tiny_model: DKLVAE, data: Measurements, replay: TokenSet) -> None:
    before = {name: value.clone() for name, value in tiny_model.vae.state_dict().items()}
    found = adapted(tiny_model, data, replay)
    assert all(torch.equal(value, before[name]) for name, value in tiny_model.vae.state_dict().items())
    moved = {n for n, value in found.model.vae.state_dict().items() if not torch.equal(value, before[n])}
    assert moved
    assert {name.partition(".")[0] for name in moved} == {"decoder"}
    assert found.model.prior is tiny_model.prior
    assert not found.model.vae.training
    readings = tiny_model.codec.read(data.objects)
    assert torch.equal(found.model.embed(readings), tiny_model.embed(readings))
    assert (found.watched, found.kept, set(found.terms)) == ((), 2, {"loss", "nll"})


def test_the_same_seed_gives_the_same_model(tiny_model: DKLVAE, data: Measurements, replay: TokenSet) -> None:
    torch.manual_seed(5)
    first = adapted(tiny_model, data, replay).model.id
    torch.manual_seed(6)
    assert adapted(tiny_model, data, replay).model.id == first
    assert adapted(tiny_model, data, replay, seed=1).model.id != first
    assert adapted(tiny_model, data, replay, decoder_noise=1.0).model.id != first


def test_the_good_ones_are_learnt_from_more_often(
    tiny_model: DKLVAE, data: Measurements, replay: TokenSet
) -> None:
    """By rank weights so steep that hardly any other is ever seen, the worst ones stay unknown."""
    changes = {"rank_weight": 1e-6, "steps": 60, "round_steps": 10, "decoder_noise": 0.2}
    made = adapted(tiny_model, data, replay, **changes).model
    rows = token_set(tiny_model.codec.read(data.objects)).tokens

    def gain(row: int) -> float:
        """Nats by which an object became likelier at its own latent point."""
        x, z = (
            rows[row : row + 1],
            tiny_model.embed(tiny_model.codec.read(data.objects[row : row + 1])).float(),
        )
        with torch.no_grad():
            return float(made.vae.log_likelihood(z, x) - tiny_model.vae.log_likelihood(z, x))

    assert gain(len(data) - 1) > gain(0) + 2.0


def test_the_loss_is_the_likelihood_at_noisy_posterior_draws(
    tiny_model: DKLVAE, data: Measurements, replay: TokenSet
) -> None:
    """Without noise, dropout, replayed rows or steps that matter: the mean over the measured rows."""
    changes = {"decoder_noise": 0.0, "token_dropout": 0.0, "replay_share": 0.0, "learning_rate": 1e-9}
    found = adapted(tiny_model, data, replay, rank_weight=1e9, batch_size=2000, **changes)
    rows = token_set(tiny_model.codec.read(data.objects))
    with torch.no_grad():
        z = posteriors(tiny_model.vae, rows.tokens).mean
        expected = -tiny_model.vae.log_likelihood(z, rows.tokens.long()).mean()
    assert found.terms["nll"] == pytest.approx(float(expected), rel=0.05)
    noisy = adapted(
        tiny_model, data, replay, rank_weight=1e9, batch_size=2000, **{**changes, "decoder_noise": 5.0}
    )
    assert noisy.terms["nll"] > found.terms["nll"] + 1.0


def test_generated_rows_will_do(tiny_model: DKLVAE, data: Measurements) -> None:
    assert adapted(tiny_model, data, generative_replay(tiny_model, 30, 0)).report.steps == 4


def test_a_network_with_a_descriptor_head_keeps_it(
    tiny_model: DKLVAE, data: Measurements, replay: TokenSet
) -> None:
    torch.manual_seed(0)
    vae = SequenceVAE(**{**tiny_model.vae.arguments, "properties": 2})
    vae.load_state_dict(tiny_model.vae.state_dict(), strict=False)
    found = adapted(replace(tiny_model, vae=vae), data, replay).model.vae
    assert found.head is not None
    assert torch.equal(found.head.weight, vae.head.weight)  # type: ignore[union-attr]


def test_a_loss_that_is_never_finite_is_a_fit_error(
    tiny_model: DKLVAE, data: Measurements, replay: TokenSet, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = SequenceVAE.log_likelihood
    monkeypatch.setattr(SequenceVAE, "log_likelihood", lambda *given: real(*given) * torch.nan)
    with pytest.raises(FitError, match="finite"):
        adapted(tiny_model, data, replay)
