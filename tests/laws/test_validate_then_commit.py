"""Law 11: nothing is written that could not be read again, and no model goes in that could not come out."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from latentbo.campaign.campaign import Campaign
from latentbo.campaign.log import EventLog
from latentbo.campaign.settings import Settings
from latentbo.campaign.store import EventStore
from latentbo.errors import InputError, ModelFileError, StoreError
from latentbo.models.dkl_vae import DKLVAE
from latentbo.training.gates import Retrained
from tests.laws.small import LITTLE, VALUES

Begin = Callable[..., Campaign]
Becomes = Callable[[DKLVAE], Callable[..., Retrained]]
Tell = Callable[..., None]

BROKEN = {
    "no such kind": ("paused", {}),
    "a part is missing": ("told", {"rows": [{"id": "u00001"}], "refused": []}),
    "a row has too much": ("queued", {"rows": [{"id": "a", "object": "CCO", "colour": "blue"}]}),
    "an ask without a round": ("asked", {"rows": []}),
    "a round with an impossible region": (
        "asked",
        {"rows": [], "round": {"region": {"length": 9.0, "longest": 1.0}}},
    ),
    "a retrain of another shape": ("retrained", {"encoder": "abc", "accepted": True}),
    "a number that is none": ("told", {"rows": [], "refused": [], "noise": math.nan}),
    "what JSON does not have": ("told", {"rows": [], "refused": [{"smiles": object()}]}),
}


def written(path: Path) -> list[tuple[int, str]]:
    """What another process finds in the file."""
    store = EventStore(path)
    events = [(event.number, event.kind) for event in store.events()]
    store.close()
    return events


@pytest.mark.parametrize("kind", BROKEN, ids=BROKEN)
@pytest.mark.parametrize("begun", [True, False], ids=["later", "as the first"])
def test_an_event_that_could_not_be_replayed_is_not_written(
    begin: Begin, tmp_path: Path, kind: str, begun: bool
) -> None:
    path = tmp_path / "run.db"
    if begun:
        begin().close()
    with EventLog(path) as log:
        before, events = log.history, written(path)
        with pytest.raises((StoreError, ValueError, TypeError)):
            log.append(*BROKEN[kind])
        assert log.history == before
        assert written(path) == events
        if begun:
            log.append("queued", {"rows": [{"id": "p00001", "object": "CCO", "proposer": "start"}]})
    with begin() as campaign:  # as if nothing had happened
        assert len(campaign.pending()) == begun


def test_a_write_that_fails_leaves_what_is_known_as_it_was(
    begin: Begin, tell: Tell, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> None:
        raise StoreError("the disk is full")

    campaign = begin()
    tell(campaign, VALUES)
    before = campaign.history
    calls = (
        lambda: campaign.ask(1),
        lambda: tell(campaign, {"CCOCC": 1.0}),
        lambda: campaign.queue(["CCOCC"]),
        lambda: campaign.roll_back(campaign.model.id),
    )
    for call in calls:
        with monkeypatch.context() as patch:
            patch.setattr(EventStore, "append", full)
            with pytest.raises(StoreError, match="disk is full"):
                call()
        assert campaign.history == before
    tell(campaign, {"CCOCC": 1.0})
    assert len(begin().history.rows) == len(VALUES) + 1


# Kinds that nobody knows


@pytest.fixture
def strings(tiny_model: DKLVAE) -> DKLVAE:
    """A model of objects whose kind is in nobody's list."""
    codec = copy.copy(tiny_model.codec)
    object.__setattr__(codec, "kind", "strings")
    return replace(tiny_model, codec=codec, structure=None, descriptors=None)


def test_a_campaign_of_a_kind_that_nobody_knows_can_be_opened_again(
    begin: Begin, strings: DKLVAE, tell: Tell
) -> None:
    campaign = begin(model=strings)
    assert campaign.history.kind == "strings"
    tell(campaign, VALUES)
    asked = campaign.ask(2)
    assert list(asked.columns)[1] == "object"
    campaign.close()
    again = begin(model=strings)
    assert again.pending()["object"].tolist() == asked["object"].tolist()
    assert again.tell(asked.assign(value=1.0)).measured == 2
    assert len(again.ask(1)) == 1


def test_a_retrained_encoder_of_such_a_kind_comes_out_again(
    begin: Begin, strings: DKLVAE, changed: DKLVAE, becomes: Becomes, tell: Tell
) -> None:
    campaign = begin(model=strings, retrainer=becomes(replace(strings, vae=changed.vae)))
    tell(campaign, VALUES)
    assert campaign.retrain().accepted
    campaign.close()
    again = begin(model=strings)
    assert again.model.id == changed.id
    assert again.model.kind is strings.kind or again.model.kind.name == "strings"


# Settings that cannot be kept


def can_still_be_begun(path: Path, model: DKLVAE) -> bool:
    """Whether a refusal left no file, or one without an event, and another try goes through."""
    empty = not path.exists() or written(path) == []
    with Campaign(path, Settings(**LITTLE), model=model) as campaign:
        return empty and len(campaign.ask(1)) == 1


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"rules": {"heavy_atms": (1, 9)}}, "did you mean 'heavy_atoms'"),
        ({"rules": {"heavy_atoms": (9, 1)}}, "heavy_atoms"),
        ({"rules": {"windows": {"logq": (0, 1)}}}, "logq"),
    ],
)
def test_rules_that_mean_nothing_leave_no_campaign(
    tmp_path: Path, tiny_model: DKLVAE, settings: dict[str, Any], message: str
) -> None:
    path = tmp_path / "run.db"
    with pytest.raises(InputError, match=message):
        Campaign(path, Settings(**{**LITTLE, **settings}), model=tiny_model)
    assert can_still_be_begun(path, tiny_model)


def test_rules_for_a_kind_that_has_none_leave_no_campaign(tmp_path: Path, strings: DKLVAE) -> None:
    path = tmp_path / "run.db"
    with pytest.raises(InputError, match="there are no rules for strings, but the settings name charge"):
        Campaign(path, Settings(**LITTLE, rules={"charge": (0, 0)}), model=strings)
    assert can_still_be_begun(path, strings)


def own_feature(objects: Sequence[str]) -> np.ndarray:
    """A function of the user's own, which no card can name."""
    return np.array([[float(len(text))] for text in objects]).reshape(-1, 1)


@pytest.mark.parametrize("feature", ["structure", "descriptors"])
def test_retraining_a_model_that_cannot_be_stored_is_refused_at_the_opening(
    tmp_path: Path, tiny_model: DKLVAE, feature: str
) -> None:
    path, model = tmp_path / "run.db", replace(tiny_model, **{feature: own_feature})
    with pytest.raises(InputError, match=r"own_feature.* cannot be saved"):
        Campaign(path, Settings(**LITTLE, retrain_every=5), model=model)
    assert can_still_be_begun(path, model), "without retrains it will do"


def test_a_retrain_by_hand_of_a_model_that_cannot_be_stored_changes_nothing(
    begin: Begin, tiny_model: DKLVAE, changed: DKLVAE, becomes: Becomes, tell: Tell, tmp_path: Path
) -> None:
    model = replace(tiny_model, structure=own_feature)
    campaign = begin(model=model, retrainer=becomes(changed))
    tell(campaign, VALUES)
    before = campaign.history
    with pytest.raises(InputError, match="cannot be saved"):
        campaign.retrain()
    assert campaign.history == before
    assert campaign.model.id == tiny_model.id
    assert len(written(tmp_path / "run.db")) == before.last
    assert len(campaign.ask(1)) == 1


def test_an_encoder_is_in_the_file_before_the_event_that_names_it(
    begin: Begin, changed: DKLVAE, becomes: Becomes, tell: Tell, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A crash between the two leaves a campaign that opens."""

    def full(*_: object, **__: object) -> None:
        raise StoreError("the disk is full")

    campaign = begin(retrainer=becomes(changed))
    tell(campaign, VALUES)
    before = campaign.history
    with monkeypatch.context() as patch:
        patch.setattr(EventStore, "save_encoder", full)
        with pytest.raises(StoreError, match="disk is full"):
            campaign.retrain()
    assert campaign.history == before == begin().history


def test_the_stored_encoder_is_the_live_one_or_none_is(
    begin: Begin, changed: DKLVAE, becomes: Becomes, tell: Tell
) -> None:
    """A card of another id than its event's would come out as another model."""
    campaign = begin(retrainer=becomes(changed))
    tell(campaign, VALUES)
    event = campaign.retrain()
    card, _ = campaign.log.store.load_encoder(event.encoder)
    assert card["id"] == event.encoder == campaign.model.id == changed.id
    with pytest.raises((ModelFileError, StoreError)):
        campaign.log.store.load_encoder("another")
