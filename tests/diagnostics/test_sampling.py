"""Draws from a prior, and the quick look at a model."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from latentbo.codecs.base import Reading
from latentbo.diagnostics.sampling import assess_reconstruction, sample_objects
from latentbo.errors import InputError, ShortfallError
from latentbo.models.beam import WIDTH
from latentbo.models.dkl_vae import DKLVAE


def test_exactly_n_by_the_seed(tiny_model: DKLVAE) -> None:
    drawn = sample_objects(tiny_model, 20, seed=1)
    assert len(drawn) == 20
    assert drawn == sample_objects(tiny_model, 20, seed=1) != sample_objects(tiny_model, 20, seed=2)
    assert all(
        reading.object == text for reading, text in zip(tiny_model.codec.read(drawn), drawn, strict=True)
    )


def test_lost_draws_are_replaced(tiny_model: DKLVAE, monkeypatch: pytest.MonkeyPatch) -> None:
    sample = DKLVAE.sample

    def half(self: DKLVAE, n: int, generator: torch.Generator) -> list[Reading]:
        return [
            each if i % 2 else Reading(None, reason="lost")
            for i, each in enumerate(sample(self, n, generator))
        ]

    monkeypatch.setattr(DKLVAE, "sample", half)
    assert len(sample_objects(tiny_model, 15, seed=1)) == 15
    monkeypatch.setattr(DKLVAE, "sample", lambda self, n, generator: [Reading(None, reason="lost")] * n)
    with pytest.raises(ShortfallError, match="draws gave 0 objects, 5 were asked for"):
        sample_objects(tiny_model, 5, seed=1)


def test_a_quick_look(tiny_model: DKLVAE) -> None:
    objects = ["CCO", "OCC", "CCN", "C1CC", "c1ccccc1", ""]
    found = assess_reconstruction(tiny_model, objects, draws=40, seed=0)
    assert (found["molecules"], found["refused"]) == (4, 2)
    readings = [reading for reading in tiny_model.codec.read(objects) if reading.ok]
    for width, name in ((1, "exact_match"), (WIDTH, "exact_match_beam")):
        back = tiny_model.decode(tiny_model.embed(readings), width=width)
        assert found[name] == sum(a.object == b.object for a, b in zip(readings, back, strict=True)) / 4
    assert 0.0 < found["token_accuracy"] <= 1.0
    assert found["validity"] == 1.0
    assert 1 / 40 <= found["uniqueness"] < 1.0  # a model of 32 molecules repeats itself
    assert isinstance(found["active_units"], int)
    assert found["molecules_per_second"] > 0


def test_too_few_molecules(tiny_model: DKLVAE) -> None:
    with pytest.raises(InputError, match="two readable molecules"):
        assess_reconstruction(tiny_model, ["CCO", "xx"], draws=5, seed=0)


def test_an_untrained_prior_far_away(tiny_model: DKLVAE) -> None:
    """Whatever the draws decode to, the shares are shares."""
    far = replace(tiny_model, prior=replace(tiny_model.prior, means=tiny_model.prior.means + 50.0))
    found = assess_reconstruction(far, ["CCO", "CCN"], draws=10, seed=0)
    assert 0.0 <= found["validity"] <= 1.0
    assert 0.0 <= found["uniqueness"] <= 1.0
