"""One way to propose, for the campaign and for Ax: from what is known to a batch.

Knowledge --surrogates--> SurrogateFit --context--> ProposalContext --start, pool or gradient--> Batch
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import torch

from latentbo.acquisition.candidates import Batch
from latentbo.acquisition.context import ProposalContext
from latentbo.acquisition.feasibility import Feasibility, learn_feasibility
from latentbo.acquisition.functions import MakeAcquisition
from latentbo.acquisition.gradient import propose_gradient
from latentbo.acquisition.operator_allocation import success_shares
from latentbo.acquisition.pool import PoolSettings, propose_pool
from latentbo.acquisition.proposers import Proposer, edits_among
from latentbo.acquisition.start import propose_prior
from latentbo.campaign.encodings import Encodings
from latentbo.campaign.knowledge import Knowledge
from latentbo.campaign.settings import Settings
from latentbo.errors import ShortfallError
from latentbo.kinds.base import Check
from latentbo.models.dkl_vae import DKLVAE
from latentbo.models.multi_output import MultiOutputLatentGP
from latentbo.models.surrogate import SurrogateFit


@dataclass(frozen=True, eq=False)
class ProposalStrategy:
    """Who proposes, by what acquisition, under which rules, and with which features in the surrogate."""

    model: DKLVAE
    settings: Settings
    proposers: Mapping[str, Proposer]
    check: Check
    acquisition: MakeAcquisition
    encodings: Encodings = field(default_factory=Encodings)

    def propose(self, n: int, knowledge: Knowledge, seed: int) -> tuple[Batch, SurrogateFit | None]:
        """n new objects at most, and the surrogate (of the first outcome) that they rest on, None where there is none yet.

        Raises `ShortfallError` where nothing new could be proposed.
        """
        if not knowledge.enough(self.settings.initial):
            batch, fits = propose_prior(n, self.model, knowledge.known, self.check, seed), []
        else:
            fits = self.surrogates(knowledge)
            batch = self._search(n, self.context(knowledge, fits), knowledge, seed)
        if not batch.proposals:
            raise ShortfallError(
                f"no new object could be proposed: {batch.counts}. Loosen the rules or enlarge the pool"
            )
        return batch, fits[0] if fits else None

    @property
    def featured(self) -> DKLVAE:
        """The live model with the features that the settings give its surrogate."""
        if self.settings.proposer == "gradient":
            return self.model.latents_only
        return self.model.with_features(
            structure=self.settings.structure, descriptors=self.settings.descriptors
        )

    def surrogates(self, knowledge: Knowledge) -> list[SurrogateFit]:
        """One fitted to each outcome, through the live encoder."""
        return [
            self.featured.surrogate(
                outcome.data, self.encodings(self.model, outcome.data.objects), outcome.variances
            )
            for outcome in knowledge.outcomes
        ]

    def context(self, knowledge: Knowledge, fits: Sequence[SurrogateFit]) -> ProposalContext:
        """What a proposal would rest on. What is pending counts as measured, at the value that the surrogate expects of it:
        the next batch is not made of its analogues.
        """
        model = self.featured
        now = ProposalContext(
            model,
            fits[0].model
            if knowledge.objectives is None
            else MultiOutputLatentGP(*(fit.model for fit in fits)),
            knowledge.ranked,
            knowledge.known,
            knowledge.region,
            self.feasibility(knowledge),
            self.check,
            knowledge.runners_up,
        )
        return (
            now.with_fantasies(model.inputs(model.codec.read(knowledge.pending)))
            if knowledge.pending
            else now
        )

    def feasibility(self, knowledge: Knowledge) -> Feasibility:
        """P(feasible | z) from what has a value and what failed; uninformed while nothing has failed."""
        passed = tuple(dict.fromkeys(name for outcome in knowledge.outcomes for name in outcome.data.objects))
        groups = (
            (passed, knowledge.failed) if knowledge.failed else ()
        )  # without failures there is nothing to learn
        parts = [self.encodings(self.model, group) for group in groups]
        z = torch.cat([*parts, torch.empty(0, self.model.latent, dtype=torch.float64)])
        outcomes = (torch.arange(len(z)) < len(passed)).double()
        return learn_feasibility(z, outcomes, float(self.model.prior.covariance().diagonal().sqrt().mean()))

    def _search(self, n: int, context: ProposalContext, knowledge: Knowledge, seed: int) -> Batch:
        make = self._acquisition_of(knowledge)
        if self.settings.proposer == "gradient":
            return propose_gradient(n, context, make, seed)
        unused = edits_among(self.proposers) if self.settings.edit_share == 0 else frozenset()
        used = [name for name in self.proposers if name not in unused]
        shares = success_shares(used, knowledge.operator_outcomes)
        effort = PoolSettings(
            rounds=self.settings.pool_rounds,
            size=self.settings.pool_size,
            surplus=self.settings.pool_surplus,
            edit_share=self.settings.edit_share,
        )
        return propose_pool(n, context, self.proposers, shares, make, effort, seed)

    def _acquisition_of(self, knowledge: Knowledge) -> MakeAcquisition:
        """The named one for one objective; noisy (hypervolume) improvement for more than that."""
        if knowledge.objectives is None:
            return self.acquisition
        model = self.featured
        return knowledge.objectives.acquisition(
            model.inputs(model.codec.read(knowledge.ranked.objects)), knowledge.y
        )
