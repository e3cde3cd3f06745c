"""The cards of arXiv:2503.02978: angles read off a latent space, cards decoded where none was trained on."""

from benchmarks.cards.command import main

__all__ = ["main"]
