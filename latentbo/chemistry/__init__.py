"""Molecules as graphs: descriptors, edits, rules, realism, drawings."""

from __future__ import annotations

from typing import TYPE_CHECKING

from latentbo.lazy import lazy_exports

if TYPE_CHECKING:
    from latentbo.chemistry.descriptors import morgan_counts as morgan_counts
    from latentbo.chemistry.descriptors import scaled_descriptors as scaled_descriptors
    from latentbo.chemistry.descriptors import tanimoto as tanimoto
    from latentbo.chemistry.edits import GraphEdits as GraphEdits
    from latentbo.chemistry.realism import ring_systems as ring_systems
    from latentbo.chemistry.realism import unrealistic as unrealistic
    from latentbo.chemistry.rules import MoleculeRules as MoleculeRules

_EXPORTS = {
    "GraphEdits": "edits",
    "MoleculeRules": "rules",
    "morgan_counts": "descriptors",
    "ring_systems": "realism",
    "scaled_descriptors": "descriptors",
    "tanimoto": "descriptors",
    "unrealistic": "realism",
}
__all__ = list(_EXPORTS)
__getattr__, __dir__ = lazy_exports(__name__, _EXPORTS)
