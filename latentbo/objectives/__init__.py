"""The benchmark tasks, and objectives of the user's own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from latentbo.lazy import lazy_exports

if TYPE_CHECKING:
    from latentbo.objectives.loading import Objective as Objective
    from latentbo.objectives.loading import load_objective as load_objective
    from latentbo.objectives.molecules import OBJECTIVES as OBJECTIVES
    from latentbo.objectives.molecules import MoleculeObjective as MoleculeObjective

_EXPORTS = {
    "MoleculeObjective": "molecules",
    "OBJECTIVES": "molecules",
    "Objective": "loading",
    "load_objective": "loading",
}
__all__ = list(_EXPORTS)
__getattr__, __dir__ = lazy_exports(__name__, _EXPORTS)
