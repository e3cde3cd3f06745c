"""Pretraining: an unlabelled corpus to a `DKLVAE` whose space is worth searching.

Three stages: "main", "anneal" (here) and "self-training" (`training.self_training`). The loss per object, in nats:

    L = - log p(x | z) + beta * w(step) * KL(q(z | x) || N(0, I)) + gamma / 2 * |y - (W z + b)|^2

    symbol    meaning
    z         a draw from q(z | x)
    beta      weight of the KL term (beta-VAE: Higgins et al. 2017), w its linear warm-up
    y         standardised descriptors known without measuring; gamma their weight. A row that has none (NaN)
              leaves the term out
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, get_args

import torch
from torch import Tensor

from latentbo.codecs.vocabulary import SpellingName
from latentbo.errors import InputError, made_of, unknown_name
from latentbo.models.exemplars import ExemplarPrior
from latentbo.models.vae import VAE, SequenceVAE
from latentbo.rng import derive
from latentbo.torch_rng import global_stream, stream
from latentbo.training.fit import FitReport, Progress, fit, has_bf16
from latentbo.training.losses import kl_to_standard_normal, squared_error, warm_up
from latentbo.training.replay import encoder_means
from latentbo.training.token_sets import Batch, TokenSet

HELD_OUT_EVERY = 50
ANNEAL_RATE = 0.2  # of the peak rate of the main stage
SINCE_0_1 = {
    "finish_epochs": "anneal_epochs",
    "cycle_epochs": "self_training_epochs",
    "cycle_samples": "self_training_samples",
    "cycle_rate": "self_training_rate",
    "cycle_beta": "self_training_beta",
}
"""Keys of recipes that version 0.1 wrote into cards and run files, and what they are called now."""


@dataclass(frozen=True)
class Recipe:
    """Everything that decides what pretraining makes, apart from the corpus. Units: epochs, rows, nats.

    start_from                  a shipped model's name or a folder: training goes on from its weights; network and codec
                                are that model's, other sizes are refused, and the KL term has no warm-up
    latent ... decoder_hidden   sizes of the network (`SequenceVAE`)
    spelling                    how the model reads and writes molecules: "selfies", "smiles" (canonical) or "fragments"
                                (SMILES fragment by fragment: `codecs.fragments`)
    merges                      of the codec that is learnt on the corpus
    recombined                  rounds of new molecules made of the corpus's halves (`training.recombine`)
    epochs ... property_weight  of the main stage; AdamW's rate has its peak here, then a cosine to zero
    anneal_epochs               of the second stage: no token dropout, a fifth of the rate, else the same
    self_training_epochs        of the third stage, on corpus and own samples
    self_training_samples       how many own samples there are
    self_training_rate, _beta   peak learning rate and weight of the KL term in the third stage
    exemplars                   molecules that the prior is made of: recombined ones that nothing is trained on,
                                at most a tenth of them, or where `recombined` is 0 those of the corpus
    bf16                        use bfloat16 products where the hardware has them

    Raises `InputError` for values that mean nothing.
    """

    start_from: str | None = None
    latent: int = 64
    embedding: int = 128
    encoder_hidden: int = 192
    encoder_layers: int = 2
    decoder_hidden: int = 512
    spelling: SpellingName = "fragments"
    merges: int = 484
    recombined: int = 1
    epochs: int = 8
    batch_size: int = 256
    learning_rate: float = 2e-3
    beta: float = 0.1
    warm_up_epochs: float = 1.0
    token_dropout: float = 0.1
    property_weight: float = 0.1
    anneal_epochs: int = 1
    self_training_epochs: int = 0
    self_training_samples: int = 100_000
    self_training_rate: float = 3e-4
    self_training_beta: float = 0.1
    exemplars: int = 16_000
    seed: int = 0
    bf16: bool = True

    def __post_init__(self) -> None:
        if self.spelling not in get_args(SpellingName):
            raise unknown_name("spelling", str(self.spelling), get_args(SpellingName))
        sizes = ("latent", "embedding", "encoder_hidden", "encoder_layers", "decoder_hidden")
        for name in (*sizes, "epochs", "batch_size", "self_training_samples", "exemplars"):
            if getattr(self, name) < 1:
                raise InputError(f"{name} must be at least 1, not {getattr(self, name)}")
        for name in (
            "merges",
            "recombined",
            "beta",
            "warm_up_epochs",
            "property_weight",
            "anneal_epochs",
            "self_training_epochs",
        ):
            if getattr(self, name) < 0:
                raise InputError(f"{name} must not be negative, but is {getattr(self, name)}")
        if not 0.0 <= self.token_dropout < 1.0:
            raise InputError(f"token_dropout is a share within 0 and 1, not {self.token_dropout}")
        if self.learning_rate <= 0.0 or self.self_training_rate <= 0.0:
            raise InputError(
                f"learning rates are positive, not {self.learning_rate} and {self.self_training_rate}"
            )

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Recipe:
        """The recipe of a dict, such as a card's. Raises `InputError` for unknown keys."""
        return made_of(cls, cls.renamed(data), "recipe key")

    @staticmethod
    def renamed(data: Mapping[str, Any]) -> dict[str, Any]:
        """A recipe's keys as they are called now, whichever version wrote them."""
        return {SINCE_0_1.get(name, name): value for name, value in data.items()}


def elbo_terms(
    vae: VAE, batch: Batch, beta: float, recipe: Recipe, generator: torch.Generator
) -> dict[str, Tensor]:
    """The loss of a batch and its parts, nats per object; `sd` is the posterior's mean standard deviation."""
    posterior = vae.encode(batch.tokens)
    z = posterior.sample(generator)
    dropout = recipe.token_dropout if vae.training else 0.0
    nll = -vae.log_likelihood(z, batch.tokens, dropout, generator).mean()
    kl = kl_to_standard_normal(*posterior).mean()
    terms = {"nll": nll, "kl": kl, "sd": (0.5 * posterior.log_variance).exp().mean()}
    loss = nll + beta * kl
    if vae.head is not None:
        terms["properties"] = _known_error(vae.head(z).float(), batch.targets).mean()
        loss = loss + recipe.property_weight * terms["properties"]
    return {"loss": loss, **terms}


def _known_error(prediction: Tensor, targets: Tensor) -> Tensor:
    """Half the squared distance, 0 for rows whose descriptors are not known (NaN)."""
    known = ~targets.isnan()
    return squared_error(prediction.where(known, 0.0), targets.where(known, 0.0))


def pretrain(
    train: TokenSet,
    held_out: TokenSet,
    vocabulary: int,
    recipe: Recipe,
    *,
    device: torch.device,
    start: SequenceVAE | None = None,
    checkpoint: Path | None = None,
    progress: Callable[[Progress], None] = lambda _: None,
) -> tuple[VAE, FitReport]:
    """Train a new VAE, or `start` in place; with `checkpoint`, a run that was stopped goes on where it was.

    Raises `InputError` where there are no rows, `FitError` where training diverges.
    """
    if not len(train) or not len(held_out):
        raise InputError(
            f"pretraining needs training and held-out rows, but there are {len(train)} and {len(held_out)}"
        )
    vae = (start or new_network(vocabulary, train.targets.shape[1], recipe)).to(device)
    report = main_stage(vae, train, held_out, recipe, checkpoint=checkpoint, progress=progress)
    return vae, report


def new_network(vocabulary: int, properties: int, recipe: Recipe) -> SequenceVAE:
    """The recipe's network with its initial weights: for so many tokens, with a head for so many descriptors."""
    with global_stream(recipe.seed, "initial weights"):
        return SequenceVAE(
            vocabulary,
            latent=recipe.latent,
            embedding=recipe.embedding,
            encoder_hidden=recipe.encoder_hidden,
            encoder_layers=recipe.encoder_layers,
            decoder_hidden=recipe.decoder_hidden,
            properties=properties,
        )


def main_stage(
    vae: VAE,
    train: TokenSet,
    held_out: TokenSet,
    recipe: Recipe,
    *,
    checkpoint: Path | None = None,
    progress: Callable[[Progress], None] = lambda _: None,
) -> FitReport:
    """The first stage, in place: the recipe's epochs at its peak rate, the KL term warmed up where the weights are new."""
    epochs = recipe.warm_up_epochs if recipe.start_from is None else 0.0
    warm = round(epochs * train.steps(recipe.batch_size))
    return train_elbo(
        vae,
        train,
        held_out,
        recipe,
        epochs=recipe.epochs,
        learning_rate=recipe.learning_rate,
        beta=lambda step: recipe.beta * warm_up(step, warm),
        checkpoint=checkpoint,
        progress=progress,
    )


def anneal(
    vae: VAE,
    train: TokenSet,
    held_out: TokenSet,
    recipe: Recipe,
    *,
    checkpoint: Path | None = None,
    progress: Callable[[Progress], None] = lambda _: None,
) -> FitReport:
    """The second stage, in place: with every token shown, the decoder learns the past it has when it writes.

    Token dropout makes it read z; here it learns to trust what it has written as well.
    """
    return train_elbo(
        vae,
        train,
        held_out,
        replace(recipe, token_dropout=0.0),
        epochs=recipe.anneal_epochs,
        learning_rate=ANNEAL_RATE * recipe.learning_rate,
        beta=lambda step: recipe.beta,
        path=("finish",),  # as ever: another name would draw other batches
        checkpoint=checkpoint,
        progress=progress,
    )


def train_elbo(
    vae: VAE,
    train: TokenSet,
    held_out: TokenSet,
    recipe: Recipe,
    *,
    epochs: int,
    learning_rate: float,
    beta: Callable[[int], float],
    path: tuple[str, ...] = (),
    checkpoint: Path | None = None,
    progress: Callable[[Progress], None] = lambda _: None,
) -> FitReport:
    """Minimise L in place. `beta(step)` is the weight of the KL term; `path` names the random streams.

    Raises `FitError` where training diverges.
    """
    device = next(vae.parameters()).device

    def moved(batch: Batch) -> Batch:
        return Batch(batch.tokens.to(device), batch.targets.to(device))

    def noise(*name: str | int) -> torch.Generator:
        return torch.Generator(device).manual_seed(derive(recipe.seed, *path, *name))

    def loss(batch: Batch, step: int) -> dict[str, Tensor]:
        return elbo_terms(vae, moved(batch), beta(step), recipe, noise("noise", step))

    @torch.no_grad()
    def held_out_loss() -> float:
        generator = noise("held out")
        batches = map(moved, held_out.in_order(512))
        losses = [elbo_terms(vae, batch, recipe.beta, recipe, generator)["loss"] for batch in batches]
        return float(torch.stack(losses).mean())

    return fit(
        vae,
        lambda epoch: train.batches(recipe.batch_size, stream(recipe.seed, *path, "batches", epoch)),
        loss,
        epochs=epochs,
        steps_per_epoch=train.steps(recipe.batch_size),
        learning_rate=learning_rate,
        autocast=torch.bfloat16 if recipe.bf16 and has_bf16(device) else None,
        held_out=held_out_loss,
        checkpoint=checkpoint,
        progress=progress,
    )


def fit_prior(vae: VAE, rows: TokenSet, recipe: Recipe) -> ExemplarPrior:
    """Exemplars: the encoder's means of some rows drawn at random, or of all of them where there are few."""
    some = torch.randperm(len(rows), generator=stream(recipe.seed, "prior"))[: recipe.exemplars]
    return ExemplarPrior(encoder_means(vae, rows.tokens[some]))
