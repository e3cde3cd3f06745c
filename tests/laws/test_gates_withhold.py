"""Law 8: an encoder is tested on labels that neither it nor the surrogate behind the test has seen."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from dataclasses import replace

import pytest
import torch

from latentbo.data.measurements import Measurements
from latentbo.models.dkl_vae import DKLVAE
from latentbo.models.surrogate import latent_box
from latentbo.training import finetune, gates, head_loss
from latentbo.training.finetune import fine_tune
from latentbo.training.gates import GATE_SHARE, Retrained, retrain
from latentbo.training.head_loss import Labelled
from latentbo.training.marginal import fit_hyperparameters, predict
from latentbo.training.recipes import FineTuneRecipe
from latentbo.training.replay import encoder_means, generative_replay, token_set, withheld
from latentbo.training.token_sets import TokenSet
from tests.laws.small import LOOSE, QUICK, VALUES

Run = Callable[..., Retrained]


@pytest.fixture(scope="module")
def model(tiny_model: DKLVAE) -> DKLVAE:
    return tiny_model.latents_only


@pytest.fixture(scope="module")
def replay(model: DKLVAE) -> TokenSet:
    return generative_replay(model, 40, 0)


@pytest.fixture(scope="module")
def data() -> Measurements:
    return Measurements(tuple(VALUES), torch.tensor([[v] for v in VALUES.values()], dtype=torch.float64))


@pytest.fixture
def run(model: DKLVAE, replay: TokenSet) -> Run:
    def once(data: Measurements) -> Retrained:
        return retrain(model, data, replay, model.codec.read(tuple(VALUES)[:6]), QUICK, LOOSE)

    return once


def otherwise(data: Measurements, rows: torch.Tensor, by: float) -> Measurements:
    """The same with other values of these rows."""
    values = data.values.clone()
    values[rows] += by
    return replace(data, values=values)


def density(model: DKLVAE, learnt: Measurements, tested: Measurements) -> tuple[float, float]:
    """What the gates look at, written down: NLL and RMSE of a surrogate of `learnt` on `tested`, in sds of `learnt`."""
    head = model.surrogate(learnt).model
    with torch.no_grad():
        posterior = head.posterior(model.inputs(model.codec.read(tested.objects)), observation_noise=True)
    mean, sd = posterior.mean[:, 0], posterior.variance[:, 0].sqrt()
    unit = float(learnt.values.std())
    nll = -torch.distributions.Normal(mean / unit, sd / unit).log_prob(tested.values[:, 0] / unit).mean()
    return float(nll), float((tested.values[:, 0] - mean).square().mean().sqrt()) / unit


def test_the_gates_ask_a_surrogate_that_never_saw_what_it_is_tested_on(
    run: Run, model: DKLVAE, data: Measurements
) -> None:
    result = run(data)
    learnt, out = (
        Measurements(tuple(data.objects[i] for i in rows), data.values[rows])
        for rows in withheld(data.objects, GATE_SHARE, "gate")
    )
    assert result.accepted
    for encoder, seen in ((model, result.before), (result.model, result.after)):
        nll, rmse = density(encoder, learnt, out)
        assert seen["nll"] == pytest.approx(nll, abs=1e-3)
        assert seen["rmse"] == pytest.approx(rmse, abs=1e-3)
        assert rmse != pytest.approx(density(encoder, data, out)[1], abs=1e-2), "a leak would show"


def test_withheld_labels_teach_the_encoder_nothing(run: Run, data: Measurements) -> None:
    """Whatever they are, the same encoder is made of the others."""
    learnt, out = withheld(data.objects, GATE_SHARE, "gate")
    made = run(data)
    assert run(otherwise(data, out, 7.5)).model.id == made.model.id
    assert run(otherwise(data, learnt[:3], 7.5)).model.id != made.model.id


def test_withheld_objects_are_no_rows_to_learn_from(
    run: Run, data: Measurements, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[str] = []

    def watched(model: DKLVAE, data: Measurements, replay: TokenSet, recipe: FineTuneRecipe) -> object:
        seen.extend(data.objects)
        return fine_tune(model, data, replay, recipe)

    monkeypatch.setattr(gates, "fine_tune", watched)
    run(data)
    out = withheld(data.objects, GATE_SHARE, "gate")[1]
    assert set(seen) == set(data.objects) - {data.objects[i] for i in out}


@pytest.fixture
def _last_weights(monkeypatch: pytest.MonkeyPatch) -> None:
    """A watch that likes each round better than the one before: nothing but training decides the weights."""
    scores = itertools.count(0, -1)
    monkeypatch.setattr(head_loss, "_density", lambda *_: float(next(scores)))


@pytest.mark.usefixtures("_last_weights")
def test_watched_labels_are_kept_out_of_the_head_s_loss(
    model: DKLVAE, data: Measurements, replay: TokenSet
) -> None:
    """Their rank counts in the ELBO, so they are moved by less than a rank."""
    learnt, out = withheld(data.objects, 0.2, "watch")
    recipe = replace(QUICK, watch_share=0.2)

    def made(data: Measurements) -> str:
        return fine_tune(model, data, replay, recipe).model.id

    ranks = data.values[:, 0].argsort().argsort()[:, None].double()
    data = replace(data, values=ranks)
    first = made(data)
    assert first != model.id
    assert made(otherwise(data, out, 0.5)) == first
    assert made(otherwise(data, learnt[:3], 0.5)) != first


def test_the_watch_is_on_objects_that_the_head_never_saw(
    model: DKLVAE, data: Measurements, replay: TokenSet
) -> None:
    learnt, out = withheld(data.objects, 0.2, "watch")
    found = fine_tune(model, data, replay, replace(QUICK, watch_share=0.2)).watched[0]
    rows = token_set(model.codec.read(data.objects))
    labelled = Labelled.of(rows, data.values, learnt, latent_box(model.prior))
    u, y = labelled.units(encoder_means(model.vae, rows.tokens)), labelled.values
    t = fit_hyperparameters(u[learnt], y[learnt])

    def nll(tested: torch.Tensor) -> float:
        mean, sd = predict(u[learnt], y[learnt], t, u[tested])
        return -float(torch.distributions.Normal(mean, sd).log_prob(y[tested, 0]).mean())

    assert found == pytest.approx(nll(out), abs=1e-3)
    assert not math.isclose(found, nll(learnt), abs_tol=1e-2), "a leak would show"


def test_a_watch_takes_no_part_where_the_head_takes_none(
    model: DKLVAE, data: Measurements, replay: TokenSet, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the ELBO alone every measured object is learnt from."""
    seen: list[torch.Tensor] = []
    real = finetune.withheld

    def watched(objects: tuple[str, ...], share: float, salt: str) -> tuple[torch.Tensor, torch.Tensor]:
        seen.extend(real(objects, share, salt))
        return seen[-2], seen[-1]

    monkeypatch.setattr(finetune, "withheld", watched)
    found = fine_tune(model, data, replay, replace(QUICK, schedule="vae", watch_share=0.2, steps=5))
    assert (found.watched, len(seen[0]), len(seen[1])) == ((), len(data), 0)
