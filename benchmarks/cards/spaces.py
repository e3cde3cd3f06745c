"""Trained spaces of cards, each made once and kept in the folder of the results."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from benchmarks.cards.drawing import Cards, draw_cards
from benchmarks.cards.settings import GAP, Size
from latentbo.codecs.images import image_name
from latentbo.data.measurements import Measurements
from latentbo.kinds.cards import CARD
from latentbo.models.dkl_vae import DKLVAE
from latentbo.models.pretrained import load_model, save_model
from latentbo.rng import derive
from latentbo.training.finetune import fine_tune
from latentbo.training.images import ImageRecipe, image_prior, token_rows, train_images
from latentbo.training.recipes import FineTuneRecipe


@dataclass(frozen=True)
class Study:
    """The cards of one seed, and the models made of them."""

    size: Size
    seed: int
    folder: Path

    @cached_property
    def cards(self) -> Cards:
        """What is trained on."""
        return draw_cards(self.size.per_suit, seed=self.seed)

    @cached_property
    def tests(self) -> Cards:
        """What nothing is trained on, all angles."""
        return draw_cards(self.size.tests, seed=derive(self.seed, "tests"))

    @cached_property
    def around_the_gap(self) -> Cards:
        """The cards of training without those turned by the angles of the gap."""
        return self.cards.split_angles(*GAP)[0]

    def vanilla(self, name: str, cards: Cards, recipe: ImageRecipe) -> DKLVAE:
        """A VAE that knows no angle."""
        place = self.folder / f"{name}_vanilla_{self.seed}"
        if (place / CARD).exists():
            return load_model(place)
        place.mkdir(parents=True, exist_ok=True)
        model, _ = train_images(
            cards.images, replace(recipe, seed=self.seed), checkpoint=place / "checkpoint.safetensors"
        )
        save_model(model, place)
        return model

    def fine_tuned(
        self, name: str, cards: Cards, base: DKLVAE, recipe: FineTuneRecipe, *, replay: Cards | None = None
    ) -> DKLVAE:
        """The same after deep kernel learning of the cards' angles; `replay` (the same cards, if left out) keeps the
        space together.
        """
        place = self.folder / f"{name}_{recipe.schedule}_{recipe.gp_loss_weight:g}_{self.seed}"
        if (place / CARD).exists():
            return load_model(place)
        rows = token_rows((replay or cards).images)
        made = fine_tune(base, angles(cards), rows, replace(recipe, seed=self.seed)).model
        prior = image_prior(made.vae, rows, replace(self.size.recipe, seed=self.seed))
        save_model(replace(made, prior=prior), place)
        return replace(made, prior=prior)


def angles(cards: Cards, rows: np.ndarray | None = None) -> Measurements:
    """The cards with their angles in degrees, all or some of them."""
    rows = np.arange(len(cards)) if rows is None else rows
    names = tuple(image_name(cards.images[row]) for row in rows)
    return Measurements(names, torch.from_numpy(cards.angle[rows]).double()[:, None])


def latents(model: DKLVAE, images: np.ndarray) -> Tensor:
    """Encoder means of images, n x d."""
    return model.embed(model.codec.read([image_name(image) for image in images]))
