"""Fine-tuning of the decoder alone: it learns to write what a campaign has found, and no latent point moves.

A search ends among objects unlike the corpus. The encoder still tells them apart, but the decoder has never written them:
at their own latent points it writes something else. The loss, per object, in nats:

    L = - log p(x | z),    z = m(x) + a s(x) e,    e ~ N(0, I)

with m, s the frozen encoder's mean and standard deviation and a the recipe's `decoder_noise`. The batches are those of the
ELBO: measured objects, the good ones more often, among replayed rows. Neither m, s nor the prior changes, so whatever rests
on latent points (the surrogate, the feasibility model) stays as it was.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

import torch
from jaxtyping import Float
from torch import Tensor

from latentbo.models.vae import VAE
from latentbo.torch_rng import stream
from latentbo.training.fit import FitReport, Progress, fit, has_bf16
from latentbo.training.recipes import FineTuneRecipe
from latentbo.training.replay import Step, mixed_steps, posteriors
from latentbo.training.token_sets import TokenSet


def train_decoder(
    vae: VAE,
    rows: TokenSet,
    weights: Float[Tensor, " n"],
    replay: TokenSet,
    recipe: FineTuneRecipe,
    *,
    progress: Callable[[Progress], None] = lambda _: None,
) -> FitReport:
    """Minimise L in place on `rows`, drawn by `weights`, among replayed ones.

    Raises `FitError` where training diverges.
    """
    most = recipe.steps * recipe.batch_size  # more rows of a corpus are never seen, and need not be encoded
    some = torch.randperm(len(replay), generator=stream(recipe.seed, "replayed"))[:most]
    rows, replay = (
        _encoded(vae, part) for part in (rows, TokenSet(replay.tokens[some], replay.targets[some]))
    )
    device = next(vae.parameters()).device

    def batches(epoch: int) -> Iterator[Step]:
        return mixed_steps(rows, weights, torch.arange(len(rows)), replay, recipe, epoch * recipe.round_steps)

    def loss(batch: Step, step: int) -> dict[str, Tensor]:
        generator = stream(recipe.seed, "noise", step)
        mean, log_variance = batch.elbo.targets.chunk(2, dim=1)
        spread = recipe.decoder_noise * (0.5 * log_variance).exp()
        z = mean + spread * torch.randn(mean.shape, generator=generator)
        nll = -vae.log_likelihood(
            z.to(device), batch.elbo.tokens.to(device), recipe.token_dropout, generator
        ).mean()
        return {"loss": nll, "nll": nll}

    return fit(
        vae,
        batches,
        loss,
        epochs=recipe.steps // recipe.round_steps,
        steps_per_epoch=recipe.round_steps,
        learning_rate=recipe.learning_rate,
        warmup_steps=max(1, recipe.steps // 10),
        autocast=torch.bfloat16 if recipe.bf16 and has_bf16(device) else None,
        report_every=1,
        progress=progress,
    )


def _encoded(vae: VAE, rows: TokenSet) -> TokenSet:
    """The rows with mean and log-variance of q(z | x), n x 2d, in the place of their descriptors."""
    return replace(rows, targets=torch.cat(posteriors(vae, rows.tokens), dim=1))
