"""From what an experiment says to the next molecules: the house's own proposing, told of what is on its way."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import torch

from latentbo.acquisition.functions import MakeAcquisition, make_acquisition
from latentbo.acquisition.pool import Check, Situation
from latentbo.acquisition.propose import Batch, PoolSettings, propose_pool, propose_prior
from latentbo.acquisition.quota import success_shares
from latentbo.campaign.asking import asked
from latentbo.campaign.kinds import check_of, proposers_of
from latentbo.campaign.settings import Settings
from latentbo.errors import ShortfallError
from latentbo.integrations.ax.ledger import Ledger
from latentbo.integrations.ax.molecules import PROPOSAL, SMILES
from latentbo.models.dkl_vae import DKLVAE
from latentbo.models.several import LatentGPs
from latentbo.models.surrogate import SurrogateFit
from latentbo.validity.feasibility import Feasibility, learn_feasibility


def propose_block(
    n: int, ledger: Ledger, model: DKLVAE, settings: Settings, taken: Sequence[str], seed: int
) -> list[dict[str, Any]]:
    """Candidate metadata of at most n new molecules, picked jointly, best first.

    `taken` were proposed since the ledger was read: like the pending ones they count as measured, at the value that
    the surrogate expects of them. Raises `ShortfallError` where nothing new could be proposed.
    """
    began = time.monotonic()
    check, proposers = check_of(settings, model.codec.kind), proposers_of(model.codec.kind)
    known = ledger.history.known() | set(taken)
    told = len(ledger.y) + len(ledger.failed)
    fits: list[SurrogateFit] = []
    if told < settings.initial or len(ledger.y) < 2 or bool((ledger.y == ledger.y[0]).all()):
        batch = propose_prior(n, model, known, check, seed)
    else:
        seen = model.telling(structure=settings.structure, descriptors=settings.descriptors)
        fits = [seen.surrogate(outcome.data, variances=outcome.variances) for outcome in ledger.outcomes]
        situation = replace(_situation(ledger, seen, fits, check), known=known)
        waiting = [*ledger.pending, *taken]
        if waiting:
            situation = situation.believing(seen.inputs(seen.codec.read(waiting)))
        shares = success_shares(list(proposers), ledger.history.outcomes())
        effort = PoolSettings(rounds=settings.pool_rounds, size=settings.pool_size)
        make = _acquisition(ledger, seen, settings)
        batch = propose_pool(n, situation, proposers, shares, make, effort, seed)
    if not batch.proposals:
        raise ShortfallError(
            f"no new object could be proposed: {batch.counts}. Loosen the rules or enlarge the pool"
        )
    seconds = time.monotonic() - began
    return _metadata(batch, ledger, fits[0] if fits else None, encoder=model.id, seconds=seconds)


def _situation(ledger: Ledger, model: DKLVAE, fits: Sequence[SurrogateFit], check: Check) -> Situation:
    """What a proposal would rest on if nothing were on its way."""
    rounds = ledger.history.rounds
    return Situation(
        model,
        fits[0].model if ledger.goals.aims.plain else LatentGPs(*(fitted.model for fitted in fits)),
        ledger.history.measurements(),
        ledger.history.known(),
        ledger.history.region(),
        _feasibility(ledger, model),
        check,
        rounds[-1].runners_up if rounds else (),
    )


def _acquisition(ledger: Ledger, model: DKLVAE, settings: Settings) -> MakeAcquisition:
    """The campaign's own for one objective; noisy (hypervolume) improvement for more than that."""
    if ledger.goals.aims.plain:
        return make_acquisition(settings.acquisition)
    return ledger.goals.aims.acquisition(model.inputs(model.codec.read(ledger.complete)), ledger.y)


def _feasibility(ledger: Ledger, model: DKLVAE) -> Feasibility:
    """P(feasible | z) from what has a value and what failed; uninformed while nothing has failed."""
    passed = list(dict.fromkeys(name for outcome in ledger.outcomes for name in outcome.data.objects))
    tried = [*passed, *ledger.failed] if ledger.failed else []
    z = model.embed(model.codec.read(tried))
    outcomes = (torch.arange(len(tried)) < len(passed)).double()
    return learn_feasibility(z, outcomes, float(model.prior.covariance().diagonal().sqrt().mean()))


def _metadata(
    batch: Batch, ledger: Ledger, fitted: SurrogateFit | None, *, encoder: str, seconds: float
) -> list[dict[str, Any]]:
    """One dict a proposal: the molecule, what was predicted of the first metric in its own sign, and the round.

    Which proposals become trials is known only later. So the round that each one carries counts those after it among
    its runners-up, and the last that was taken has it right.
    """
    payload = asked(batch, ledger.history, fitted, encoder=encoder, seconds=seconds)
    round_ = (
        payload["round"] if _comparable(ledger) else {**payload["round"], "best": None, "threshold": None}
    )
    sign = ledger.goals.signs[0]
    left = [(proposal.proposer, proposal.object) for proposal in batch.proposals]
    found = []
    for place, row in enumerate(payload["rows"], start=1):
        mean = None if row["mean"] is None else sign * row["mean"]
        runners_up = [list(pair) for pair in (*left[place:], *batch.runners_up)]
        found.append(
            {
                SMILES: row["object"],
                PROPOSAL: {"row": {**row, "mean": mean}, "round": {**round_, "runners_up": runners_up}},
            }
        )
    return found


def _comparable(ledger: Ledger) -> bool:
    """Whether merits of today can be compared with those of another day: of one objective, with its limits kept."""
    aims = ledger.goals.aims
    return len(aims.objectives) == 1 and bool((aims.missed(ledger.y) == 0).any())
