"""Where to measure next: acquisition functions, proposers, the pool and the batch."""

from __future__ import annotations

from typing import TYPE_CHECKING

from latentbo.lazy import lazy_exports

if TYPE_CHECKING:
    from latentbo.acquisition.candidates import Batch as Batch
    from latentbo.acquisition.candidates import Proposal as Proposal
    from latentbo.acquisition.context import ProposalContext as ProposalContext
    from latentbo.acquisition.feasibility import Feasibility as Feasibility
    from latentbo.acquisition.functions import MakeAcquisition as MakeAcquisition
    from latentbo.acquisition.functions import make_acquisition as make_acquisition
    from latentbo.acquisition.names import ACQUISITIONS as ACQUISITIONS
    from latentbo.acquisition.objectives import Objectives as Objectives
    from latentbo.acquisition.pool import PoolSettings as PoolSettings
    from latentbo.acquisition.pool import propose_pool as propose_pool
    from latentbo.acquisition.proposers import LATENT_PROPOSERS as LATENT_PROPOSERS
    from latentbo.acquisition.proposers import Edits as Edits
    from latentbo.acquisition.proposers import Parents as Parents
    from latentbo.acquisition.proposers import Proposer as Proposer
    from latentbo.acquisition.region import TrustRegion as TrustRegion

_EXPORTS = {
    "ACQUISITIONS": "names",
    "Batch": "candidates",
    "Edits": "proposers",
    "Feasibility": "feasibility",
    "LATENT_PROPOSERS": "proposers",
    "MakeAcquisition": "functions",
    "Objectives": "objectives",
    "Parents": "proposers",
    "PoolSettings": "pool",
    "Proposal": "candidates",
    "ProposalContext": "context",
    "Proposer": "proposers",
    "TrustRegion": "region",
    "make_acquisition": "functions",
    "propose_pool": "pool",
}
__all__ = list(_EXPORTS)
__getattr__, __dir__ = lazy_exports(__name__, _EXPORTS)
