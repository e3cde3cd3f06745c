from __future__ import annotations

from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest
import torch

from latentbo.errors import FitError, InputError
from latentbo.models.vae import SequenceVAE
from latentbo.torch_rng import stream
from latentbo.training import pretrain as module
from latentbo.training.fit import Progress, fit
from latentbo.training.pretrain import Recipe, anneal, elbo_terms, fit_prior, pretrain
from latentbo.training.replay import encoder_means
from latentbo.training.token_sets import Batch, TokenSet

CPU = torch.device("cpu")
TINY = Recipe(
    latent=4, embedding=8, encoder_hidden=12, encoder_layers=1, decoder_hidden=24, epochs=3, batch_size=4,
    learning_rate=1e-2, beta=0.01, token_dropout=0.2, bf16=False,
)  # fmt: skip
VOCABULARY = 9


class Killed(Exception):
    pass


@pytest.fixture(scope="module")
def rows() -> TokenSet:
    """Twelve different rows of 2 to 6 tokens; descriptors: length, and how often token 3 occurs."""
    tokens = torch.randint(3, VOCABULARY, (12, 6), generator=stream(0, "rows"))
    lengths = 2 + torch.arange(12) % 5
    tokens[torch.arange(6) >= lengths[:, None]] = 0
    targets = torch.stack([lengths - 4.0, (tokens == 3).sum(1).float()], dim=1)
    return TokenSet(tokens.to(torch.int16), targets.to(torch.float16))


def same(a: SequenceVAE, b: SequenceVAE) -> bool:
    return all(torch.equal(x, y) for x, y in zip(a.parameters(), b.parameters(), strict=True))


def test_it_overfits_a_tiny_set(rows: TokenSet) -> None:
    recipe = replace(
        TINY, epochs=200, batch_size=12, learning_rate=2e-2, token_dropout=0.0, property_weight=1.0
    )
    vae, report = pretrain(rows, rows, VOCABULARY, recipe, device=CPU)
    assert report.held_out[-1] < 0.1 * report.held_out[0]
    z = encoder_means(vae, rows.tokens)
    back = vae.decoder.generate(z, max_tokens=7)
    back[back == 2] = 0
    assert torch.equal(back[:, :6], rows.tokens.long())
    assert vae.head is not None
    unexplained = (vae.head(z) - rows.targets).var(0) / rows.targets.float().var(0)
    assert (unexplained < 0.2).all()


@pytest.mark.parametrize("kill_at", [2, 3, 4, 8])
def test_a_killed_run_ends_as_one_that_never_stopped(
    rows: TokenSet, tmp_path: Path, kill_at: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole, expected = pretrain(rows, rows, VOCABULARY, TINY, device=CPU)
    monkeypatch.setattr(module, "fit", partial(fit, checkpoint_every=1, report_every=1))

    def kill(at: Progress) -> None:
        if at.step == kill_at:
            raise Killed

    path = tmp_path / "vae.safetensors"
    with pytest.raises(Killed):
        pretrain(rows, rows, VOCABULARY, TINY, device=CPU, checkpoint=path, progress=kill)
    assert path.exists()
    again, report = pretrain(rows, rows, VOCABULARY, TINY, device=CPU, checkpoint=path)
    assert same(again, whole)
    assert (report.steps, report.held_out) == (expected.steps, expected.held_out)


def test_the_seed_decides_and_nothing_else_does(rows: TokenSet) -> None:
    torch.manual_seed(1)
    first, _ = pretrain(rows, rows, VOCABULARY, TINY, device=CPU)
    torch.manual_seed(2)
    second, _ = pretrain(rows, rows, VOCABULARY, TINY, device=CPU)
    other, _ = pretrain(rows, rows, VOCABULARY, replace(TINY, seed=1), device=CPU)
    assert same(first, second)
    assert not same(first, other)


def test_a_loss_that_is_never_finite_raises_and_leaves_the_weights(rows: TokenSet) -> None:
    broken = TokenSet(rows.tokens, torch.full_like(rows.targets, float("inf")))
    with pytest.raises(FitError, match="not finite"):
        pretrain(broken, rows, VOCABULARY, replace(TINY, epochs=9), device=CPU)


def test_the_kl_term_comes_in_over_its_epochs(rows: TokenSet, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[float] = []

    def watching(vae: SequenceVAE, batch: object, beta: float, *rest: object) -> dict[str, torch.Tensor]:
        if vae.training:
            seen.append(beta)
        return elbo_terms(vae, batch, beta, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(module, "elbo_terms", watching)
    pretrain(rows, rows, VOCABULARY, replace(TINY, beta=0.6, warm_up_epochs=2.0), device=CPU)
    assert seen == pytest.approx([0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.6, 0.6, 0.6])


def test_the_loss_is_the_sum_of_its_terms(rows: TokenSet) -> None:
    vae, _ = pretrain(rows, rows, VOCABULARY, replace(TINY, epochs=1), device=CPU)
    batch = rows.batch(torch.arange(12))
    with torch.no_grad():
        terms = elbo_terms(vae, batch, 0.7, replace(TINY, property_weight=0.3), stream(0))
        posterior = vae.encode(batch.tokens)
        nll = -vae.log_likelihood(posterior.sample(stream(0)), batch.tokens).mean()
    assert float(terms["loss"]) == pytest.approx(
        float(terms["nll"] + 0.7 * terms["kl"] + 0.3 * terms["properties"]), rel=1e-5
    )
    assert float(terms["nll"]) == pytest.approx(float(nll), rel=1e-5)
    normal = torch.distributions.Normal(posterior.mean, (0.5 * posterior.log_variance).exp())
    kl = torch.distributions.kl_divergence(normal, torch.distributions.Normal(0.0, 1.0)).sum(1).mean()
    assert float(terms["kl"]) == pytest.approx(float(kl), rel=1e-4)


def test_the_prior_lies_where_the_encoder_puts_training_rows(rows: TokenSet) -> None:
    vae, _ = pretrain(rows, rows, VOCABULARY, TINY, device=CPU)
    z = encoder_means(vae, rows.tokens)
    everything = fit_prior(vae, rows, TINY)
    assert torch.allclose(everything.exemplars.sort(0).values, z.sort(0).values, atol=1e-5)
    few = fit_prior(vae, rows, replace(TINY, exemplars=6))
    assert few.exemplars.shape == (6, z.shape[1])
    assert torch.cdist(few.exemplars, z).min(1).values.max() < 1e-4


@pytest.mark.parametrize("rows_left", [(0, 12), (12, 0)])
def test_it_needs_rows_of_both_kinds(rows: TokenSet, rows_left: tuple[int, int]) -> None:
    train, held_out = (TokenSet(rows.tokens[:n], rows.targets[:n]) for n in rows_left)
    with pytest.raises(InputError, match="training and held-out"):
        pretrain(train, held_out, VOCABULARY, TINY, device=CPU)


def test_a_recipe_refuses_unknown_keys_and_names_the_nearest() -> None:
    assert Recipe.from_dict({"beta": 0.2}) == Recipe(beta=0.2)
    assert Recipe.from_dict({"cycle_epochs": 2, "finish_epochs": 3}) == Recipe(
        self_training_epochs=2, anneal_epochs=3
    )  # as version 0.1 wrote them
    with pytest.raises(InputError, match="did you mean 'epochs'"):
        Recipe.from_dict({"epoch": 3})


@pytest.mark.parametrize(
    "bad",
    [
        {"epochs": 0},
        {"latent": 0},
        {"beta": -1.0},
        {"token_dropout": 1.0},
        {"learning_rate": 0.0},
        {"self_training_epochs": -1},
        {"anneal_epochs": -1},
    ],
)
def test_a_recipe_refuses_impossible_values(bad: dict[str, float]) -> None:
    with pytest.raises(InputError, match=next(iter(bad)).replace("learning_rate", "learning rates")):
        Recipe.from_dict(bad)


def test_annealing_shows_every_token_at_a_lower_rate(rows: TokenSet, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the decoder reads is watched: blanked tokens in the main stage, the true ones when it is annealed."""
    recipe = replace(TINY, epochs=2, anneal_epochs=3, token_dropout=0.5)
    seen: list[float] = []
    real = module.elbo_terms

    def watched(vae: SequenceVAE, batch: Batch, beta: float, recipe: Recipe, generator: torch.Generator):
        if vae.training:
            seen.append(recipe.token_dropout)
        return real(vae, batch, beta, recipe, generator)

    monkeypatch.setattr(module, "elbo_terms", watched)
    vae, _ = pretrain(rows, rows, VOCABULARY, recipe, device=CPU)
    main = len(seen)
    before = [value.clone() for value in vae.parameters()]
    report = anneal(vae, rows, rows, recipe)
    assert (seen[:main], seen[main:]) == ([0.5] * 6, [0.0] * 9)
    assert len(report.held_out) == 3
    assert not all(torch.equal(old, new) for old, new in zip(before, vae.parameters(), strict=True))


def test_rows_without_descriptors_leave_their_term_out(rows: TokenSet) -> None:
    vae = SequenceVAE(VOCABULARY, latent=4, embedding=8, encoder_hidden=12, decoder_hidden=24, properties=2)
    partly = TokenSet(rows.tokens, rows.targets.clone())
    partly.targets[::2] = torch.nan

    def term(batch: Batch) -> float:
        return float(elbo_terms(vae, batch, 0.1, TINY, stream(0, "noise"))["properties"].detach())

    # The noise is that of the row's place: blank the other rows' share of the mean instead of leaving them out.
    whole, some = rows.batch(torch.arange(12)), partly.batch(torch.arange(12))
    others = TokenSet(rows.tokens, rows.targets.clone())
    others.targets[1::2] = torch.nan
    assert term(some) + term(others.batch(torch.arange(12))) == pytest.approx(term(whole), rel=1e-5)
    assert 0.0 < term(some) < term(whole)
