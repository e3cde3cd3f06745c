"""What a model proposes near the best, valued by a judge that knows no latent point."""

from __future__ import annotations

from collections.abc import Sequence
from copy import deepcopy
from dataclasses import replace

import pytest
import torch

from latentbo.chemistry.descriptors import morgan_counts
from latentbo.data.measurements import Measurements
from latentbo.kinds.molecules import MOLECULES as KIND
from latentbo.models.dkl_vae import DKLVAE
from latentbo.models.priors import spread
from latentbo.training.proposal_value import (
    DRAWS,
    ELITES,
    STEPS,
    Judge,
    proposal_measures,
)
from tests.conftest import MOLECULES

NEW = ("CCCCCCO", "CCCCCCCCN", "CCCN")


@pytest.fixture(scope="module")
def data(tiny_model: DKLVAE) -> Measurements:
    """Molecules measured by how many carbons they have."""
    objects = tuple(dict.fromkeys(str(reading.object) for reading in tiny_model.codec.read(MOLECULES)))
    values = [[float(sum(letter in "Cc" for letter in text))] for text in objects]
    return Measurements(objects, torch.tensor(values, dtype=torch.float64))


@pytest.fixture(scope="module")
def judge(tiny_model: DKLVAE, data: Measurements) -> Judge:
    judge = Judge.of(tiny_model, data)
    assert judge is not None
    return judge


def another_encoder(model: DKLVAE) -> DKLVAE:
    vae = deepcopy(model.vae)
    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for weights in vae.encoder.parameters():
            weights.copy_(torch.randn(weights.shape, generator=generator))
    return replace(model, vae=vae)


def test_the_best_come_first() -> None:
    data = Measurements(("a", "b", "c"), torch.tensor([[1.0], [3.0], [2.0]]))
    assert data.best(2) == ("b", "c")
    assert data.best(9) == ("b", "c", "a")


def test_the_judge_says_the_same_whatever_encoder_there_is(
    tiny_model: DKLVAE, data: Measurements, judge: Judge
) -> None:
    other = Judge.of(another_encoder(tiny_model), data)
    assert other is not None
    assert torch.allclose(judge(NEW), other(NEW), atol=1e-9)
    assert len(judge(())) == 0


def test_the_judge_knows_what_is_good(judge: Judge) -> None:
    """In units of the measured values: nothing lies a hundred standard deviations off."""
    few, many = judge(["CCO", "CCCc1ccccc1"]).tolist()
    assert few < many < 5.0
    unit = judge.data.values.std()
    known = (judge.data.values[:, 0] - judge.data.values.mean()) / unit
    assert float((judge(judge.data.objects) - known).abs().mean()) < 1.0


@pytest.mark.parametrize("features", [(True, False), (False, True)])
def test_one_kind_of_feature_is_enough(
    tiny_model: DKLVAE, data: Measurements, features: tuple[bool, bool]
) -> None:
    model = tiny_model.with_features(structure=features[0], descriptors=features[1])
    judge = Judge.of(model, data)
    assert judge is not None
    assert torch.isfinite(judge(NEW)).all()


def test_latents_alone_are_no_judge(tiny_model: DKLVAE, data: Measurements) -> None:
    assert Judge.of(tiny_model.latents_only, data) is None


def test_equal_values_have_no_unit(tiny_model: DKLVAE, data: Measurements) -> None:
    judge = Judge.of(tiny_model, replace(data, values=torch.ones_like(data.values)))
    assert judge is not None
    assert torch.isfinite(judge(NEW)).all()


def writes(monkeypatch: pytest.MonkeyPatch, names: Sequence[str | None]) -> list[torch.Tensor]:
    """A decoder that gives these around each of the best, over and over; and the points that it is asked about."""
    seen: list[torch.Tensor] = []

    def decode_objects(model: DKLVAE, z: torch.Tensor) -> list[tuple[str | None, str | None]]:
        seen.append(z)
        return [(names[i % DRAWS % len(names)], None) for i in range(len(z))]

    monkeypatch.setattr(DKLVAE, "decode_objects", decode_objects)
    return seen


def test_points_lie_around_the_best_at_steps_of_the_prior_s_spread(
    tiny_model: DKLVAE, judge: Judge, monkeypatch: pytest.MonkeyPatch
) -> None:
    (seen,) = [writes(monkeypatch, ["CCCCCCO"])]
    proposal_measures(tiny_model, judge, seed=3)
    proposal_measures(tiny_model, judge, seed=3)
    proposal_measures(tiny_model, judge, seed=4)
    first, again, other = seen
    assert torch.equal(first, again)
    assert not torch.equal(first, other)
    centres = tiny_model.embed(tiny_model.codec.read(judge.data.best(ELITES)))
    steps = (first.reshape(len(centres), DRAWS, -1) - centres[:, None]) / spread(tiny_model.prior)
    sizes = steps.square().mean(-1).sqrt()
    assert float(sizes.mean()) == pytest.approx(sum(STEPS) / 2, rel=0.1)


def test_the_best_new_object_near_each_is_what_counts(
    tiny_model: DKLVAE, judge: Judge, monkeypatch: pytest.MonkeyPatch
) -> None:
    writes(monkeypatch, ["CCCN", None, "CCO", "CCCCCCCCN"])  # worse, nothing, known, better
    found = proposal_measures(tiny_model, judge, seed=0)
    assert found["proposal_value"] == pytest.approx(float(judge(["CCCN", "CCCCCCCCN"]).max()))


@pytest.mark.parametrize("names", [["CCO"], [None]])
def test_what_writes_nothing_new_proposes_nothing(
    tiny_model: DKLVAE, judge: Judge, monkeypatch: pytest.MonkeyPatch, names: list[str | None]
) -> None:
    """That is worth as little as the worst that was measured, and less than whatever is new."""
    writes(monkeypatch, names)
    values = judge.data.values
    worst = float((values.min() - values.mean()) / values.std())
    assert proposal_measures(tiny_model, judge, seed=0) == {"proposal_value": pytest.approx(worst)}
    assert worst < float(judge(NEW).min())


def picky(model: DKLVAE, unlikely: str, short: int) -> DKLVAE:
    """The model of a kind for which strings with this part, and short ones, are not realistic."""
    kind = replace(
        KIND,
        realism=lambda names: ["no" if unlikely in name or len(name) < short else None for name in names],
    )
    return replace(model, own_kind=kind)


def test_realism_is_a_share_of_what_is_new(
    tiny_model: DKLVAE, judge: Judge, monkeypatch: pytest.MonkeyPatch
) -> None:
    writes(monkeypatch, ["CCO", None, *NEW])
    found = proposal_measures(picky(tiny_model, "c1", 5), judge, seed=0)
    assert found["realistic"] == pytest.approx(2 / 3)


def test_realism_is_asked_for_near_realistic_ones_only(
    tiny_model: DKLVAE, judge: Judge, monkeypatch: pytest.MonkeyPatch
) -> None:
    writes(monkeypatch, NEW)
    best = judge.data.best(ELITES)
    assert all("C" in name or "c" in name for name in best)
    none_is = replace(KIND, realism=lambda names: [None if name in NEW else "no" for name in names])
    assert "realistic" not in proposal_measures(replace(tiny_model, own_kind=none_is), judge, seed=0)
    one_is = replace(
        KIND, realism=lambda names: [None if name in (*NEW[:1], best[3]) else "no" for name in names]
    )
    found = proposal_measures(replace(tiny_model, own_kind=one_is), judge, seed=0)
    assert found["realistic"] == pytest.approx(1 / 3)


def test_a_kind_without_realism_has_no_such_share(tiny_model: DKLVAE, judge: Judge) -> None:
    model = replace(tiny_model, own_kind=replace(KIND, realism=None), structure=morgan_counts)
    assert set(proposal_measures(model, judge, seed=0)) == {"proposal_value"}
