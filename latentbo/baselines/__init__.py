"""Methods to compare with, behind the same ask and tell."""

from __future__ import annotations

from typing import TYPE_CHECKING

from latentbo.lazy import lazy_exports

if TYPE_CHECKING:
    from latentbo.baselines.base import Method as Method
    from latentbo.baselines.genetic import GraphGA as GraphGA
    from latentbo.baselines.genetic import SelfiesGA as SelfiesGA
    from latentbo.baselines.mol_ga import MolGA as MolGA
    from latentbo.baselines.random_search import PriorSampling as PriorSampling
    from latentbo.baselines.random_search import RandomScreening as RandomScreening
    from latentbo.baselines.tanimoto_gp import TanimotoGP as TanimotoGP

_EXPORTS = {
    "GraphGA": "genetic",
    "Method": "base",
    "MolGA": "mol_ga",
    "PriorSampling": "random_search",
    "RandomScreening": "random_search",
    "SelfiesGA": "genetic",
    "TanimotoGP": "tanimoto_gp",
}
__all__ = list(_EXPORTS)
__getattr__, __dir__ = lazy_exports(__name__, _EXPORTS)
