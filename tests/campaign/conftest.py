"""Small campaigns over the tiny model."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from latentbo.campaign.campaign import Campaign
from latentbo.campaign.settings import Settings
from latentbo.models.dkl_vae import DKLVAE

SMALL = {"seed": 0, "initial": 6, "pool_rounds": 1, "pool_size": 30, "retrain_every": None}


@pytest.fixture
def begin(tmp_path: Path, tiny_model: DKLVAE) -> Iterator[Callable[..., Campaign]]:
    """Opens (or makes) the campaign of a file name; `settings` changes those of a small campaign."""
    opened: list[Campaign] = []

    def make(name: str = "run.db", settings: dict[str, object] | None = None, **given: object) -> Campaign:
        given = {"model": tiny_model, **given}
        opened.append(Campaign(tmp_path / name, Settings(**{**SMALL, **(settings or {})}), **given))
        return opened[-1]

    yield make
    for campaign in opened:
        campaign.close()
