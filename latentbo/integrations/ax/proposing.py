"""From what an experiment says to the next objects: proposed as a campaign proposes, written down as Ax stores it."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from latentbo.acquisition.candidates import Batch
from latentbo.campaign.asking import asked
from latentbo.campaign.proposing import ProposalStrategy
from latentbo.integrations.ax.experiment import ExperimentState
from latentbo.integrations.ax.objects import PROPOSAL
from latentbo.models.surrogate import SurrogateFit


def propose_block(
    n: int, state: ExperimentState, strategy: ProposalStrategy, taken: Sequence[str], seed: int
) -> list[dict[str, Any]]:
    """Candidate metadata of at most n new objects, picked jointly, best first.

    `taken` were proposed since the state was read: like the pending ones they count as measured, at the value that
    the surrogate expects of them. Raises `ShortfallError` where nothing new could be proposed.
    """
    began = time.monotonic()
    knowledge = state.knowledge
    now = replace(knowledge, pending=(*knowledge.pending, *taken), known=knowledge.known | set(taken))
    batch, fitted = strategy.propose(n, now, seed)
    return _metadata(batch, state, strategy, fitted, time.monotonic() - began)


def _metadata(
    batch: Batch,
    state: ExperimentState,
    strategy: ProposalStrategy,
    fitted: SurrogateFit | None,
    seconds: float,
) -> list[dict[str, Any]]:
    """One dict a proposal: the object, what was predicted of the first metric in its own sign, and the round.

    Which proposals become trials is known only later. So the round that each one carries counts those after it among
    its runners-up, and the last that was taken has it right.
    """
    payload = asked(batch, state.history, fitted, encoder=strategy.model.id, seconds=seconds)
    round_ = payload["round"] if _comparable(state) else {**payload["round"], "best": None, "threshold": None}
    sign = state.goals.signs[0]
    left = [(proposal.proposer, proposal.object) for proposal in batch.proposals]
    found = []
    for place, row in enumerate(payload["rows"], start=1):
        mean = None if row["mean"] is None else sign * row["mean"]
        runners_up = [list(pair) for pair in (*left[place:], *batch.runners_up)]
        proposal = {"row": {**row, "mean": mean}, "round": {**round_, "runners_up": runners_up}}
        found.append({strategy.model.kind.column: row["object"], PROPOSAL: proposal})
    return found


def _comparable(state: ExperimentState) -> bool:
    """Whether ranks of today can be compared with those of another day: of one objective, with its constraints kept."""
    objectives = state.goals.objectives
    return len(objectives.weights) == 1 and bool(
        (objectives.constraint_violation(state.knowledge.y) == 0).any()
    )
