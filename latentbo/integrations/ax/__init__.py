"""Latent spaces in Ax: a generation node, its client in one call, and our surrogate for Ax's own generators.

Supported is ax-platform 1.3 (`pip install "latentbo[ax]"`).
"""

from latentbo.integrations.ax.client import (
    attach_molecule,
    latent_client,
    latent_node,
    latent_strategy,
    next_molecules,
    with_ax_generators,
)
from latentbo.integrations.ax.generators import BoxGP, BoxNode, surrogate_spec
from latentbo.integrations.ax.molecules import MoleculeRunner, molecule_of
from latentbo.integrations.ax.node import LatentGenerationNode
from latentbo.integrations.ax.space import LatentSpace
from latentbo.integrations.ax.storage import sqlite_storage
from latentbo.integrations.ax.table import Attached, attach_table

__all__ = [
    "Attached",
    "BoxGP",
    "BoxNode",
    "LatentGenerationNode",
    "LatentSpace",
    "MoleculeRunner",
    "attach_molecule",
    "attach_table",
    "latent_client",
    "latent_node",
    "latent_strategy",
    "molecule_of",
    "next_molecules",
    "sqlite_storage",
    "surrogate_spec",
    "with_ax_generators",
]
