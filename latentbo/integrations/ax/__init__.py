"""Latent spaces in Ax: a generation node, its client in one call, and our surrogate for Ax's own generators.

Supported is ax-platform 1.3 (`pip install "latentbo[ax]"`).
"""

from latentbo.integrations.ax.client import (
    attach_object,
    experiment_of,
    latent_client,
    latent_node,
    latent_strategy,
    next_objects,
    with_ax_generators,
)
from latentbo.integrations.ax.generators import BoxGP, BoxNode, surrogate_spec
from latentbo.integrations.ax.node import LatentGenerationNode
from latentbo.integrations.ax.objects import ObjectRunner, object_of
from latentbo.integrations.ax.space import LatentSpace
from latentbo.integrations.ax.storage import sqlite_storage
from latentbo.integrations.ax.table import Attached, attach_table

__all__ = [
    "Attached",
    "BoxGP",
    "BoxNode",
    "LatentGenerationNode",
    "LatentSpace",
    "ObjectRunner",
    "attach_object",
    "attach_table",
    "experiment_of",
    "latent_client",
    "latent_node",
    "latent_strategy",
    "next_objects",
    "object_of",
    "sqlite_storage",
    "surrogate_spec",
    "with_ax_generators",
]
