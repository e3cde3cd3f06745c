"""Is this space good: reconstruction, dead zones, maps, paths, grids, motion. Findings, drawn by `report`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from latentbo.lazy import lazy_exports

if TYPE_CHECKING:
    from latentbo.diagnostics.collapse import bimodal_collapse as bimodal_collapse
    from latentbo.diagnostics.dead_zones import calibrate as calibrate
    from latentbo.diagnostics.evaluation import reconstruction as reconstruction
    from latentbo.diagnostics.evaluation import samples as samples
    from latentbo.diagnostics.evaluation import smoothness as smoothness
    from latentbo.diagnostics.grids import convex_slice as convex_slice
    from latentbo.diagnostics.grids import neighbourhood as neighbourhood
    from latentbo.diagnostics.maps import LatentMap as LatentMap
    from latentbo.diagnostics.maps import principal as principal
    from latentbo.diagnostics.paths import path as path
    from latentbo.diagnostics.sampling import sample_objects as sample_objects

_EXPORTS = {
    "LatentMap": "maps",
    "bimodal_collapse": "collapse",
    "calibrate": "dead_zones",
    "convex_slice": "grids",
    "neighbourhood": "grids",
    "path": "paths",
    "principal": "maps",
    "reconstruction": "evaluation",
    "sample_objects": "sampling",
    "samples": "evaluation",
    "smoothness": "evaluation",
}
__all__ = list(_EXPORTS)
__getattr__, __dir__ = lazy_exports(__name__, _EXPORTS)
