from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from torch import Tensor

from latentbo.models.vae import SequenceVAE
from latentbo.torch_rng import stream
from latentbo.training.head_loss import HeadTerm, Labelled, Watch
from latentbo.training.marginal import fit_hyperparameters, negative_log_marginal, predict
from latentbo.training.recipes import FineTuneRecipe, Reach
from latentbo.training.replay import encoder_means
from latentbo.training.token_sets import TokenSet

N = 24
BOX = torch.tensor([[-1.0, -2.0, -1.0], [3.0, 2.0, 1.0]], dtype=torch.float64)
QUIET = FineTuneRecipe(gp_noise=0.0, round_steps=2, bf16=False)


@pytest.fixture
def vae() -> SequenceVAE:
    torch.manual_seed(0)
    return SequenceVAE(12, latent=3, embedding=4, encoder_hidden=5, encoder_layers=1, decoder_hidden=6)


@pytest.fixture
def labelled() -> Labelled:
    """Rows of 1 to 6 tokens with their lengths as values; a quarter of them is not learnt from."""
    tokens = torch.randint(3, 12, (N, 6), generator=stream(0, "rows"))
    lengths = 1 + torch.arange(N) % 6
    tokens[torch.arange(6) >= lengths[:, None]] = 0
    learnt = torch.arange(N)[torch.arange(N) % 4 > 0]
    return Labelled.of(TokenSet(tokens, torch.zeros(N, 0)), lengths[:, None].float(), learnt, BOX)


def gradients(vae: SequenceVAE) -> dict[str, bool]:
    """Which parameters have a gradient that is not nought."""
    named = vae.named_parameters()
    return {name: value.grad is not None and bool(value.grad.any()) for name, value in named}


def test_values_are_standardised_by_what_is_learnt_from(labelled: Labelled) -> None:
    known = labelled.values[labelled.learnt]
    assert float(known.mean()) == pytest.approx(0.0, abs=1e-12)
    assert float(known.std()) == pytest.approx(1.0)
    assert abs(float(labelled.values.mean())) > 1e-3


def test_equal_values_are_only_centred(labelled: Labelled) -> None:
    same = Labelled.of(labelled.rows, torch.full((N, 1), 7.0), labelled.learnt, BOX)
    assert not same.values.any()


def test_the_term_is_the_marginal_likelihood_of_encoder_means(vae: SequenceVAE, labelled: Labelled) -> None:
    points = labelled.learnt[::2]
    low, high = BOX
    u = (encoder_means(vae, labelled.rows.tokens[points]).double() - low) / (high - low)
    y = labelled.values[points]
    term = HeadTerm(vae, labelled, QUIET)(points, stream(0)).detach()
    assert float(term) == pytest.approx(
        float(negative_log_marginal(u, y, fit_hyperparameters(u, y))), abs=1e-4
    )


@pytest.mark.parametrize("reach", ["last_layer", "encoder"])
def test_how_far_gradients_reach(vae: SequenceVAE, labelled: Labelled, reach: Reach) -> None:
    recipe = FineTuneRecipe(reach=reach, bf16=False)
    HeadTerm(vae, labelled, recipe)(labelled.learnt, stream(0)).backward()
    deep = "encoder." if reach == "encoder" else "encoder.mean."
    expected = {
        name: name.startswith(deep) and not name.startswith("encoder.log_variance") for name in gradients(vae)
    }
    assert gradients(vae) == expected


def test_the_hook_does_not_outlive_the_term(vae: SequenceVAE, labelled: Labelled) -> None:
    HeadTerm(vae, labelled, QUIET)(labelled.learnt, stream(0))
    vae.encode(labelled.rows.tokens).mean.sum().backward()
    assert gradients(vae)["encoder.embedding.weight"]


def test_noise_changes_the_term_and_comes_from_the_generator(vae: SequenceVAE, labelled: Labelled) -> None:
    noisy = replace(QUIET, gp_noise=1.0)
    a, b, c = (HeadTerm(vae, labelled, noisy)(labelled.learnt, stream(seed)) for seed in (0, 0, 1))
    assert a == b
    assert a != c
    assert a != HeadTerm(vae, labelled, QUIET)(labelled.learnt, stream(0))


def test_hyperparameters_are_fitted_once_a_round(
    vae: SequenceVAE, labelled: Labelled, monkeypatch: pytest.MonkeyPatch
) -> None:
    fits: list[int] = []

    def counted(u: Tensor, y: Tensor) -> Tensor:
        fits.append(len(u))
        return fit_hyperparameters(u, y)

    monkeypatch.setattr("latentbo.training.head_loss.fit_hyperparameters", counted)
    term = HeadTerm(vae, labelled, QUIET)
    for size in (10, 11, 12, 13, 14):
        term(labelled.learnt[:size], stream(0))
    assert fits == [10, 12, 14]


def test_means_that_are_not_finite_give_nan_with_a_graph(vae: SequenceVAE, labelled: Labelled) -> None:
    with torch.no_grad():
        vae.encoder.mean.bias[0] = torch.inf
    term = HeadTerm(vae, labelled, QUIET)(labelled.learnt, stream(0))
    assert torch.isnan(term)
    term.backward()


def test_the_watch_is_the_density_of_objects_never_learnt_from(vae: SequenceVAE, labelled: Labelled) -> None:
    watched = torch.arange(0, N, 4)
    watch = Watch(vae, labelled, watched)
    u, y = labelled.units(encoder_means(vae, labelled.rows.tokens)), labelled.values
    known = labelled.learnt
    t = fit_hyperparameters(u[known], y[known])
    mean, sd = predict(u[known], y[known], t, u[watched])
    density = torch.distributions.Normal(mean, sd).log_prob(y[watched, 0]).mean()
    assert watch.history == [pytest.approx(-float(density))]


def test_the_watch_gives_the_best_weights_back(
    vae: SequenceVAE, labelled: Labelled, monkeypatch: pytest.MonkeyPatch
) -> None:
    watch = Watch(vae, labelled, torch.arange(0, N, 4))
    first = {name: value.clone() for name, value in vae.state_dict().items()}
    scores = iter([watch.history[0] + 1.0, watch.history[0] - 1.0, watch.history[0] - 0.5])
    monkeypatch.setattr("latentbo.training.head_loss._density", lambda *_: next(scores))
    marks = []
    for _ in range(3):
        with torch.no_grad():
            vae.encoder.mean.bias += 1.0
        marks.append(vae.encoder.mean.bias.clone())
        watch()
    assert watch.restore_best() == 2
    assert torch.equal(vae.encoder.mean.bias, marks[1])
    assert not torch.equal(vae.encoder.mean.bias, first["encoder.mean.bias"])
