"""Law 5 in an Ax experiment: running trials are not proposed again, though every proposal draws the same numbers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
import torch
from ax.api.client import Client

from latentbo.acquisition.feasibility import learn_feasibility
from latentbo.acquisition.proposers import Proposer
from latentbo.campaign.settings import Settings
from latentbo.errors import ShortfallError
from latentbo.integrations.ax import attach_object, experiment_of, latent_client, latent_node, next_objects
from latentbo.models.dkl_vae import DKLVAE
from latentbo.models.priors import spread
from tests.acquisition.conftest import FAILED
from tests.laws.small import FAVOURITES, LITTLE, VALUES, favourites

Make = Callable[..., Client]


@pytest.fixture
def make(tiny_model: DKLVAE, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Make:
    def only_mine(edits: Mapping[str, object]) -> dict[str, Proposer]:
        return {"mine": favourites}

    def client(*, begun: bool, block: int = 10) -> Client:
        made = latent_client("carbons", settings=Settings(**LITTLE), model=tiny_model, block=block)
        for name, value in VALUES.items() if begun else ():
            attach_object(made, name, {"carbons": value})
        return made

    monkeypatch.setattr("latentbo.integrations.ax.node.derive", lambda *path: 5)
    monkeypatch.setattr("latentbo.integrations.ax.node.proposers_of", only_mine)
    return client


@pytest.mark.parametrize("block", [1, 10])
def test_the_start_does_not_draw_a_running_trial_again(make: Make, block: int) -> None:
    client = make(begun=False, block=block)
    first = list(next_objects(client, 3).values())
    assert list(next_objects(make(begun=False, block=block), 3).values()) == first, "the same would come"
    assert len({*first, *next_objects(client, 3).values()}) == 6


@pytest.mark.parametrize("block", [1, 10])
def test_the_pool_does_not_ask_for_a_running_trial_again(make: Make, block: int) -> None:
    client = make(begun=True, block=block)
    found = [name for n in (2, 3, 1) for name in next_objects(client, n).values()]
    assert sorted(found) == sorted(FAVOURITES)
    with pytest.raises(ShortfallError, match="no new object"):
        next_objects(client, 1)


def test_a_trial_that_failed_is_not_asked_for_and_teaches_where_not_to_look(
    make: Make, tiny_model: DKLVAE
) -> None:
    client = make(begun=True)
    for name in (*FAILED, *FAVOURITES[:4]):
        client.mark_trial_failed(attach_object(client, name))
    assert sorted(next_objects(client, 2).values()) == sorted(FAVOURITES[4:])
    state = latent_node(client).read(experiment_of(client))
    found = latent_node(client).proposal_strategy.feasibility(state.knowledge)
    tried = (*VALUES, *FAILED, *FAVOURITES[:4])
    z = tiny_model.embed(tiny_model.codec.read(tried))
    passed = torch.tensor([name in VALUES for name in tried], dtype=torch.float64)
    expected = learn_feasibility(z, passed, float(spread(tiny_model.prior).mean()))
    torch.testing.assert_close(found(z), expected(z), atol=1e-6, rtol=1e-6)
