from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
import torch

from latentbo.data.measurements import Measurements
from latentbo.errors import FitError, InputError
from latentbo.models.dkl_vae import DKLVAE
from latentbo.models.surrogate import latent_box
from latentbo.torch_rng import stream
from latentbo.training.finetune import FineTuned, fine_tune
from latentbo.training.head_loss import Labelled
from latentbo.training.marginal import fit_hyperparameters, predict
from latentbo.training.recipes import FineTuneRecipe
from latentbo.training.replay import encoder_means, generative_replay, token_set
from latentbo.training.token_sets import TokenSet

QUICK = FineTuneRecipe(
    steps=4,
    round_steps=2,
    batch_size=8,
    gp_points=16,
    watch_share=0.0,
    learning_rate=1e-3,
    beta=0.01,
    bf16=False,
)
LEARNT = 50


@pytest.fixture(scope="module")
def measured(tiny_model: DKLVAE) -> Measurements:
    """Molecules the tiny model writes, measured by how many atoms they have."""
    drawn = [reading.object for reading in tiny_model.sample(600, stream(3, "objects"), of=1)]
    objects = list(dict.fromkeys(text for text in drawn if text is not None))[:80]
    assert len(objects) == 80
    return measurements(objects)


def measurements(objects: list[str] | tuple[str, ...]) -> Measurements:
    atoms = [[float(sum(letter in "CNOSFcnos" for letter in text))] for text in objects]
    return Measurements(tuple(objects), torch.tensor(atoms, dtype=torch.float64))


@pytest.fixture(scope="module")
def data(measured: Measurements) -> Measurements:
    return measurements(measured.objects[:LEARNT])


@pytest.fixture(scope="module")
def replay(tiny_model: DKLVAE) -> TokenSet:
    return generative_replay(tiny_model, 40, 0)


Run = Callable[..., FineTuned]


@pytest.fixture
def run(tiny_model: DKLVAE, data: Measurements, replay: TokenSet) -> Run:
    def run(**changes: Any) -> FineTuned:
        return fine_tune(tiny_model, data, replay, replace(QUICK, **changes))

    return run


def moved(model: DKLVAE, before: DKLVAE) -> set[str]:
    """Parts of the network whose weights are not those from before."""
    old = before.vae.state_dict()
    changed = [name for name, value in model.vae.state_dict().items() if not torch.equal(value, old[name])]
    return {".".join(name.split(".")[:2]) for name in changed}


def test_the_given_model_stays_as_it_is(tiny_model: DKLVAE, run: Run) -> None:
    weights = {name: value.clone() for name, value in tiny_model.vae.state_dict().items()}
    box = latent_box(tiny_model.prior).clone()
    fine_tuned = run()
    assert all(torch.equal(value, weights[name]) for name, value in tiny_model.vae.state_dict().items())
    assert torch.equal(latent_box(tiny_model.prior), box)
    assert not tiny_model.vae.encoder.mean._forward_pre_hooks
    assert fine_tuned.model.id != tiny_model.id
    assert not fine_tuned.model.vae.training
    ours = {value.data_ptr() for value in tiny_model.vae.parameters()}
    assert not ours & {value.data_ptr() for value in fine_tuned.model.vae.parameters()}


@pytest.mark.parametrize("schedule", ["vae", "joint", "sequential", "alternating"])
def test_the_same_seed_gives_the_same_model(run: Run, schedule: str) -> None:
    torch.manual_seed(5)
    first = run(schedule=schedule, watch_share=0.2)
    torch.manual_seed(6)
    state = torch.get_rng_state()
    assert run(schedule=schedule, watch_share=0.2).model.id == first.model.id
    assert torch.equal(torch.get_rng_state(), state)
    assert run(schedule=schedule, seed=1, watch_share=0.0).model.id != first.model.id


def test_schedules_differ_and_scale_nought_is_the_vae_alone(run: Run) -> None:
    ids = {
        schedule: run(schedule=schedule).model.id
        for schedule in ("vae", "joint", "sequential", "alternating")
    }
    assert len(set(ids.values())) == 4
    assert run(gp_loss_weight=0.0).model.id == ids["vae"]
    assert run(gp_loss_weight=1.0).model.id not in ids.values()


@pytest.mark.parametrize(
    ("schedule", "seen"),
    [
        ("vae", ["nll"] * 4),
        ("joint", ["both"] * 4),
        ("sequential", ["nll", "nll", "gp", "gp"]),
        ("alternating", ["nll", "gp", "nll", "gp"]),
    ],
)
def test_each_step_reports_the_terms_of_its_schedule(
    tiny_model: DKLVAE, data: Measurements, replay: TokenSet, schedule: str, seen: list[str]
) -> None:
    steps: list[str] = []
    losses: list[float] = []

    def note(progress: Any) -> None:
        terms = progress.terms
        steps.append("both" if {"nll", "gp"} <= set(terms) else "gp" if "gp" in terms else "nll")
        elbo = terms["nll"] + QUICK.beta * terms["kl"] if "nll" in terms else 0.0
        losses.append(terms["loss"] - elbo - QUICK.gp_loss_weight * terms.get("gp", 0.0))

    fine_tuned = fine_tune(tiny_model, data, replay, replace(QUICK, schedule=schedule), progress=note)
    assert steps == seen
    assert losses == pytest.approx([0.0] * 4, abs=1e-3)
    assert {"gp", "nll"} & set(fine_tuned.terms) == {"gp", "nll"} - ({"gp"} if schedule == "vae" else set())


@pytest.mark.parametrize(
    ("reach", "parts"), [("last_layer", {"mean"}), ("encoder", {"embedding", "layers", "mean"})]
)
def test_the_head_trains_the_encoder_only(
    tiny_model: DKLVAE, run: Run, monkeypatch: pytest.MonkeyPatch, reach: str, parts: set[str]
) -> None:
    monkeypatch.setattr(FineTuneRecipe, "wants", lambda *_: (False, True))
    assert moved(run(reach=reach).model, tiny_model) == {f"encoder.{part}" for part in parts}


def test_the_space_comes_to_be_ordered_by_the_property(
    tiny_model: DKLVAE, measured: Measurements, data: Measurements, replay: TokenSet
) -> None:
    """A head that knows 50 molecules predicts 30 that fine-tuning never saw, and better than before it."""
    rows = token_set(tiny_model.codec.read(measured.objects))
    learnt, unseen = torch.arange(LEARNT), torch.arange(LEARNT, 80)

    def error(model: DKLVAE) -> float:
        labelled = Labelled.of(rows, measured.values, learnt, latent_box(model.prior))
        u, y = labelled.units(encoder_means(model.vae, rows.tokens)), labelled.values
        mean, _ = predict(u[learnt], y[learnt], fit_hyperparameters(u[learnt], y[learnt]), u[unseen])
        return float((mean - y[unseen, 0]).square().mean().sqrt())

    recipe = replace(
        QUICK, reach="encoder", steps=40, round_steps=10, learning_rate=3e-3, batch_size=16, gp_points=32
    )
    joint = fine_tune(tiny_model, data, replay, recipe)
    alone = fine_tune(tiny_model, data, replay, replace(recipe, schedule="vae"))
    assert error(joint.model) < 0.85 * min(error(tiny_model), error(alone.model))


def test_the_round_the_head_predicted_best_after_is_kept(
    tiny_model: DKLVAE, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    scores = [0.5, 0.3, 0.1, 0.2, 0.4]

    def fine_tuned(scores: list[float], steps: int = 8) -> FineTuned:
        left = iter(scores)
        monkeypatch.setattr("latentbo.training.head_loss._density", lambda *_: next(left))
        return run(watch_share=0.2, steps=steps)

    best = fine_tuned(scores)
    assert (best.kept, best.watched) == (2, tuple(scores))
    ends_there = fine_tuned([0.5, 0.3, 0.1], steps=4)
    assert ends_there.kept == 2
    assert moved(best.model, tiny_model) == moved(ends_there.model, tiny_model) != set()
    assert best.report.steps == 8


def test_nothing_better_keeps_the_model(
    tiny_model: DKLVAE, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    scores = iter([0.1, 0.2, 0.3, 0.4, 0.5, 0.6])
    monkeypatch.setattr("latentbo.training.head_loss._density", lambda *_: next(scores))
    fine_tuned = run(watch_share=0.2, steps=10)
    assert fine_tuned.kept == 0
    assert fine_tuned.model.id == tiny_model.id
    assert fine_tuned.model.prior is tiny_model.prior
    assert fine_tuned.report.stopped == "early"
    assert len(fine_tuned.watched) < 6


def test_without_a_watch_the_last_weights_are_kept(run: Run) -> None:
    fine_tuned = run()
    assert (fine_tuned.kept, fine_tuned.watched) == (2, ())


def test_the_prior_follows_the_encoder(tiny_model: DKLVAE, replay: TokenSet, run: Run) -> None:
    fine_tuned = run(learning_rate=3e-2).model
    z = encoder_means(fine_tuned.vae, replay.tokens)
    assert torch.allclose(fine_tuned.prior.mean(), z.mean(0), atol=1e-3)
    assert not torch.allclose(tiny_model.prior.mean(), z.mean(0), atol=1e-1)


def test_rows_without_descriptors_teach_a_network_with_a_head_what_it_knew(
    tiny_model: DKLVAE, data: Measurements, replay: TokenSet
) -> None:
    from latentbo.models.vae import SequenceVAE

    torch.manual_seed(0)
    vae = SequenceVAE(**{**tiny_model.vae.arguments, "properties": 2})
    vae.load_state_dict(tiny_model.vae.state_dict(), strict=False)
    fine_tuned = fine_tune(replace(tiny_model, vae=vae), data, replay, QUICK)
    assert 0.0 <= fine_tuned.terms["properties"] < 0.5


@pytest.mark.parametrize("schedule", ["vae", "joint"])
def test_training_that_diverges_is_a_fit_error(run: Run, schedule: str) -> None:
    with pytest.raises(FitError, match="finite"):
        run(schedule=schedule, learning_rate=1e30, steps=30, watch_share=0.0)


def test_a_watch_keeps_the_old_weights_when_training_diverges(tiny_model: DKLVAE, run: Run) -> None:
    fine_tuned = run(learning_rate=1e30, steps=30, watch_share=0.2)
    assert (fine_tuned.kept, fine_tuned.model.id) == (0, tiny_model.id)


def test_what_cannot_be_learnt_from_is_refused(
    tiny_model: DKLVAE, data: Measurements, replay: TokenSet
) -> None:
    broken = data.values.clone()
    broken[3] = torch.nan
    with pytest.raises(InputError, match="must be finite"):
        Measurements(data.objects, broken)
    with pytest.raises(InputError, match="at least 2 replay rows"):
        fine_tune(tiny_model, data, TokenSet(replay.tokens[:1], replay.targets[:1]), QUICK)
    with pytest.raises(InputError, match="measure more"):
        fine_tune(tiny_model, measurements(data.objects[:3]), replay, QUICK)
    with pytest.raises(InputError, match="cannot be encoded"):
        fine_tune(tiny_model, Measurements((*data.objects, "[U]"), torch.ones(LEARNT + 1, 1)), replay, QUICK)
