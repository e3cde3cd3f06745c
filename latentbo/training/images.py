"""Grey images to a model: a folder of PNG files, a .npy array, or images in memory."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from jaxtyping import Float, UInt8

from latentbo.codecs.image_files import pixels, read_images
from latentbo.codecs.images import ImageCodec
from latentbo.codecs.vocabulary import SPECIAL
from latentbo.errors import InputError, made_of
from latentbo.kinds.cards import CARD, read_card
from latentbo.models.dkl_vae import BATCH, DKLVAE
from latentbo.models.exemplars import ExemplarPrior
from latentbo.models.image_vae import ImageVAE
from latentbo.models.pretrained import load_model, save_model
from latentbo.torch_rng import global_stream, stream
from latentbo.training.fit import FitReport, Progress
from latentbo.training.pretrain import Recipe, main_stage
from latentbo.training.replay import encoder_means
from latentbo.training.runs import (
    WORK,
    Listener,
    begin_run,
    checkpoint_of,
    heard,
    run_of,
    same_run,
    training_facts,
)
from latentbo.training.token_sets import TokenSet
from latentbo.version import __version__

FEWEST = 20  # images: the prior needs neighbours
HELD_OUT_EVERY = 20
NEIGHBOURS = 20  # that the prior's draws lie between


@dataclass(frozen=True)
class ImageRecipe:
    """Everything that decides what the training of images makes, apart from the images. Units: epochs, rows, nats.

    latent ... likelihood   the network (`ImageVAE`)
    beta                    weight of the KL term, after a linear warm-up
    learning_rate           AdamW's peak, then a cosine to zero
    property_weight         of the targets, where there are any (`training.pretrain`)
    exemplars               images, at most, that the prior is made of
    bf16                    use bfloat16 products where the hardware has them

    Raises `InputError` for values that mean nothing.
    """

    latent: int = 16
    network: str = "conv"
    hidden: int = 256
    channels: int = 16
    likelihood: str = "bernoulli"
    epochs: int = 30
    batch_size: int = 128
    learning_rate: float = 2e-3
    beta: float = 1.0
    warm_up_epochs: float = 1.0
    property_weight: float = 0.0
    exemplars: int = 5_000
    seed: int = 0
    bf16: bool = True

    def __post_init__(self) -> None:
        for name in ("latent", "hidden", "channels", "epochs", "batch_size", "exemplars"):
            if getattr(self, name) < 1:
                raise InputError(f"{name} must be at least 1, not {getattr(self, name)}")
        self.elbo()

    def elbo(self) -> Recipe:
        """What of it the loss knows, in its own recipe; the decoder is shown nothing that could be dropped."""
        names = (
            "latent",
            "epochs",
            "batch_size",
            "learning_rate",
            "beta",
            "warm_up_epochs",
            "property_weight",
            "seed",
        )
        return Recipe(token_dropout=0.0, bf16=self.bf16, **{name: getattr(self, name) for name in names})

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> ImageRecipe:
        """Refuses unknown keys."""
        return made_of(cls, data, "recipe key")


def make_image_model(
    source: str | Path,
    out: str | Path,
    recipe: ImageRecipe,
    *,
    device: torch.device | None = None,
    listener: Listener = lambda stage, done, total, note: None,
) -> DKLVAE:
    """Train on a folder of PNG files or a .npy array and save the model in the folder `out`; a finished one is loaded.

    Every 20th image is held out. A run that was killed goes on where it was when it is started again.
    `listener(stage, done, total, note)` hears of the stage "main". Raises `InputError` for too few images, for images
    of several sizes, and where `out` holds what another recipe or other images have made.
    """
    out = Path(out)
    work = out / WORK
    table = read_images(source)
    if table.problems:
        raise InputError(f"{source}: {table.problems[0]} ({len(table.problems)} in all)")
    images = pixels(row.object for row in table.rows)
    sha256 = hashlib.sha256(str(images.shape).encode() + images.tobytes()).hexdigest()
    run = {"recipe": asdict(recipe), "data_sha256": sha256}
    if (out / CARD).exists():
        same_run(run_of(read_card(out)), run, out)
        return load_model(out)
    begin_run(work, run, out)
    model, report = train_images(
        images,
        recipe,
        device=device,
        checkpoint=checkpoint_of(work, "main"),
        progress=heard(listener, "main"),
    )
    data = {
        "file": Path(source).name,
        "sha256": sha256,
        "images": len(images),
        "held_out": f"every {HELD_OUT_EVERY}th",
    }
    versions = {"latentbo": __version__, "torch": torch.__version__}
    training = training_facts({"main": report})
    save_model(
        model, out, facts={"data": data, "recipe": asdict(recipe), "training": training, "versions": versions}
    )
    return load_model(out)


def train_images(
    images: UInt8[np.ndarray, "n h w"],
    recipe: ImageRecipe,
    *,
    targets: Float[np.ndarray, "n p"] | None = None,
    device: torch.device | None = None,
    checkpoint: Path | None = None,
    progress: Callable[[Progress], None] = lambda _: None,
) -> tuple[DKLVAE, FitReport]:
    """A model of grey levels, with a prior where its encoder puts the images; and how training went.

    `targets` are standardised numbers known of every image, that a linear head reads off z while it is trained.
    Raises `InputError` for too few images, `FitError` where training diverges.
    """
    if len(images) < FEWEST:
        raise InputError(
            f"there are {len(images)} images, but at least {FEWEST} are needed: the prior needs neighbours"
        )
    rows = token_rows(images, targets)
    out = torch.arange(len(rows)) % HELD_OUT_EVERY == 0
    train, held_out = (TokenSet(rows.tokens[which], rows.targets[which]) for which in (~out, out))
    with global_stream(recipe.seed, "initial weights"):
        vae = ImageVAE(
            *images.shape[1:],
            latent=recipe.latent,
            network=recipe.network,
            hidden=recipe.hidden,
            channels=recipe.channels,
            likelihood=recipe.likelihood,
            properties=rows.targets.shape[1],
        ).to(device or torch.device("cuda" if torch.cuda.is_available() else "cpu"))
    report = main_stage(vae, train, held_out, recipe.elbo(), checkpoint=checkpoint, progress=progress)
    return DKLVAE(ImageCodec(*images.shape[1:]), vae, image_prior(vae, train, recipe)), report


def token_rows(
    images: UInt8[np.ndarray, "n h w"], targets: Float[np.ndarray, "n p"] | None = None
) -> TokenSet:
    """Grey levels as the codec's tokens, in two bytes each."""
    tokens = torch.from_numpy(images.reshape(len(images), -1).astype(np.int16) + SPECIAL)
    known = np.zeros((len(images), 0)) if targets is None else targets
    return TokenSet(tokens, torch.from_numpy(np.asarray(known, dtype=np.float32)))


def image_prior(vae: ImageVAE, rows: TokenSet, recipe: ImageRecipe) -> ExemplarPrior:
    """Exemplars, with draws between neighbours that stray as far as the encoder is unsure."""
    some = torch.randperm(len(rows), generator=stream(recipe.seed, "prior"))[: recipe.exemplars]
    device = next(vae.parameters()).device
    with torch.no_grad():
        log_variances = vae.encode(rows.batch(some[:BATCH]).tokens.to(device)).log_variance
    noise = float((0.5 * log_variances).exp().mean())
    return ExemplarPrior(encoder_means(vae, rows.tokens[some]), neighbours=NEIGHBOURS, noise=noise)
