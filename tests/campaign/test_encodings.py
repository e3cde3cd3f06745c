"""Encodings: as the model gives them, each block encoded once."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pandas as pd
import pytest
import torch

from latentbo.campaign import encodings
from latentbo.campaign.campaign import Campaign
from latentbo.campaign.encodings import Encodings
from latentbo.codecs.base import Reading
from latentbo.models.dkl_vae import DKLVAE

OBJECTS = ("CCO", "CCN", "CC(C)O", "c1ccccc1", "Cc1ccccc1", "Oc1ccccc1", "COc1ccccc1")


@pytest.fixture
def asked(tiny_model: DKLVAE, monkeypatch: pytest.MonkeyPatch) -> list[tuple[str | None, ...]]:
    """What the model was asked to encode."""
    found: list[tuple[str | None, ...]] = []
    embed = DKLVAE.embed

    def watched(self: DKLVAE, readings: Sequence[Reading]) -> torch.Tensor:
        found.append(tuple(reading.object for reading in readings))
        return embed(self, readings)

    monkeypatch.setattr(DKLVAE, "embed", watched)
    monkeypatch.setattr(encodings, "BLOCK", 3)
    return found


@pytest.mark.parametrize("failure", [False, True])
def test_a_campaign_encodes_what_was_measured_once(
    begin: Callable[..., Campaign], asked: list[tuple[str, ...]], failure: bool
) -> None:
    campaign = begin()
    campaign.tell(pd.DataFrame({"smiles": OBJECTS, "value": range(len(OBJECTS))}))
    if failure:
        campaign.tell(pd.DataFrame({"smiles": ["CCCC"], "value": [None], "reason": ["explosive"]}))
    for _ in range(2):
        campaign.ask(1)
    assert asked.count(OBJECTS[:3]) == asked.count(OBJECTS[3:6]) == 1
    assert asked.count(("CCCC",)) == int(failure)


def test_whole_blocks_are_encoded_once(tiny_model: DKLVAE, asked: list[tuple[str, ...]]) -> None:
    grown = Encodings()
    assert grown(tiny_model, OBJECTS[:4]).shape == (4, tiny_model.latent)
    z = grown(tiny_model, OBJECTS)
    assert asked == [OBJECTS[:3], OBJECTS[3:4], OBJECTS[3:6], OBJECTS[6:]]
    # A list that grew is encoded exactly like one that was there from the start.
    assert torch.equal(z, Encodings()(tiny_model, OBJECTS))
    torch.testing.assert_close(z, tiny_model.embed(tiny_model.codec.read(OBJECTS)), atol=1e-5, rtol=1e-5)
    assert grown(tiny_model, ()).shape == (0, tiny_model.latent)
