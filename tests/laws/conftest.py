"""Campaigns that are quick to ask: a surrogate of latents alone, one round of a small pool."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from copy import deepcopy
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
import torch

from latentbo.campaign.campaign import Campaign
from latentbo.campaign.settings import Settings
from latentbo.data.measurements import Measurements
from latentbo.models.dkl_vae import DKLVAE
from latentbo.training.gates import Retrained
from tests.laws.life import Life, live
from tests.laws.small import LITTLE


@pytest.fixture
def begin(tmp_path: Path, tiny_model: DKLVAE) -> Iterator[Callable[..., Campaign]]:
    """Opens (or makes) the campaign of a file name; `settings` changes those of a little campaign."""
    opened: list[Campaign] = []

    def make(name: str = "run.db", settings: dict[str, object] | None = None, **given: object) -> Campaign:
        given = {"model": tiny_model, **given}
        opened.append(Campaign(tmp_path / name, Settings(**{**LITTLE, **(settings or {})}), **given))
        return opened[-1]

    yield make
    for campaign in opened:
        campaign.close()


@pytest.fixture(scope="session")
def changed(tiny_model: DKLVAE) -> DKLVAE:
    """A model whose encoder differs a little."""
    vae = deepcopy(tiny_model.vae)
    with torch.no_grad():
        for parameter in vae.parameters():
            parameter.mul_(1.01)
    return replace(tiny_model, vae=vae)


@pytest.fixture(scope="session")
def life(tiny_model: DKLVAE, tmp_path_factory: pytest.TempPathFactory) -> Life:
    """A campaign with a real retrain and a roll-back behind it."""
    return live(tiny_model, tmp_path_factory.mktemp("life"))


@pytest.fixture(scope="session")
def becomes() -> Callable[[DKLVAE], Callable[..., Retrained]]:
    """Stands in for training: the retrain that makes this model, and is accepted."""

    def of(result: DKLVAE) -> Callable[..., Retrained]:
        def retrain(model: DKLVAE, data: Measurements, *, seed: int) -> Retrained:
            return Retrained(result, True, (), {}, {}, 0.0)

        return retrain

    return of


@pytest.fixture
def tell(begin: Callable[..., Campaign]) -> Callable[..., None]:
    """Tells values of objects, and that others failed."""

    def say(campaign: Campaign, values: dict[str, float], failed: Sequence[str] = ()) -> None:
        rows = [(name, value, None) for name, value in values.items()]
        rows += [(name, None, "torn") for name in failed]
        column = campaign.history.column
        campaign.tell(pd.DataFrame(rows, columns=[column, "value", "reason"], dtype=object))

    return say
