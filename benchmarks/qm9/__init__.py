"""QM9 as in arXiv:2503.02978: molecules rebuilt from a latent space, and enthalpies read off it."""

from benchmarks.qm9.command import main

__all__ = ["main"]
