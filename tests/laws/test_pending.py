"""Law 5: what is pending is not proposed again. All asks of a campaign here draw the same numbers."""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd
import pytest

from latentbo.acquisition import gradient
from latentbo.campaign.campaign import Campaign
from latentbo.errors import ShortfallError
from tests.laws.small import FAVOURITES, VALUES, favourites, known, quick_gradient

Begin = Callable[..., Campaign]
Tell = Callable[..., None]


@pytest.fixture(autouse=True)
def _one_seed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Otherwise the second ask draws other objects, and hides that it may have the first one's."""
    monkeypatch.setattr("latentbo.campaign.campaign.derive", lambda *path: 5)
    for name, value in quick_gradient().items():
        monkeypatch.setattr(gradient, name, value)


def test_the_start_does_not_draw_a_pending_object_again(begin: Begin) -> None:
    campaign, other = begin(), begin("other.db")
    first = campaign.ask(4)
    assert other.ask(4)["smiles"].tolist() == first["smiles"].tolist(), "the same proposals would come"
    assert not set(campaign.ask(4)["smiles"]) & set(first["smiles"])


@pytest.mark.parametrize("reopened", [False, True])
def test_the_pool_does_not_ask_for_a_pending_object_again(begin: Begin, reopened: bool) -> None:
    campaign, other = (begin(name, proposers={"mine": favourites}) for name in ("run.db", "other.db"))
    for each in (campaign, other):
        known(each)
    first = campaign.ask(2)
    assert other.ask(2)["smiles"].tolist() == first["smiles"].tolist(), "the same proposals would come"
    if reopened:
        campaign.close()
        campaign = begin(proposers={"mine": favourites})
    rest = [campaign.ask(2), campaign.ask(2)]
    assert sorted(pd.concat([first, *rest])["smiles"]) == sorted(FAVOURITES)
    with pytest.raises(ShortfallError, match="no new object"):
        campaign.ask(1)


def test_the_gradient_does_not_lead_to_a_pending_object_again(begin: Begin) -> None:
    campaign, other = (begin(name, {"proposer": "gradient"}) for name in ("run.db", "other.db"))
    for each in (campaign, other):
        known(each)
    first = campaign.ask(2)
    assert other.ask(2)["smiles"].tolist() == first["smiles"].tolist(), "the same proposals would come"
    assert not set(campaign.ask(2)["smiles"]) & set(first["smiles"])


@pytest.mark.parametrize("became", ["measured", "failed", "queued"])
def test_nothing_that_came_in_is_asked_for(begin: Begin, tell: Tell, became: str) -> None:
    campaign = begin(proposers={"mine": favourites})
    known(campaign)
    names = FAVOURITES
    if became == "queued":
        campaign.queue(names[:4])
    elif became == "failed":
        tell(campaign, {}, names[:4])
    else:
        tell(campaign, dict.fromkeys(names[:4], 1.0))
    asked = campaign.ask(6)
    assert sorted(asked["smiles"]) == sorted(names[4:])
    assert asked.attrs["shortfall"].startswith("4 of 6 missing")


def test_what_is_pending_is_asked_once_in_one_batch(begin: Begin) -> None:
    """Runners-up of the ask before come again, beside the proposers that name them too."""
    campaign = begin(proposers={"mine": favourites, "again": favourites})
    known(campaign)
    asked = [*campaign.ask(1)["smiles"], *campaign.ask(5)["smiles"]]
    assert sorted(asked) == sorted(FAVOURITES)
    assert not set(asked) & set(VALUES)
