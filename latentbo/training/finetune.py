"""Fine-tuning: deep kernel learning of the VAE on what was measured (arXiv:2503.02978; Wilson et al. 2016).

The loss, per object, in nats:

    L = ELBO loss of `training.pretrain` + w * N      w is `gp_loss_weight`; N of `training.head_loss`, with gradients
                                                      into the encoder

The ELBO's batches mix replayed rows with labelled objects, the good ones more often (weighted retraining: Tripp
et al. 2020, arXiv:2006.09191); N is of labelled objects alone, drawn evenly.

An encoder has far more weights than a campaign has labels. Left alone it learns them by heart, and the head is then sure of
itself and wrong (Ober et al. 2021, arXiv:2102.12108). So N is taken on few points a step, on noisy z, and through the last
layer only, unless the recipe says otherwise. Some labelled objects are kept out of N and watched. The weights that stay are
those under which the head predicted the watched objects best, those from before included.

The schedule "decoder" has neither the KL term nor N: it trains the decoder alone (`training.decoder`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from copy import deepcopy
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from latentbo.data.measurements import Measurements
from latentbo.errors import FitError, InputError
from latentbo.models.dkl_vae import DKLVAE
from latentbo.models.priors import Prior
from latentbo.models.surrogate import latent_box
from latentbo.models.vae import VAE
from latentbo.torch_rng import stream
from latentbo.training.decoder import train_decoder
from latentbo.training.fit import FitReport, Progress, fit, has_bf16
from latentbo.training.head_loss import HeadTerm, Labelled, Watch
from latentbo.training.pretrain import Recipe, elbo_terms
from latentbo.training.recipes import FineTuneRecipe
from latentbo.training.replay import (
    Step,
    described,
    encoder_means,
    mixed_steps,
    rank_weights,
    token_set,
    withheld,
)
from latentbo.training.token_sets import TokenSet

PRIOR_ROWS = 5_000  # replayed rows, at most, that the prior is fitted to again
PATIENCE = 3  # rounds without a better prediction of the watched objects
LAST = 10


@dataclass(frozen=True)
class FineTuned:
    """The new model, how the loop went, and each loss term's mean over the last ten steps that had it.

    `watched`: the head's negative log predictive density of the watched objects (nats per point) before
    training and after each round; empty without a watch. `kept`: the round whose weights the model has, 0 for
    those from before.
    """

    model: DKLVAE
    report: FitReport
    terms: dict[str, float]
    watched: tuple[float, ...]
    kept: int


def fine_tune(
    model: DKLVAE,
    data: Measurements,
    replay: TokenSet,
    recipe: FineTuneRecipe,
    *,
    progress: Callable[[Progress], None] = lambda _: None,
) -> FineTuned:
    """A new model whose space is ordered by the measured values; `model` stays as it is.

    `replay` keeps the space together: rows of the pretraining corpus, or `generative_replay`. Raises `FitError` where
    training diverges, `InputError` for too little data or values that are not finite.
    """
    if len(replay) < 2 or not torch.isfinite(data.values).all():
        raise InputError(
            f"fine-tuning needs finite values and at least 2 replay rows, of which there are {len(replay)}"
        )
    vae = deepcopy(model.vae).eval()
    terms = _Terms(progress)
    if recipe.schedule == "decoder":
        rows = token_set(model.codec.read(data.objects))
        weights = rank_weights(data.values, recipe.rank_weight)
        report = _checked(train_decoder(vae, rows, weights, replay, recipe, progress=terms))
        return FineTuned(
            replace(model, vae=vae), report, terms.last(), (), recipe.steps // recipe.round_steps
        )
    replay, rows = described(vae, replay), described(vae, token_set(model.codec.read(data.objects)))
    learnt, kept_out = withheld(data.objects, recipe.watch_share if recipe.uses_head else 0.0, "watch")
    labelled = Labelled.of(rows, data.values, learnt, latent_box(model.prior))
    watch = Watch(vae, labelled, kept_out) if len(kept_out) else None

    def batches(epoch: int) -> Iterator[Step]:
        weights = rank_weights(data.values, recipe.rank_weight)
        return mixed_steps(rows, weights, learnt, replay, recipe, epoch * recipe.round_steps)

    report = fit(
        vae,
        batches,
        _loss(vae, HeadTerm(vae, labelled, recipe), recipe),
        epochs=recipe.steps // recipe.round_steps,
        steps_per_epoch=recipe.round_steps,
        learning_rate=recipe.learning_rate,
        warmup_steps=max(1, recipe.steps // 10),
        autocast=torch.bfloat16 if recipe.bf16 and has_bf16(model.device) else None,
        held_out=watch,
        patience=PATIENCE if recipe.schedule in ("joint", "alternating") else None,
        report_every=1,  # not every step has every term, and a mean over several steps would mix them
        progress=terms,
    )
    _checked(report)
    kept = watch.restore_best() if watch else recipe.steps // recipe.round_steps
    prior = _prior_of(model.prior, vae, replay, recipe.seed) if kept else model.prior
    watched = tuple(watch.history) if watch else ()
    return FineTuned(replace(model, vae=vae, prior=prior), report, terms.last(), watched, kept)


def _checked(report: FitReport) -> FitReport:
    """The report of a training that had a finite loss at least once."""
    if report.bad_steps == report.steps:
        raise FitError("no step of the fine-tuning had a finite loss: lower the learning rate")
    return report


class _Terms:
    """The loss terms of each step, on their way to whoever watches."""

    def __init__(self, progress: Callable[[Progress], None]) -> None:
        self._progress = progress
        self._history: dict[str, list[float]] = {}

    def __call__(self, step: Progress) -> None:
        for name, value in step.terms.items():
            self._history.setdefault(name, []).append(value)
        self._progress(step)

    def last(self) -> dict[str, float]:
        """Each term's mean over the last steps that had it."""
        return {name: sum(values[-LAST:]) / len(values[-LAST:]) for name, values in self._history.items()}


def _loss(vae: VAE, head_term: HeadTerm, recipe: FineTuneRecipe) -> Callable[[Step, int], dict[str, Tensor]]:
    elbo_recipe = Recipe(token_dropout=recipe.token_dropout, property_weight=recipe.property_weight)

    def loss(batch: Step, step: int) -> dict[str, Tensor]:
        elbo, head = recipe.wants(step)
        terms: dict[str, Tensor] = {"loss": torch.zeros(())}
        if elbo:
            terms = elbo_terms(vae, batch.elbo, recipe.beta, elbo_recipe, stream(recipe.seed, "noise", step))
        if head:
            n = head_term(batch.points, stream(recipe.seed, "head noise", step))
            terms |= {"loss": terms["loss"] + recipe.gp_loss_weight * n, "gp": n}
        return terms

    return loss


def _prior_of(prior: Prior, vae: VAE, replay: TokenSet, seed: int) -> Prior:
    """The prior where the new encoder puts replayed objects."""
    generator = stream(seed, "prior")
    rows = torch.randperm(len(replay), generator=generator)[:PRIOR_ROWS]
    z = encoder_means(vae, replay.tokens[rows])
    fitted = prior.refitted(z, generator) if torch.isfinite(z).all() else None
    if fitted is None or not torch.isfinite(latent_box(fitted)).all():  # 1e31 is finite, its square is not
        raise FitError("the fine-tuned encoder scatters its latent points: lower the learning rate")
    return fitted
