"""What a block of proposals rests on, and what is written down of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from ax.api.client import Client

from latentbo.integrations.ax import attach_object, experiment_of, latent_node
from latentbo.integrations.ax.proposing import propose_block
from latentbo.models.dkl_vae import DKLVAE
from latentbo.types import Values
from tests.acquisition.conftest import OBJECTS
from tests.integrations.ax.conftest import attach, both, carbon

Block = list[dict[str, Any]]


def propose(client: Client, n: int, taken: list[str]) -> Block:
    node = latent_node(client)
    state = node.read(experiment_of(client))
    return propose_block(n, state, node.proposal_strategy, taken, 7)


def rounds(block: Block) -> list[dict[str, Any]]:
    return [candidate["latentbo"]["round"] for candidate in block]


@pytest.mark.parametrize("measured", [0, 12])
def test_what_was_taken_does_not_come_again(make: Callable[..., Client], measured: int) -> None:
    client = make()
    attach(client, OBJECTS[:measured])
    first = [candidate["smiles"] for candidate in propose(client, 4, [])]
    second = [candidate["smiles"] for candidate in propose(client, 4, first)]
    assert len({*first, *second}) == 8


def test_what_is_picked_later_is_a_runner_up(make: Callable[..., Client]) -> None:
    client = make()
    attach(client, OBJECTS[:12])
    block = propose(client, 3, [])
    for place, round_ in enumerate(rounds(block), start=1):
        later = [candidate["smiles"] for candidate in block[place:]]
        assert [name for _, name in round_["runners_up"]][: len(later)] == later
        assert not {candidate["smiles"] for candidate in block[:place]} & {
            name for _, name in round_["runners_up"]
        }


def test_only_comparable_ranks_are_written_down(make: Callable[..., Client]) -> None:
    """A rank among fronts, or a violation of a constraint, means something else tomorrow."""
    expected = {
        ("carbons",): True,
        ("carbons", "letters <= 100"): True,
        ("carbons", "letters <= 0"): False,
        ("carbons, -letters",): False,
    }
    for (objective, *limits), comparable in expected.items():
        client = make(objective, outcome_constraints=limits)
        attach(client, OBJECTS[:8], both)
        (round_,) = rounds(propose(client, 1, []))
        assert (round_["best"] is not None) == (round_["threshold"] is not None) == comparable


def test_standard_errors_reach_the_surrogate(
    make: Callable[..., Client], monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[Values | None] = []
    real = DKLVAE.surrogate

    def watched(self: DKLVAE, data: Any, z: Any = None, variances: Values | None = None) -> Any:
        seen.append(variances)
        return real(self, data, z, variances)

    monkeypatch.setattr(DKLVAE, "surrogate", watched)
    client = make("carbons", outcome_constraints=["letters <= 30"])
    for smiles in OBJECTS[:8]:
        attach_object(client, smiles, {"carbons": (carbon(smiles)["carbons"], 0.5), "letters": len(smiles)})
    propose(client, 1, [])
    assert torch.equal(seen[0], torch.full((8, 1), 0.25, dtype=torch.float64))
    assert seen[1] is None
