"""The third stage of pretraining: the model learns to read what it writes.

What a decoder writes at a draw from the prior need not be like the corpus, and the encoder, which has seen
only the corpus, may put it somewhere else: encode - decode then changes it, and a step of a search is lost.
Training on the model's own samples among corpus rows makes them fixed points.
"""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from pathlib import Path

from latentbo.models.dkl_vae import DKLVAE
from latentbo.models.vae import VAE
from latentbo.training.fit import FitReport, Progress
from latentbo.training.pretrain import Recipe, train_elbo
from latentbo.training.replay import described, generative_replay
from latentbo.training.token_sets import TokenSet


def train_on_samples(
    model: DKLVAE,
    train: TokenSet,
    held_out: TokenSet,
    recipe: Recipe,
    *,
    checkpoint: Path | None = None,
    progress: Callable[[Progress], None] = lambda _: None,
) -> tuple[VAE, FitReport]:
    """A new network, trained on `train` and `recipe.self_training_samples` of `model`'s own samples.

    Samples are drawn from the prior and kept where they are valid; their descriptors are what `model` reads off
    them. With `checkpoint` (and the same `model`), a run that was stopped goes on where it was. Raises `ShortfallError`
    where the model writes too few valid samples, `FitError` where training diverges.
    """
    own = described(model.vae, generative_replay(model, recipe.self_training_samples, recipe.seed))
    vae = deepcopy(model.vae)
    report = train_elbo(
        vae,
        train.joined(own),
        held_out,
        recipe,
        epochs=recipe.self_training_epochs,
        learning_rate=recipe.self_training_rate,
        beta=lambda _: recipe.self_training_beta,
        path=("cycle",),  # as ever: another name would draw other batches
        checkpoint=checkpoint,
        progress=progress,
    )
    return vae, report
