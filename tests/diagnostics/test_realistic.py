"""Realism near known molecules and in samples."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import pytest
import torch
from torch import Tensor

from latentbo.codecs.base import Reading
from latentbo.diagnostics import molecule_space, realistic
from latentbo.diagnostics.molecule_space import SampleSizes, measure_space
from latentbo.diagnostics.realistic import NOISE, nearby, realistic_share, ring_systems_tv, total_variation
from latentbo.models.dkl_vae import DKLVAE
from latentbo.models.priors import GaussianMixture

LARGE = "C1CCCCCCCC1"  # a ring of nine


@dataclass(frozen=True, eq=False)
class Fixed(DKLVAE):
    """A model that decodes to the same readings in turn, wherever it is asked; `asked` has the points."""

    answers: tuple[Reading, ...] = ()
    asked: tuple[list[Tensor], ...] = ([],)

    def decode(self, z: Tensor, **_: Any) -> list[Reading]:
        self.asked[0].append(z)
        return [self.answers[i % len(self.answers)] for i in range(len(z))]

    def sample(self, n: int, generator: torch.Generator, *, of: int = 4) -> list[Reading]:
        return [self.answers[i % len(self.answers)] for i in range(n)]


def fixed(model: DKLVAE, *answers: str | None) -> Fixed:
    readings = tuple(
        Reading(None, reason="lost") if text is None else model.codec.read([text])[0] for text in answers
    )
    return Fixed(model.codec, model.vae, model.prior, answers=readings, asked=([],))


def test_one_unrealistic_molecule_everywhere(tiny_model: DKLVAE) -> None:
    found = nearby(fixed(tiny_model, LARGE), tiny_model.codec.read(["CCO", "CCN"]), 0)
    assert (found.valid, found.realistic) == (1.0, 0.0)


def test_only_what_is_valid_and_changed_counts(tiny_model: DKLVAE) -> None:
    # Two centres, four levels: each answer comes twice near the same centre, the first and third near CCO.
    model = fixed(tiny_model, "CCO", None, LARGE, "c1ccccc1", "CCC", "CCC", None, "CCC")
    found = nearby(model, tiny_model.codec.read(["CCO", "c1ccccc1"]), 0)
    assert found.valid == 6 / 8
    assert found.realistic == 3 / 4  # CCC three times, and the large ring; CCO and benzene are their centres


def test_nothing_changed_has_no_share(tiny_model: DKLVAE) -> None:
    centres = tiny_model.codec.read(["CCO"])
    assert math.isnan(nearby(fixed(tiny_model, "CCO"), centres, 0).realistic)
    lost = nearby(fixed(tiny_model, None), centres, 0)
    assert lost.valid == 0.0
    assert math.isnan(lost.realistic)


def test_the_noise_is_in_the_prior_s_standard_deviations(tiny_model: DKLVAE) -> None:
    sd = torch.tensor([0.1, 0.2, 0.5, 1.0, 1.0, 2.0, 3.0, 5.0])
    prior = GaussianMixture(torch.ones(1), torch.zeros(1, 8), sd.diag()[None])
    model = fixed(replace(tiny_model, prior=prior), "CCO")
    centres = tiny_model.codec.read(["CCO", "CCN", "c1ccccc1", "CCC"]) * 100
    nearby(model, centres, 3)
    (asked,) = model.asked[0]
    moved = asked.reshape(len(NOISE), len(centres), 8) - tiny_model.embed(centres)
    scaled = moved / sd.double() / torch.tensor(NOISE, dtype=torch.float64)[:, None, None]
    assert scaled.std(1).min() > 0.85
    assert scaled.std(1).max() < 1.15
    assert scaled.mean(1).abs().max() < 0.2
    assert not torch.equal(scaled[0], scaled[1]), "each level has noise of its own"
    again = fixed(replace(tiny_model, prior=prior), "CCO")
    nearby(again, centres, 3)
    assert torch.equal(again.asked[0][0], asked)


def test_total_variation_of_known_frequencies() -> None:
    assert total_variation({"a": 1, "b": 1}, {"a": 3, "c": 1}) == 0.5
    assert total_variation({"a": 30, "c": 10}, {"a": 3, "c": 1}) == 0.0
    assert total_variation({"a": 1}, {"b": 7}) == 1.0
    assert total_variation({}, {"b": 7}) == 1.0


def test_ring_systems_count_once_a_molecule(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(realistic, "ring_counts", lambda: Counter({"c1ccccc1": 3, "C1CC1": 1}))
    objects = ["Cc1ccccc1", "c1ccc(-c2ccccc2)cc1", "CC1CC1", "CCO"]
    assert ring_systems_tv(objects) == pytest.approx(3 / 4 - 2 / 3)
    assert ring_systems_tv(["CCO"]) == 1.0


def test_shares() -> None:
    assert realistic_share(["CCO", "CCO", LARGE, "c1ccccc1"]) == 0.75
    assert math.isnan(realistic_share([]))


def test_the_table_of_a_model_that_samples_one_ring(
    tiny_model: DKLVAE, monkeypatch: pytest.MonkeyPatch
) -> None:
    compared: list[list[str]] = []

    def counted(objects: Sequence[str]) -> float:
        compared.append(list(objects))
        return 0.25

    monkeypatch.setattr(molecule_space, "ring_systems_tv", counted)
    model = fixed(tiny_model, LARGE, None, "c1ccccc1")
    held_out = tiny_model.codec.read(["CCO", "CCN", "c1ccncc1", "Cc1ccccc1"])
    found = measure_space(model, held_out, (), SampleSizes(None, 12, 2, 3))
    assert found["realistic_samples"] == found["realistic_draws"] == 0.5
    assert found["realistic_near"] == 0.5
    assert found["valid_near"] == 2 / 3
    assert [len(z) for z in model.asked[0]] == [3 * len(NOISE)]
    assert found["ring_systems_tv"] == found["ring_systems_tv_held_out"] == 0.25
    assert compared == [[LARGE, "c1ccccc1"] * 2, ["CCO", "CCN", "c1ccncc1", "Cc1ccccc1"]]
