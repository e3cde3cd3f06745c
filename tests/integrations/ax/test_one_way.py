"""A campaign and the Ax node propose in one way, from the same knowledge the same objects."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import torch
from ax.api.client import Client

from latentbo.campaign import Campaign, Settings
from latentbo.campaign.proposing import Knowledge, ProposalStrategy
from latentbo.integrations.ax import attach_object, latent_node, next_objects
from tests.acquisition.conftest import FAILED, OBJECTS
from tests.integrations.ax.conftest import attach, carbon

Call = tuple[int, Knowledge, tuple[str, ...]]


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[Call]:
    """What `ProposalStrategy.propose` is given, and what it proposes of it if the seed is 5."""
    found: list[Call] = []
    real = ProposalStrategy.propose

    def watched(self: ProposalStrategy, n: int, known: Knowledge, seed: int) -> Any:
        batch, _ = real(self, 3, known, 5)
        found.append((n, known, tuple(proposal.object for proposal in batch.proposals)))
        return real(self, n, known, seed)

    monkeypatch.setattr(ProposalStrategy, "propose", watched)
    return found


@pytest.mark.parametrize("measured", [0, 12])
def test_the_same_knowledge_gives_the_same_proposals(
    make: Callable[..., Client], settings: Settings, tmp_path: Path, calls: list[Call], measured: int
) -> None:
    objects, failed, waiting = OBJECTS[:measured], FAILED[: measured // 6], OBJECTS[measured : measured + 2]
    client = make()
    attach(client, objects)
    for smiles in failed:
        client.mark_trial_failed(attach_object(client, smiles), "no crystal")
    for smiles in waiting:
        attach_object(client, smiles)
    with Campaign(tmp_path / "campaign.db", settings) as campaign:
        values = [*(carbon(smiles)["carbons"] for smiles in objects), *(None for _ in failed)]
        reasons = [*("" for _ in objects), *("no crystal" for _ in failed)]
        if measured:
            campaign.tell(pd.DataFrame({"smiles": [*objects, *failed], "value": values, "reason": reasons}))
        campaign.queue(waiting)
        campaign.ask(2)
    next_objects(client, 2)
    (n, ours, first), (block, theirs, second) = calls
    assert (n, block) == (2, latent_node(client).block)
    assert ours.known == theirs.known == {*objects, *failed, *waiting}
    assert (ours.failed, ours.pending) == (theirs.failed, theirs.pending) == (failed, waiting)
    assert ours.ranked.objects == theirs.ranked.objects == objects
    assert torch.equal(ours.y, theirs.y) or not measured
    assert first == second
    assert len(set(first)) == 3
