"""Law 1: a value belongs to the canonical object, and the surrogate learns it where that object encodes now."""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd
import pytest
import torch

from latentbo.acquisition.proposers import Parents
from latentbo.campaign.campaign import Campaign
from latentbo.models.dkl_vae import DKLVAE
from latentbo.models.surrogate import LatentGP
from latentbo.training.gates import Retrained
from latentbo.types import Latents
from tests.laws.small import VALUES, known, latents_of

Begin = Callable[..., Campaign]
Becomes = Callable[[DKLVAE], Callable[..., Retrained]]
Tell = Callable[..., None]


def learnt_where_it_lies(campaign: Campaign, values: dict[str, float]) -> None:
    """Each measured object has one row: the latents that the live encoder gives it, and its own value."""
    surrogate: LatentGP = campaign.surrogate().model
    data = campaign.knowledge().outcomes[0].data
    assert sorted(data.objects) == sorted(values)
    z = campaign.model.embed(campaign.model.codec.read(data.objects))
    torch.testing.assert_close(latents_of(surrogate), z, atol=1e-5, rtol=1e-5)
    transform = surrogate.outcome_transform
    y = surrogate.train_targets * transform.stdvs.squeeze() + transform.means.squeeze()
    y = campaign.outcome_transform.inverse_transform(y.numpy(), y.numpy())[0]
    assert y.tolist() == pytest.approx([values[name] for name in data.objects])


@pytest.fixture
def campaign(begin: Begin, changed: DKLVAE, becomes: Becomes) -> Campaign:
    made = begin(retrainer=becomes(changed))
    known(made)
    return made


def test_told_by_id(campaign: Campaign) -> None:
    """In another order and in part; proposals of latent points among them."""
    asked = campaign.ask(4)
    rows = asked.iloc[[2, 0, 3]].assign(value=[30.0, 10.0, 40.0])[["id", "value"]]
    campaign.tell(rows)
    smiles = asked["smiles"].tolist()
    learnt_where_it_lies(campaign, {**VALUES, smiles[2]: 30.0, smiles[0]: 10.0, smiles[3]: 40.0})


def test_told_by_id_of_a_proposal_that_was_a_latent_point(begin: Begin) -> None:
    """The point that was proposed is forgotten: its decode encodes elsewhere."""
    made: list[Latents] = []

    def outskirts(parents: Parents, n: int, seed: int) -> Latents:
        generator = torch.Generator().manual_seed(seed % 2**31)
        made.append(2.5 * torch.randn(n, parents.z.shape[1], generator=generator, dtype=torch.float64))
        return made[-1]

    campaign = begin(proposers={"mine": outskirts})
    known(campaign)
    asked = campaign.ask(3)
    campaign.tell(asked.assign(value=[1.0, 2.0, 3.0])[["id", "value"]])
    learnt_where_it_lies(campaign, {**VALUES, **dict(zip(asked["smiles"], [1.0, 2.0, 3.0], strict=True))})
    learnt = latents_of(campaign.surrogate().model)[-3:]
    assert torch.cdist(learnt, torch.cat(made)).min() > 1e-3
    # What was predicted was predicted where the object lies, too.
    rows = [campaign.history.rows[identity] for identity in asked["id"]]
    assert all(row.mean is not None for row in rows)


def test_told_by_other_spellings(campaign: Campaign, tell: Tell) -> None:
    tell(campaign, {"C(C)OCC": 5.0, "O(CC)CC": 7.0, "[NH2]CC": 2.1})
    assert campaign.history.known() >= {"CCOCC"}
    assert not campaign.history.known() & {"C(C)OCC", "O(CC)CC", "[NH2]CC"}
    learnt_where_it_lies(campaign, {**VALUES, "CCOCC": 6.0})


def test_after_a_retrain_and_after_rolling_back(campaign: Campaign, tell: Tell) -> None:
    base, values = campaign.model.id, dict(VALUES)
    learnt_where_it_lies(campaign, values)
    asked = campaign.ask(2)  # pending through the retrain
    campaign.retrain()
    assert campaign.model.id != base
    learnt_where_it_lies(campaign, values)
    campaign.tell(asked.assign(value=[11.0, 12.0])[["id", "value"]])
    values |= dict(zip(asked["smiles"], [11.0, 12.0], strict=True))
    learnt_where_it_lies(campaign, values)
    campaign.roll_back(base)
    learnt_where_it_lies(campaign, values)


def test_fantasies_lie_where_pending_objects_encode_now(campaign: Campaign) -> None:
    base = campaign.model
    names = campaign.ask(2)["smiles"].tolist()
    for step in (lambda: None, campaign.retrain, lambda: campaign.roll_back(base.id)):
        step()
        fantasies = campaign.context(campaign.surrogate()).surrogate.fantasies
        z = campaign.model.embed(campaign.model.codec.read(names))
        torch.testing.assert_close(fantasies, z, atol=1e-5, rtol=1e-5)


def test_no_latent_point_is_stored(campaign: Campaign) -> None:
    """A retrain invalidates nothing in the file: it holds objects, values and predictions, and no list of numbers."""
    asked = campaign.ask(3)
    campaign.tell(asked.assign(value=1.0))

    def lists_of_floats(value: object) -> bool:
        if isinstance(value, dict):
            return any(map(lists_of_floats, value.values()))
        if isinstance(value, list | tuple):
            return sum(isinstance(each, float) for each in value) >= 8 or any(map(lists_of_floats, value))
        return False

    assert not any(lists_of_floats(event.payload) for event in campaign.log.store.events())


def test_a_repeated_measurement_is_one_row(campaign: Campaign) -> None:
    campaign.tell(pd.DataFrame({"smiles": ["CCO", "OCC"], "value": [5.0, 8.0]}))
    learnt_where_it_lies(campaign, {**VALUES, "CCO": (VALUES["CCO"] + 5.0 + 8.0) / 3})
