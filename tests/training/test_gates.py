"""Only a model that passes the gates goes live."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from dataclasses import replace
from typing import Any

import pytest
import torch

from latentbo.data.measurements import Measurements
from latentbo.errors import FitError
from latentbo.models.dkl_vae import DKLVAE
from latentbo.training import gates
from latentbo.training.finetune import FineTuned
from latentbo.training.fit import FitReport
from latentbo.training.gates import Comparison, Gates, Retrained, measures, retrain
from latentbo.training.recipes import FineTuneRecipe
from latentbo.training.replay import generative_replay
from latentbo.training.token_sets import TokenSet
from tests.conftest import MOLECULES

QUICK = FineTuneRecipe(steps=20, round_steps=10, batch_size=16, bf16=False)
OPEN = Gates(reconstruction_drop=2.0, best_drop=2.0, value_drop=1e9, realism_drop=2.0, nll_rise=1e9)
BEFORE = {"exact_match": 0.9, "best_come_back": 0.4, "proposal_value": 1.5, "realistic": 0.8, "nll": 0.5}
Become = Callable[[DKLVAE], None]


@pytest.fixture(scope="module")
def labelled(tiny_model: DKLVAE) -> Measurements:
    objects = tuple(dict.fromkeys(str(reading.object) for reading in tiny_model.codec.read(MOLECULES)))
    return Measurements(objects, torch.tensor([[float(len(text))] for text in objects], dtype=torch.float64))


@pytest.fixture(scope="module")
def replay(tiny_model: DKLVAE) -> TokenSet:
    return generative_replay(tiny_model, 40, 0)


@pytest.fixture
def run(tiny_model: DKLVAE, labelled: Measurements, replay: TokenSet) -> Callable[..., Retrained]:
    def once(gates: Gates, recipe: FineTuneRecipe = QUICK, model: DKLVAE = tiny_model) -> Retrained:
        return retrain(model, labelled, replay, model.codec.read(MOLECULES), recipe, gates)

    return once


@pytest.fixture
def becomes(monkeypatch: pytest.MonkeyPatch) -> Become:
    """Stands in for training: the model that it makes."""

    def of(result: DKLVAE) -> None:
        report = FitReport(1, "finished", (), 0, 0.0)
        monkeypatch.setattr(gates, "fine_tune", lambda *_: FineTuned(result, report, {}, (), 1))

    return of


def damaged(model: DKLVAE, part: str) -> DKLVAE:
    """The model without what it knew there: each of these weights is 0."""
    vae = deepcopy(model.vae)
    with torch.no_grad():
        for weights in vae.get_submodule(part).parameters():
            weights.zero_()
    return replace(model, vae=vae)


def test_gates_that_nothing_passes_keep_the_present_model(
    tiny_model: DKLVAE, run: Callable[..., Retrained]
) -> None:
    before = {name: value.clone() for name, value in tiny_model.vae.state_dict().items()}
    result = run(Gates(reconstruction_drop=-2.0, nll_rise=-1e9))
    assert not result.accepted
    assert result.reasons
    assert result.model.id == tiny_model.id
    assert result.summary().startswith("refused")
    assert all(torch.equal(value, before[name]) for name, value in tiny_model.vae.state_dict().items())


def test_training_that_diverges_is_a_refusal(tiny_model: DKLVAE, run: Callable[..., Retrained]) -> None:
    result = run(Gates(), replace(QUICK, learning_rate=1e9, steps=30))
    assert not result.accepted
    assert result.model.id == tiny_model.id


def test_losses_that_are_not_finite_are_a_refusal_whatever_the_gates(
    tiny_model: DKLVAE, run: Callable[..., Retrained]
) -> None:
    result = run(OPEN, replace(QUICK, learning_rate=1e30, steps=30, watch_share=0.0))
    assert (result.accepted, result.model.id) == (False, tiny_model.id)
    assert "finite" in result.summary()


def test_a_decoder_that_training_broke_is_refused(tiny_model: DKLVAE, run: Callable[..., Retrained]) -> None:
    """Its losses may be large and finite all the time."""
    result = run(Gates(), replace(QUICK, schedule="decoder", learning_rate=1e9))
    assert (result.accepted, result.model.id) == (False, tiny_model.id)


def test_a_judge_that_cannot_be_fitted_is_a_refusal(
    run: Callable[..., Retrained], monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise FitError("no surrogate could be fitted")

    monkeypatch.setattr("latentbo.models.dkl_vae.fit_surrogate", broken)
    assert run(OPEN).reasons == ("no surrogate could be fitted",)


@pytest.mark.parametrize(
    ("part", "gate", "reason"),
    [
        ("decoder.logits", {"reconstruction_drop": 0.03}, "exact match of held-out objects fell from"),
        ("decoder.logits", {"best_drop": 0.0}, "the share of the best that come back fell from"),
        ("decoder.logits", {"value_drop": 0.1}, "the value of proposals near the best fell from"),
    ],
)
def test_a_model_that_forgot_is_refused_and_the_reason_says_what(
    tiny_model: DKLVAE,
    run: Callable[..., Retrained],
    becomes: Become,
    part: str,
    gate: dict[str, float],
    reason: str,
) -> None:
    becomes(damaged(tiny_model, part))
    assert run(OPEN).accepted
    result = run(replace(OPEN, **gate))
    (found,) = result.reasons
    assert found.startswith(reason)
    assert result.model.id == tiny_model.id
    assert result.summary() == f"refused: {found}"


def test_a_model_whose_latents_say_nothing_is_refused_whatever_its_descriptors_say(
    tiny_model: DKLVAE, labelled: Measurements, replay: TokenSet, becomes: Become
) -> None:
    """The values are a latent coordinate."""
    z = tiny_model.embed(tiny_model.codec.read(labelled.objects))
    data, held_out = replace(labelled, values=z[:, :1]), tiny_model.codec.read(MOLECULES)
    becomes(damaged(tiny_model, "encoder.mean"))
    result = retrain(tiny_model, data, replay, held_out, QUICK, replace(OPEN, nll_rise=0.05))
    (found,) = result.reasons
    assert found.startswith("held-out NLL of the latent term rose from")


def test_a_model_that_is_no_worse_goes_live_whatever_else_it_is(
    tiny_model: DKLVAE, run: Callable[..., Retrained], becomes: Become
) -> None:
    """By gates without any allowance."""
    vae = deepcopy(tiny_model.vae)
    with torch.no_grad():
        vae.encoder.get_submodule("log_variance").bias.add_(1.0)
    becomes(replace(tiny_model, vae=vae))
    result = run(Gates(0.0, 0.0, 0.0, 0.0, 0.0))
    assert result.accepted, result.reasons
    assert result.model.vae is vae
    assert result.after == result.before
    assert result.summary().startswith("accepted: exact_match ")


def test_a_model_that_only_remembers_the_best_better_is_accepted(
    tiny_model: DKLVAE, labelled: Measurements, replay: TokenSet, becomes: Become
) -> None:
    """The other way round: what forgot is made what it was."""
    becomes(tiny_model)
    worse = damaged(tiny_model, "decoder.logits")
    result = retrain(worse, labelled, replay, worse.codec.read(MOLECULES), QUICK, Gates())
    assert result.accepted, result.reasons
    assert result.before["best_come_back"] < result.after["best_come_back"]
    assert result.before["nll"] == result.after["nll"]


def test_the_best_are_those_with_the_largest_values(
    tiny_model: DKLVAE, labelled: Measurements, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One model's decoder writes only what has a large value, another one's only what has a small value."""
    monkeypatch.setattr(gates, "BEST", 5)
    comparison = Comparison.of(tiny_model, labelled, tiny_model.codec.read(MOLECULES), 0)
    best = [reading.object for reading in comparison.best]
    assert best == list(labelled.best(5))
    assert len(best) == 5
    assert min(len(str(name)) for name in best) >= max(len(o) for o in labelled.objects if o not in best)
    back = tiny_model.decode(tiny_model.embed(comparison.best))
    share = sum(a.object == b.object for a, b in zip(back, comparison.best, strict=True)) / 5
    assert measures(tiny_model, comparison)["best_come_back"] == share


def test_a_model_without_a_judge_is_not_judged_by_its_proposals(
    tiny_model: DKLVAE, run: Callable[..., Retrained], becomes: Become
) -> None:
    bare = tiny_model.latents_only
    becomes(damaged(bare, "decoder.logits"))
    result = run(replace(OPEN, value_drop=-1e9, realism_drop=-2.0), model=bare)
    assert result.accepted
    assert set(result.after) == set(result.before) == {"exact_match", "best_come_back", "nll", "rmse"}


@pytest.mark.parametrize("schedule", ["joint", "decoder"])
def test_all_objects_are_learnt_from_where_no_latent_point_moves(
    tiny_model: DKLVAE,
    labelled: Measurements,
    run: Callable[..., Retrained],
    monkeypatch: pytest.MonkeyPatch,
    schedule: str,
) -> None:
    seen: list[Any] = []
    real = gates.fine_tune

    def watched(model: DKLVAE, data: Measurements, *rest: Any) -> FineTuned:
        seen.append(data.objects)
        return real(model, data, *rest)

    monkeypatch.setattr(gates, "fine_tune", watched)
    result = run(OPEN, replace(QUICK, schedule=schedule, steps=10, watch_share=0.0))
    assert (len(seen[0]) < len(labelled)) == (schedule == "joint")
    assert (result.before["nll"] == result.after["nll"]) == (schedule == "decoder")


@pytest.mark.parametrize(
    ("after", "found"),
    [
        ({}, []),
        ({"exact_match": 0.88, "proposal_value": 1.45, "realistic": 0.76, "nll": 0.54}, []),
        ({"exact_match": 0.80}, ["exact match of held-out objects fell from 0.900 to 0.800"]),
        ({"best_come_back": 0.38}, ["the share of the best that come back fell from 0.400 to 0.380"]),
        ({"proposal_value": 1.0}, ["the value of proposals near the best fell from 1.500 to 1.000"]),
        ({"realistic": 0.7}, ["the share of proposals that are realistic fell from 0.800 to 0.700"]),
        ({"nll": 0.6}, ["held-out NLL of the latent term rose from 0.500 to 0.600"]),
    ],
)
def test_the_gates_name_what_got_worse(after: dict[str, float], found: list[str]) -> None:
    assert list(Gates().reasons(BEFORE, BEFORE | after)) == found


@pytest.mark.parametrize("name", list(BEFORE))
def test_what_is_no_number_speaks_against_a_model(name: str) -> None:
    assert len(Gates().reasons(BEFORE, BEFORE | {name: float("nan")})) == 1


def test_what_was_not_measured_is_not_judged(tiny_model: DKLVAE) -> None:
    few = {"exact_match": 0.9, "best_come_back": 0.4, "nll": 0.5}
    assert Gates().reasons(few, few) == ()
    assert Retrained(tiny_model, True, (), few, BEFORE, 1.0).summary().count("->") == 3
    assert Gates().reasons(few, BEFORE) == Gates().reasons(BEFORE, few) == ()
