"""Laws 1 and 8 with the real retrain: what goes live is live everywhere, what is refused or fails changes nothing but the
record, and a roll-back brings everything back.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from latentbo.campaign.campaign import Campaign
from latentbo.campaign.history import EncoderEvent, History
from latentbo.campaign.settings import Settings
from latentbo.campaign.store import EventStore
from latentbo.errors import ModelFileError, StoreError
from latentbo.models.dkl_vae import DKLVAE
from latentbo.models.surrogate import latent_box
from latentbo.torch_rng import stream
from latentbo.types import Latents
from tests.acquisition.conftest import FAILED, OBJECTS
from tests.laws.life import Life, Rows
from tests.laws.small import CLOSED, LITTLE, LOOSE, QUICK, VALUES, latents_of, listed, retrainer


def embed(model: DKLVAE, names: Sequence[str]) -> Latents:
    return model.embed(model.codec.read(names))


def same(a: Latents, b: Latents) -> bool:
    return a.shape == b.shape and torch.allclose(a, b, atol=1e-5, rtol=1e-5)


# Accepted


def test_an_accepted_retrain_goes_live_under_an_id_of_its_own(life: Life) -> None:
    assert life.event.accepted
    assert life.event.detail.startswith("accepted: exact_match")
    assert life.event.measured == len(VALUES)
    assert life.event.encoder == life.model.id == life.history.encoder != life.base.id
    assert not same(embed(life.model, OBJECTS), embed(life.base, OBJECTS)), (
        "it must have moved for the tests below"
    )


def test_nothing_of_the_old_encoder_is_left(life: Life) -> None:
    """Each thing that a proposal rests on is encoded by the new one, though the campaign had encoded all of it before."""
    new, context = life.model, life.context
    assert same(latents_of(context.surrogate), embed(new, context.data.objects))
    assert same(context.surrogate.fantasies, embed(new, life.waiting))
    torch.testing.assert_close(context.surrogate.input_transform.bounds, latent_box(new.prior))
    assert same(context.feasibility.z, embed(new, (*VALUES, *FAILED)))
    assert same(life.feasibility.z, context.feasibility.z)
    assert context.model.vae is new.vae
    assert context.model.prior is new.prior
    assert not torch.equal(latent_box(new.prior), latent_box(life.base.prior))


def test_predictions_after_a_retrain_are_the_new_encoder_s(life: Life) -> None:
    rows = [life.history.rows[row[0]] for row in life.new]
    assert {row.encoder for row in rows} == {life.history.rounds[-1].encoder} == {life.model.id}
    with torch.no_grad():
        expected = life.context.surrogate.posterior(embed(life.model, [row.object for row in rows]))
    assert [row.mean for row in rows] == pytest.approx(expected.mean[:, 0].tolist(), abs=1e-4)
    assert [row.sd for row in rows] == pytest.approx(expected.variance[:, 0].sqrt().tolist(), abs=1e-4)
    before = [row for row in life.history.rows.values() if row.object in life.waiting]
    assert {row.encoder for row in before} == {life.base.id}, "what was predicted before stays as it was"


def test_a_campaign_that_is_opened_again_has_the_new_encoder_and_goes_on_as_the_other_did(
    life: Life, tmp_path: Path
) -> None:
    with Campaign(life.copied("after", tmp_path), model=life.base) as campaign:
        assert campaign.model.id == life.model.id
        assert torch.equal(embed(campaign.model, OBJECTS), embed(life.model, OBJECTS))
        for name, tensor in life.model.vae.state_dict().items():
            assert torch.equal(campaign.model.vae.state_dict()[name], tensor)
        assert torch.equal(campaign.model.prior.mean(), life.model.prior.mean())
        draws = (model.prior.sample(3, stream(0)) for model in (campaign.model, life.model))
        assert torch.equal(*draws)
        assert campaign.model.structure is life.base.structure
        assert campaign.model.descriptors is life.base.descriptors
        assert listed(campaign.ask(3)) == life.new


def test_a_stored_encoder_that_was_damaged_is_not_used(life: Life, tmp_path: Path) -> None:
    """Law 6: neither at the opening nor in a roll-back."""
    path = life.copied("after", tmp_path)
    store = EventStore(path)
    weights = bytearray(store.load_encoder(life.model.id)[1])
    weights[-1] ^= 1
    store._connection.execute("DROP TRIGGER encoders_UPDATE")
    store._connection.execute("UPDATE encoders SET weights = ?", (bytes(weights),))
    store.close()
    with pytest.raises(ModelFileError, match="SHA-256"):
        Campaign(path, model=life.base)


# Rolled back


def test_a_roll_back_brings_the_old_encoder_back_everywhere(life: Life) -> None:
    assert life.back.id == life.base.id
    assert same(latents_of(life.back_context.surrogate), embed(life.base, life.back_context.data.objects))
    assert same(life.back_context.feasibility.z, embed(life.base, (*VALUES, *FAILED)))
    torch.testing.assert_close(
        life.back_context.surrogate.input_transform.bounds, latent_box(life.base.prior)
    )


def test_a_campaign_rolled_back_after_opening_goes_on_as_the_other_did(life: Life, tmp_path: Path) -> None:
    with Campaign(life.copied("later", tmp_path), model=life.base) as campaign:
        campaign.roll_back(life.base.id)
        assert listed(campaign.ask(3)) == life.old


def test_a_retrain_that_was_rolled_back_changed_nothing(life: Life, tmp_path: Path) -> None:
    with Campaign(life.copied("before", tmp_path), model=life.base) as campaign:
        never = listed(campaign.ask(3))
    with Campaign(life.copied("after", tmp_path), model=life.base) as campaign:
        campaign.roll_back(life.base.id)
        assert listed(campaign.ask(3)) == never
    assert never != life.new


# Refused


def untouched(campaign: Campaign, before: History, event: EncoderEvent) -> None:
    """Nothing but the record has changed."""
    assert not event.accepted
    assert event.encoder == campaign.model.id == before.encoder
    assert replace(campaign.history, encoders=before.encoders, last=before.last) == before
    assert campaign.history.encoders == (*before.encoders, event)
    assert campaign.history.last == before.last + 1
    stored = campaign.log.store._connection.execute("SELECT count(*) FROM encoders").fetchone()
    assert stored == (0,), "an encoder that never went live is not kept"


def never_retrained(life: Life, folder: Path) -> Rows:
    with Campaign(life.copied("before", folder), model=life.base) as campaign:
        return listed(campaign.ask(3))


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        pytest.param({"gates": CLOSED}, "held-out NLL of the latent term rose from", id="by the gates"),
        pytest.param(
            {"recipe": replace(QUICK, learning_rate=1e30, steps=20)}, "lower the learning rate", id="diverged"
        ),
        pytest.param({"held_out": ()}, "needs held-out objects", id="nothing to test on"),
    ],
)
def test_a_refusal_changes_nothing_but_the_record_and_the_campaign_goes_on(
    life: Life, tmp_path: Path, changes: dict[str, Any], reason: str
) -> None:
    path = life.copied("before", tmp_path)
    with Campaign(path, model=life.base, retrainer=retrainer(**changes)) as campaign:
        before = campaign.history
        event = campaign.retrain()
        assert event.detail.startswith("refused: ")
        assert reason in event.detail
        untouched(campaign, before, event)
        asked = campaign.ask(3)
        assert listed(asked) == never_retrained(life, tmp_path / "never")
        assert campaign.tell(asked.assign(value=1.0)).measured == 3
    with Campaign(path, model=life.base) as campaign:
        assert campaign.model.id == life.base.id
        assert campaign.history.encoders == (event,)


def test_an_encoder_that_predicts_nothing_better_is_refused(
    life: Life, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Watched while it was trained, it only got worse."""
    worse = itertools.count()
    monkeypatch.setattr("latentbo.training.head_loss._density", lambda *_: float(next(worse)))
    watching = retrainer(recipe=replace(QUICK, watch_share=0.2))
    with Campaign(life.copied("before", tmp_path), model=life.base, retrainer=watching) as campaign:
        before = campaign.history
        event = campaign.retrain()
        assert "no round of training predicted the watched objects better" in event.detail
        untouched(campaign, before, event)


def test_latents_too_large_for_a_box_are_a_refusal(life: Life, tmp_path: Path) -> None:
    """Training went so far astray within its few steps that latents of 1e31 are still finite and their spread is not."""
    astray = retrainer(recipe=replace(QUICK, learning_rate=1e30, round_steps=2, watch_share=0.2))
    with Campaign(life.copied("before", tmp_path), model=life.base, retrainer=astray) as campaign:
        before = campaign.history
        event = campaign.retrain()
        untouched(campaign, before, event)


def test_too_little_data_is_a_refusal(tiny_model: DKLVAE, tmp_path: Path) -> None:
    with Campaign(tmp_path / "c.db", Settings(**LITTLE), model=tiny_model, retrainer=retrainer()) as campaign:
        campaign.tell(campaign.ask(6).assign(value=range(6)))
        before = campaign.history
        event = campaign.retrain()
        assert "measure more" in event.detail
        untouched(campaign, before, event)
        assert len(campaign.ask(2)) == 2


def test_an_encoder_is_not_live_before_its_event_is_written(
    life: Life, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> None:
        raise StoreError("the disk is full")

    path = life.copied("before", tmp_path)
    with Campaign(path, model=life.base, retrainer=retrainer(gates=LOOSE)) as campaign:
        before = campaign.history
        with monkeypatch.context() as patch:
            patch.setattr(EventStore, "append", full)
            with pytest.raises(StoreError, match="disk is full"):
                campaign.retrain()
        assert campaign.model.id == life.base.id
        assert campaign.history == before
    with Campaign(path, model=life.base) as campaign:
        assert campaign.model.id == life.base.id
        assert campaign.history == before
