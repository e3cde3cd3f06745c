"""What fine-tuning trains on: measured objects, the good ones more often, among rows that keep what the VAE knows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import count
from typing import NamedTuple

import torch
from jaxtyping import Float, Int
from torch import Tensor

from latentbo.codecs.base import Reading
from latentbo.codecs.vocabulary import PAD
from latentbo.errors import InputError, ShortfallError
from latentbo.models.dkl_vae import BATCH, DKLVAE
from latentbo.models.padding import pad
from latentbo.models.vae import VAE, Gaussian
from latentbo.rng import derive
from latentbo.torch_rng import stream
from latentbo.training.recipes import FineTuneRecipe
from latentbo.training.token_sets import Batch, TokenSet
from latentbo.types import Latents, Tokens

FEWEST = 4  # objects to learn from, or to test on
MOST_DRAWS = 10  # prior samples for each row wanted: a model that writes fewer validly is no teacher


def token_set(readings: Sequence[Reading]) -> TokenSet:
    """Readable objects as training rows without descriptors. Raises `InputError` for readings without an object."""
    refused = [reading.reason for reading in readings if not reading.ok]
    if refused:
        raise InputError(
            f"{len(refused)} of {len(readings)} objects cannot be encoded ({refused[0]}): leave them out"
        )
    return TokenSet(pad([reading.tokens for reading in readings]), torch.zeros(len(readings), 0))


def generative_replay(model: DKLVAE, n: int, seed: int) -> TokenSet:
    """n valid objects that the model itself draws from its prior, for when its corpus is not at hand.

    Deep generative replay: Shin et al. 2017, arXiv:1705.08690. Raises `ShortfallError` where it writes too few.
    """
    return token_set(dreams(model, n, stream(seed, "generative replay")))


def dreams(model: DKLVAE, n: int, generator: torch.Generator) -> list[Reading]:
    """n valid objects that the model writes greedily at draws from its prior. Raises `ShortfallError` for too few."""
    valid: list[Reading] = []
    drawn = 0
    while len(valid) < n and drawn < MOST_DRAWS * n:
        names = [
            name for name, _ in model.decode_objects(model.prior.sample(n, generator)) if name is not None
        ]
        valid += [reading for reading in model.codec.read(names) if reading.ok]
        drawn += n
    if len(valid) < n:
        raise ShortfallError(
            f"{drawn} prior samples gave {len(valid)} valid objects, {n} were asked for: "
            "replay a corpus instead"
        )
    return valid[:n]


def rank_weights(values: Float[Tensor, "n 1"], k: float) -> Float[Tensor, " n"]:
    """Sampling shares proportional to 1 / (k n + rank), rank 0 the largest value (Tripp et al. 2020, equation 3).

    They sum to 1.
    """
    n = len(values)
    rank = values.squeeze(-1).argsort(descending=True, stable=True).argsort()
    weights = 1.0 / (k * n + rank.double())
    return weights / weights.sum()


class Step(NamedTuple):
    """What one step sees: a batch for the ELBO, and the labelled rows whose marginal likelihood it takes."""

    elbo: Batch
    points: Int[Tensor, " n"]


def mixed_steps(
    rows: TokenSet,
    weights: Float[Tensor, " n"],
    learnt: Int[Tensor, " m"],
    replay: TokenSet,
    recipe: FineTuneRecipe,
    first: int,
) -> Iterator[Step]:
    """The steps from `first` on, each a function of the recipe's seed and its number alone.

    Labelled rows by weight and replayed ones for the ELBO, some of the `learnt` rows for the head.
    """
    both = rows.joined(replay)
    replayed = round(recipe.replay_share * recipe.batch_size)
    for step in count(first):
        generator = stream(recipe.seed, "batch", step)
        old = len(rows) + torch.randint(len(replay), (replayed,), generator=generator)
        new = torch.multinomial(weights, max(1, recipe.batch_size - replayed), True, generator=generator)
        mixed = torch.cat([old, new])[: recipe.batch_size]
        drawn = torch.randperm(len(learnt), generator=generator)[: recipe.gp_points]
        yield Step(both.batch(mixed), learnt[drawn.sort().values])


def withheld(objects: Sequence[str], share: float, salt: str) -> tuple[Int[Tensor, " n"], Int[Tensor, " m"]]:
    """Rows to learn from, and about that share of rows to test on. Raises `InputError` where either are too few.

    Which object is withheld depends on the object and `salt` alone. One that is withheld now was withheld at every
    fine-tuning before, so its label cannot have leaked into z.
    """
    out = torch.tensor(
        [derive(0, salt, text) % 10_000 < share * 10_000 for text in objects], dtype=torch.bool
    )
    rows = torch.arange(len(objects))
    if (~out).sum() < FEWEST or (share > 0 and out.sum() < FEWEST):
        raise InputError(
            f"at least {FEWEST} measured objects are needed to learn from and to test on, "
            f"but {len(objects)} give {int((~out).sum())} and {int(out.sum())}: measure more"
        )
    return rows[~out], rows[out]


def described(vae: VAE, rows: TokenSet) -> TokenSet:
    """Rows with the descriptors that `vae` reads off them, where they have none and it has a head.

    Learning without forgetting: Li & Hoiem 2016, arXiv:1606.09282. Raises `InputError` for rows with other
    descriptors than the model knows.
    """
    width = vae.head.out_features if vae.head is not None else 0
    if rows.targets.shape[1] == width:
        return rows
    if vae.head is None or rows.targets.shape[1]:
        raise InputError(
            f"replay rows have {rows.targets.shape[1]} descriptors, but the model was trained on {width}"
        )
    with torch.no_grad():
        return replace(rows, targets=vae.head(encoder_means(vae, rows.tokens)).float().cpu())


def encoder_means(vae: VAE, tokens: Tokens) -> Latents:
    """Encoder means of padded rows, float32 on the CPU."""
    return posteriors(vae, tokens).mean


@torch.no_grad()
def posteriors(vae: VAE, tokens: Tokens) -> Gaussian:
    """q(z | x) of padded rows, n x d, float32 on the CPU."""
    device = next(vae.parameters()).device
    found = Gaussian(torch.empty(len(tokens), vae.latent), torch.empty(len(tokens), vae.latent))
    lengths = (tokens != PAD).sum(1)
    for part in lengths.argsort().split(BATCH):
        width = max(1, int(lengths[part].max()))
        for whole, rows in zip(found, vae.encode(tokens[part, :width].long().to(device)), strict=True):
            whole[part] = rows.float().cpu()
    return found
