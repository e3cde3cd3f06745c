"""Laws 3, 5 and 13 at the two calls: `ask` learns nothing and records first, `tell` is written when it returns."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
import torch
from torch import Tensor

from latentbo.acquisition import gradient
from latentbo.campaign.campaign import Campaign
from latentbo.data.measurements import Measurements
from latentbo.models.dkl_vae import DKLVAE
from latentbo.training.gates import Retrained
from tests.laws.small import VALUES, known, quick_gradient

Begin = Callable[..., Campaign]
Becomes = Callable[[DKLVAE], Callable[..., Retrained]]
Tell = Callable[..., None]


def weights(model: torch.nn.Module) -> dict[str, Tensor]:
    return {name: value.clone() for name, value in model.state_dict().items()}


def equal(a: dict[str, Tensor], b: dict[str, Tensor]) -> bool:
    return a.keys() == b.keys() and all(torch.equal(value, b[name]) for name, value in a.items())


@pytest.mark.parametrize("proposer", ["pool", "gradient"])
def test_ask_learns_nothing(begin: Begin, monkeypatch: pytest.MonkeyPatch, proposer: str) -> None:
    """Model, prior, hyperparameters and training data of the surrogate are afterwards what they were before."""
    for name, value in quick_gradient().items():
        monkeypatch.setattr(gradient, name, value)
    campaign = begin(settings={"proposer": proposer})
    known(campaign)
    model, before = campaign.model, campaign.surrogate()
    network, mean = weights(model.vae), model.prior.mean().clone()
    campaign.ask(2)
    assert len(campaign.ask(2)) == 2  # beside what is pending now
    after = campaign.surrogate()
    assert campaign.model is model
    assert equal(weights(model.vae), network)
    assert torch.equal(model.prior.mean(), mean)
    assert not model.vae.training
    assert equal(weights(after.model), weights(before.model))
    assert torch.equal(after.model.train_inputs[0], before.model.train_inputs[0])
    assert torch.equal(after.model.train_targets, before.model.train_targets)
    assert (after.noise, after.amplitudes) == (before.noise, before.amplitudes)
    assert [row.status for row in campaign.history.rows.values()].count("pending") == 4


def test_ask_never_retrains_though_it_is_due(begin: Begin) -> None:
    def trains(model: DKLVAE, data: Measurements, *, seed: int) -> Retrained:
        raise AssertionError("nobody asked for a retrain")

    campaign = begin(settings={"retrain_every": 1, "retrain_from": 1}, retrainer=trains)
    known(campaign)
    campaign.ask(1)
    assert campaign.retrain_due
    assert campaign.history.encoders == ()


def test_looking_at_a_posterior_trains_nothing(begin: Begin) -> None:
    """Law 3: neither by asking it, nor by fantasies, nor by conditioning it."""
    campaign = begin()
    known(campaign)
    context = campaign.context(campaign.surrogate())
    surrogate = context.surrogate
    x = context.model.inputs(context.model.codec.read(["CCOCC", "CCNCC"]))
    before, targets = weights(surrogate), surrogate.train_targets.clone()
    surrogate.posterior(x, observation_noise=True).mean.sum().item()
    fantasised = context.with_fantasies(x)
    fantasised.surrogate.posterior(x.unsqueeze(-2)).mean.sum().item()
    surrogate.condition_on_observations(x, torch.zeros(2, 1, dtype=x.dtype))
    assert equal(weights(surrogate), before)
    assert torch.equal(surrogate.train_targets, targets)
    assert surrogate.fantasies is None
    assert context.best == max(VALUES.values()) <= fantasised.best
    assert not surrogate.training


def rows_of(path: Path) -> list[str]:
    """The kinds of events that somebody else reads in the file now."""
    with closing(sqlite3.connect(path)) as other:
        return [kind for (kind,) in other.execute("SELECT kind FROM events ORDER BY number")]


def test_every_call_is_written_before_it_returns(
    begin: Begin, changed: DKLVAE, becomes: Becomes, tell: Tell, tmp_path: Path
) -> None:
    path, campaign = tmp_path / "run.db", begin(retrainer=becomes(changed))
    expected = ["created"]
    base = campaign.model.id
    calls: list[tuple[str, Callable[[], object]]] = [
        ("asked", lambda: campaign.ask(1)),
        ("told", lambda: tell(campaign, VALUES)),
        ("queued", lambda: campaign.queue(["CCOCC"])),
        ("told", lambda: tell(campaign, {}, ["CCOCC"])),
        ("asked", lambda: campaign.ask(1)),
        ("retrained", campaign.retrain),
        ("retrained", lambda: campaign.roll_back(base)),
    ]
    assert rows_of(path) == expected
    for kind, call in calls:
        call()
        expected.append(kind)
        assert rows_of(path) == expected, "not in memory alone"
        with closing(sqlite3.connect(path)) as other:
            assert other.execute("SELECT count(*) FROM events").fetchone() == (campaign.history.last,)
    assert begin().history == campaign.history


@pytest.mark.parametrize("known_before", [True, False])
def test_a_told_value_counts_at_the_very_next_ask(begin: Begin, tell: Tell, known_before: bool) -> None:
    """Law 13: no value waits for a later round, and none is lost because it came by another way."""
    campaign = begin()
    if known_before:
        known(campaign)
        campaign.ask(1)
    tell(campaign, {**VALUES, "CCOCC": 50.0, "CCNCC": -3.0})
    data = campaign.knowledge().outcomes[0].data
    assert dict(zip(data.objects, data.values[:, 0].tolist(), strict=True)).keys() >= {"CCOCC", "CCNCC"}
    context = campaign.context(campaign.surrogate())
    assert context.best == 50.0
    assert context.elites(1)[0].object == "CCOCC"
    campaign.ask(1)
    assert campaign.history.rounds[-1].best == 50.0
