"""Corpus, losses, the training loop, fine-tuning by deep kernel learning, and the gates of a retrain."""

from __future__ import annotations

from typing import TYPE_CHECKING

from latentbo.lazy import lazy_exports

if TYPE_CHECKING:
    from latentbo.training.finetune import fine_tune as fine_tune
    from latentbo.training.gates import Gates as Gates
    from latentbo.training.gates import retrain as retrain
    from latentbo.training.images import ImageRecipe as ImageRecipe
    from latentbo.training.images import make_image_model as make_image_model
    from latentbo.training.images import train_images as train_images
    from latentbo.training.molecules import make_model as make_model
    from latentbo.training.pretrain import Recipe as Recipe
    from latentbo.training.recipes import FineTuneRecipe as FineTuneRecipe
    from latentbo.training.sequences import train_sequences as train_sequences
    from latentbo.training.token_sets import TokenSet as TokenSet

_EXPORTS = {
    "FineTuneRecipe": "recipes",
    "Gates": "gates",
    "ImageRecipe": "images",
    "Recipe": "pretrain",
    "TokenSet": "token_sets",
    "fine_tune": "finetune",
    "make_image_model": "images",
    "make_model": "molecules",
    "retrain": "gates",
    "train_images": "images",
    "train_sequences": "sequences",
}
__all__ = list(_EXPORTS)
__getattr__, __dir__ = lazy_exports(__name__, _EXPORTS)
