"""Ask and tell: what is promised about pending objects, told values, seeds, files and encoders."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Sequence
from copy import deepcopy
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from botorch.acquisition import LogExpectedImprovement, qLogExpectedImprovement

import latentbo
from latentbo.acquisition.functions import make_acquisition
from latentbo.acquisition.proposers import LATENT_PROPOSERS, Edits, Parents
from latentbo.campaign.campaign import Campaign
from latentbo.campaign.knowledge import measurements
from latentbo.campaign.settings import Settings
from latentbo.data.measurements import Measurements
from latentbo.data.outcome_transforms import IDENTITY, NormalScores
from latentbo.errors import InputError, ModelFileError, ShortfallError, StoreError
from latentbo.models.dkl_vae import DKLVAE
from latentbo.models.pretrained import save_model
from latentbo.training.gates import Retrained
from tests.rows import row_of

Begin = Callable[..., Campaign]


def carbons(smiles: str) -> float:
    return float(sum(letter in "Cc" for letter in smiles.replace("Cl", "")))


def measured(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.assign(value=[carbons(smiles) for smiles in frame["smiles"]])


def start(campaign: Campaign, n: int = 6) -> None:
    """The initial objects, measured."""
    campaign.tell(measured(campaign.ask(n)))


@pytest.fixture
def changed(tiny_model: DKLVAE) -> DKLVAE:
    """A model whose encoder differs a little."""
    vae = deepcopy(tiny_model.vae)
    with torch.no_grad():
        for parameter in vae.parameters():
            parameter.mul_(1.001)
    return replace(tiny_model, vae=vae)


def retrainer(result: DKLVAE, accepted: bool) -> Callable[..., Retrained]:
    """Stands in for minutes of training."""

    def retrain(model: DKLVAE, data: Measurements, *, seed: int) -> Retrained:
        reasons = () if accepted else ("worse",)
        return Retrained(result if accepted else model, accepted, reasons, {}, {}, 0.0)

    return retrain


# Asking


def test_a_campaign_by_hand(begin: Begin) -> None:
    campaign = begin()
    first = campaign.ask(6)
    assert list(first.columns) == ["id", "smiles", "mean", "sd", "p_feasible", "proposer"]
    assert first["mean"].isna().all()
    assert set(first["proposer"]) == {"prior"}
    assert campaign.pending().equals(first)
    report = campaign.tell(measured(first))
    assert (report.measured, report.failed, report.skipped, report.problems) == (6, 0, 0, ())
    assert campaign.pending().empty
    second = campaign.ask(4)
    assert np.isfinite(second[["mean", "sd"]].to_numpy(float)).all()
    assert not set(second["smiles"]) & set(first["smiles"])
    assert len(set(second["id"]) | set(first["id"])) == 10
    fitted = campaign.surrogate().model
    best = measurements(campaign.history).values.max()
    assert torch.isfinite(LogExpectedImprovement(fitted, best)(fitted.train_inputs[0][:1].detach()))


def test_asking_twice_gives_other_objects_and_learns_nothing(begin: Begin) -> None:
    campaign = begin()
    start(campaign)
    before = campaign.model.id, measurements(campaign.history).objects
    first, second = campaign.ask(4), campaign.ask(4)
    assert not set(first["smiles"]) & set(second["smiles"])
    assert set(campaign.pending()["smiles"]) == {*first["smiles"], *second["smiles"]}
    assert (campaign.model.id, measurements(campaign.history).objects) == before
    # Told in part and out of order, the rest goes on waiting.
    campaign.tell(measured(second).iloc[::-1].head(3))
    assert set(campaign.pending()["smiles"]) == {*first["smiles"], second["smiles"].iloc[0]}


def test_values_that_are_nearly_all_alike_are_ranked(begin: Begin) -> None:
    """As where an objective is zero but for a few, and those span many orders of magnitude."""
    campaign = begin()
    names = ["C" * n for n in range(1, 25)]
    values = [0.0] * 22 + [1e-30, 1e-3]
    campaign.tell(pd.DataFrame({"smiles": names, "value": values}))
    assert isinstance(campaign.outcome_transform, NormalScores)
    y = campaign.context(campaign.surrogate()).data.values[:, 0]
    assert y[23] - y[22] < 1.0 < y[22] - y[0], "the best two stand out from the others, not one from all"
    asked = campaign.ask(3)
    assert asked["mean"].between(0.0, 1e-3).all()
    assert (asked["sd"] >= 0.0).all()
    assert campaign.history.rounds[-1].best == 1e-3


def test_what_is_pending_counts_as_measured_at_its_expected_value(begin: Begin) -> None:
    campaign = begin()
    start(campaign)
    before = campaign.context(campaign.surrogate())
    waiting = campaign.ask(2)["smiles"].tolist()
    campaign.queue(["CCOCC"])
    after = campaign.context(campaign.surrogate())
    x = before.model.inputs(before.model.codec.read([*waiting, "CCOCC"]))
    with torch.no_grad():
        then, now = (context.surrogate.posterior(x) for context in (before, after))
    torch.testing.assert_close(now.mean, then.mean)
    assert (now.variance < 0.5 * then.variance).all()
    assert after.best == max(before.best, float(then.mean.max()))
    campaign.tell(pd.DataFrame({"smiles": [*waiting, "CCOCC"], "value": [1.0, 2.0, 3.0]}))
    assert campaign.context(campaign.surrogate()).surrogate.fantasies is None


def test_what_is_proposed_is_new_and_inside_the_rules(begin: Begin) -> None:
    campaign = begin(settings={"rules": {"elements": ["C", "O"], "heavy_atoms": [1, 9]}})
    own = pd.DataFrame({"smiles": ["CCO", "CCC", "c1ccccc1", "CC(=O)O", "OC1CCCCC1", "CCOC"]})
    campaign.tell(measured(own))
    for frame in (campaign.ask(3), campaign.ask(3)):
        assert not set(frame["smiles"]) & set(own["smiles"])
        assert not any(letter in smiles for smiles in frame["smiles"] for letter in "NSFnsl")


def test_predictions_are_in_the_users_sign(begin: Begin) -> None:
    most, least = begin("most.db"), begin("least.db", {"minimise": True})
    own = pd.DataFrame({"smiles": ["CCO", "CCN", "CCCl", "Cc1ccccc1", "c1ccncc1", "OC1CCCCC1"]})
    most.tell(measured(own))
    negative = measured(own).assign(value=lambda frame: -frame["value"])
    least.tell(negative)
    up, down = most.ask(4), least.ask(4)
    # The same problem upside down: the same proposals, and predictions mirrored.
    assert list(up["smiles"]) == list(down["smiles"])
    assert up["mean"].tolist() == pytest.approx((-down["mean"]).tolist())
    assert up["sd"].tolist() == pytest.approx(down["sd"].tolist())
    assert most.history.best().object == least.history.best().object
    assert least.history.best().value == -7.0


@pytest.mark.parametrize("factor", [2.0**-40, 1e-9, 1e12])
def test_any_unit_will_do(begin: Begin, factor: float) -> None:
    usual, other = begin("usual.db"), begin("other.db")
    own = measured(pd.DataFrame({"smiles": ["CCO", "CCN", "CCCl", "Cc1ccccc1", "c1ccncc1", "OC1CCCCC1"]}))
    usual.tell(own)
    other.tell(own.assign(value=lambda frame: factor * frame["value"]))
    few, many = usual.ask(4), other.ask(4)
    assert list(few["smiles"]) == list(many["smiles"])
    for name in ("mean", "sd"):
        assert many[name].tolist() == pytest.approx((factor * few[name]).tolist(), rel=1e-6)
    noise = [campaign.history.rounds[-1].surrogate["noise_sd"] for campaign in (usual, other)]
    assert noise[1] == pytest.approx(factor * noise[0], rel=1e-6)
    assert usual.outcome_transform == IDENTITY
    assert usual.history.best().object == other.history.best().object


def test_failures_teach_where_it_is_feasible(begin: Begin) -> None:
    campaign = begin()
    start(campaign)
    assert set(campaign.ask(2)["p_feasible"]) == {1.0}
    assert not campaign.feasibility().informative
    failed = pd.DataFrame({"smiles": ["CCN", "CCCl"], "value": None, "reason": "exploded"})
    assert campaign.tell(failed).failed == 2
    frame = campaign.ask(3)
    assert frame["p_feasible"].between(0, 1, inclusive="neither").all()
    assert not set(frame["smiles"]) & set(failed["smiles"])
    assert len(measurements(campaign.history)) == 6  # law 2: no value, never a bad one


@pytest.mark.parametrize("initial", [1, 4])
def test_values_without_a_difference_fit_no_surrogate(begin: Begin, initial: int) -> None:
    campaign = begin(settings={"initial": initial})
    campaign.tell(pd.DataFrame({"smiles": ["CCO", "CCN", "CCC", "CCCl"][:initial], "value": 1.0}))
    assert set(campaign.ask(2)["proposer"]) == {"prior"}


def test_asking_for_nothing_is_an_error(begin: Begin) -> None:
    with pytest.raises(InputError, match="at least 1 object, not 0"):
        begin().ask(0)


def test_a_shortfall_is_told_and_no_object_at_all_is_an_error(begin: Begin) -> None:
    allowed = {"CCO", "CCN", "CCC"}

    def only(objects: Sequence[str]) -> list[str | None]:
        return [None if text in allowed else "other" for text in objects]

    campaign = begin(check=only)
    frame = campaign.ask(5)
    assert set(frame["smiles"]) <= allowed
    assert frame.attrs["shortfall"].startswith(f"{5 - len(frame)} of 5 missing: ")
    assert "other" in frame.attrs["shortfall"]
    allowed.clear()
    before = campaign.history
    with pytest.raises(ShortfallError, match=r"no new object could be proposed: .*other"):
        campaign.ask(1)
    assert campaign.history == before


# Pieces of the user's own


def test_a_botorch_user_hands_in_an_acquisition(begin: Begin) -> None:
    campaign = begin(acquisition=lambda model, best: qLogExpectedImprovement(model, best))
    start(campaign)
    assert len(campaign.ask(3)) == 3


def test_runners_up_and_shares_are_remembered_in_the_file(begin: Begin) -> None:
    campaign = begin()
    start(campaign)
    assert campaign.context(campaign.surrogate()).runners_up == ()
    frame = campaign.ask(2)
    campaign.tell(frame.assign(value=[3.0, 4.0]))
    again = begin()  # read from the file
    found = again.context(again.surrogate()).runners_up
    assert found == campaign.history.rounds[-1].runners_up
    assert found
    assert not {name for _, name in found} & set(frame["smiles"])
    shares = again.history.rounds[-1].shares
    assert sum(shares.values()) == pytest.approx(1.0)
    assert set(shares) == {*LATENT_PROPOSERS, "graph"}
    assert [then for _, _, then in again.history.operator_outcomes()] == [shares, shares]


@pytest.mark.parametrize(
    ("settings", "columns"),
    [
        ({}, 8 + 18 + 2048),
        ({"structure": False}, 8 + 18),
        ({"descriptors": False}, 8 + 2048),
        ({"structure": False, "descriptors": False}, 8),
        ({"proposer": "gradient"}, 8),
    ],
)
def test_the_settings_say_what_the_surrogate_sees(
    begin: Begin, settings: dict[str, object], columns: int
) -> None:
    campaign = begin(settings=settings)
    start(campaign)
    fitted = campaign.surrogate()
    assert fitted.model.train_inputs[0].shape[1] == columns
    assert campaign.context(fitted).model.inputs([]).shape == (0, columns)


def test_own_proposers_and_model(begin: Begin, tiny_model: DKLVAE) -> None:
    def favourites(parents: Parents, n: int, seed: int) -> list[str]:
        return ["CCOCC", "CCNCC", "CCCCC"]

    bare = tiny_model.latents_only
    campaign = begin(proposers={"mine": favourites}, model=bare)
    start(campaign)
    frame = campaign.ask(2)
    assert set(frame["smiles"]) <= {"CCOCC", "CCNCC", "CCCCC"}
    assert set(frame["proposer"]) == {"mine"}
    assert campaign.surrogate().model.train_inputs[0].shape[1] == 8
    with pytest.raises(InputError, match="proposers fill the pool"):
        begin("other.db", {"proposer": "gradient"}, proposers={"e": Edits(lambda objects, n, rng: [])})


@pytest.mark.parametrize(
    ("share", "edits"), [(0.0, {0}), (0.5, {2}), (0.375, {1, 2}), (1.0, {0, 1, 2, 3, 4})]
)
def test_no_more_of_a_batch_are_edits_than_the_share_says(
    begin: Begin, share: float, edits: set[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[int] = []

    def longer(objects: Sequence[str], n: int, rng: np.random.Generator) -> list[str]:
        made.append(n)  # the value is the number of carbons: these are always the best
        return ["C" * int(k) for k in rng.integers(8, 30, n)]

    def shorter(parents: Parents, n: int, seed: int) -> list[str]:
        return ["CCOCC", "CCNCC", "CCCOC", "CC(C)O", "CCOC", "CNC"]

    campaign = begin(settings={"edit_share": share}, proposers={"edits": Edits(longer), "mine": shorter})
    start(campaign)
    frame = campaign.ask(4)
    assert len(frame) == 4
    assert sum(frame["proposer"] == "edits") in edits
    assert bool(made) == (share > 0)


def test_a_share_of_no_edits_needs_another_proposer(begin: Begin) -> None:
    with pytest.raises(InputError, match="edit_share is 0, but the proposers are edits alone"):
        begin(settings={"edit_share": 0}, proposers={"e": Edits(lambda objects, n, rng: [])})


def test_the_gradient_proposer(begin: Begin, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {"RESTARTS": 2, "RAW_SAMPLES": 8, "ITERATIONS": 5}.items():
        monkeypatch.setattr(f"latentbo.acquisition.gradient.{name}", value)
    campaign = begin(settings={"proposer": "gradient"})
    start(campaign)
    frame = campaign.ask(2)
    assert set(frame["proposer"]) == {"gradient"}
    assert campaign.surrogate().model.train_inputs[0].shape[1] == 8


def test_the_region_moves_with_what_is_told(begin: Begin) -> None:
    campaign = begin(settings={"proposer": "pool", "initial": 3})
    start(campaign, 3)
    lengths = []
    for _ in range(5):
        frame = campaign.ask(1)
        lengths.append(campaign.history.region().length)
        campaign.tell(frame.assign(value=0.0))  # never a success
    assert lengths == [0.8] * 4 + [0.4]


# Telling


def test_queued_objects_wait_like_proposals(begin: Begin) -> None:
    campaign = begin()
    problems = campaign.queue(["OCC", "CCN", "CCO", "junk"])
    assert problems == ["'CCO' is known already", "'junk' cannot be used (unparsable)"]
    assert campaign.pending()["smiles"].tolist() == ["CCO", "CCN"]
    assert campaign.pending()["proposer"].tolist() == ["start", "start"]
    campaign.tell(measured(campaign.pending()))
    assert len(measurements(campaign.history)) == 2
    assert campaign.queue(["CCO"]) == ["'CCO' is known already"]
    with pytest.raises(InputError, match="not one string"):
        campaign.queue("CCO")


def test_own_rows_and_broken_rows(begin: Begin) -> None:
    campaign = begin()
    asked = campaign.ask(2)
    rows = pd.DataFrame({"smiles": [asked["smiles"][1], "CCCCO", "broken"], "value": [1.0, 2.0, 3.0]})
    report = campaign.tell(rows)
    assert (report.measured, len(report.problems)) == (2, 1)
    assert campaign.history.rows[asked["id"][1]].value == 1.0
    assert row_of(campaign.history, "CCCCO").value == 2.0
    refused = dict(campaign.history.refused[0])
    assert "unparsable" in refused.pop("problem")
    assert refused == {"smiles": "broken", "value": "3.0"}
    assert campaign.pending()["id"].tolist() == [asked["id"][0]]


def test_text_of_any_kind_is_kept(begin: Begin) -> None:
    campaign = begin()
    odd = "\ud800\0'; DROP TABLE events"
    campaign.tell(pd.DataFrame({"smiles": ["CCO", odd], "value": [None, 1.0], "reason": [odd, None]}))
    campaign.close()
    history = begin().history
    assert row_of(history, "CCO").failure == odd
    assert history.refused[0]["smiles"] == odd


# Files


def test_a_seed_is_drawn_and_stored(begin: Begin) -> None:
    first = begin("a.db", {"seed": None})
    assert first.seed == first.history.settings["seed"]
    proposals = first.ask(3)
    first.close()
    again = begin("a.db", {"seed": None})
    assert again.seed == first.seed
    assert begin("b.db", {"seed": first.seed}).ask(3).equals(proposals)
    assert begin("c.db", {"seed": None}).seed != first.seed


def test_stopping_after_every_round_changes_nothing(begin: Begin) -> None:
    def results(campaign: Campaign, n: int) -> pd.DataFrame:
        """Every fourth fails."""
        frame = measured(campaign.ask(n))
        frame["reason"] = None
        frame.loc[frame.index % 4 == 3, ["value", "reason"]] = [None, "failed"]
        return frame

    whole, parts = begin("whole.db"), "parts.db"
    for n in (8, 4, 4, 4):
        torch.manual_seed(n)  # whatever else a process does with the global generator
        expected = results(whole, n)
        part = begin(parts)
        found = results(part, n)
        pd.testing.assert_frame_equal(found, expected)
        whole.tell(expected)
        part.close()  # between ask and tell, too
        part = begin(parts)
        part.tell(found)
        part.close()
    again = begin(parts)
    assert again.history.rows == whole.history.rows
    assert again.history.region() == whole.history.region()
    assert again.history.operator_outcomes() == whole.history.operator_outcomes()
    assert replace(again.history, rounds=()) == replace(whole.history, rounds=())


def test_the_history_in_memory_is_the_one_in_the_file(begin: Begin) -> None:
    campaign = begin(settings={"rules": {"elements": ("C", "N", "O"), "windows": {"logp": (None, 5)}}})
    start(campaign)
    campaign.ask(2)
    campaign.close()
    again = begin(settings={"rules": {"elements": ("C", "N", "O"), "windows": {"logp": (None, 5)}}})
    assert again.history == campaign.history


def test_other_settings_are_refused_by_name(begin: Begin, tmp_path: Path, tiny_model: DKLVAE) -> None:
    begin(settings={"rules": {"charge": [0, 0]}}).close()
    with pytest.raises(InputError, match=r"initial is 6, not 7; pool_size is 30, not 31"):
        begin(settings={"initial": 7, "pool_size": 31, "rules": {"charge": (0, 0)}})
    with pytest.raises(InputError, match="seed is 0, not 5"):
        begin(settings={"seed": 5, "rules": {"charge": (0, 0)}})
    begin(settings={"seed": None, "rules": {"charge": (0, 0)}})
    assert Campaign(tmp_path / "run.db", model=tiny_model).settings.initial == 6  # or nothing is said


def test_another_model_is_refused(begin: Begin, changed: DKLVAE) -> None:
    first = begin()
    with pytest.raises(StoreError, match=f"began with encoder {first.model.id}, but the given model is"):
        begin(model=changed)


def test_two_writers_cannot_both_be_right(begin: Begin) -> None:
    one, two = begin(), begin()
    one.tell(pd.DataFrame({"smiles": ["CCO"], "value": [1.0]}))
    with pytest.raises(StoreError, match="changed by another process: open the campaign again"):
        two.tell(pd.DataFrame({"smiles": ["CCN"], "value": [2.0]}))
    assert row_of(begin().history, "CCN") is None
    assert row_of(begin().history, "CCO").value == 1.0


KILLED = """
import os, signal, sys
from pathlib import Path
import pandas as pd
from latentbo.campaign.campaign import Campaign
from latentbo.models.pretrained import load_model
campaign = Campaign(sys.argv[1], model=load_model(sys.argv[2]))
pending = campaign.pending()
campaign.tell(pending.head(2).assign(value=[1.5, 2.5]))
with campaign.log.store._transaction() as connection:
    connection.execute("INSERT INTO events VALUES (99, '', 'told', '{}')")
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_what_was_told_survives_kill_9(begin: Begin, tmp_path: Path, tiny_model: DKLVAE) -> None:
    """Told in another process, which dies right after `tell` returned and in the middle of the next write."""
    save_model(tiny_model, tmp_path / "model")
    campaign = begin()
    ids = campaign.ask(3)["id"].tolist()
    campaign.close()
    command = [sys.executable, "-c", KILLED, str(tmp_path / "run.db"), str(tmp_path / "model")]
    environment = {**os.environ, "PYTHONPATH": str(Path(latentbo.__file__).parents[1])}
    assert subprocess.run(command, env=environment, check=False).returncode == -signal.SIGKILL
    campaign = begin()
    assert [campaign.history.rows[identity].value for identity in ids] == [1.5, 2.5, None]
    assert campaign.pending()["id"].tolist() == ids[2:]
    campaign.tell(pd.DataFrame({"id": ids[2:], "value": [3.5]}))  # and it can be written to
    assert len(measurements(campaign.history)) == 3


# Encoders


def test_an_accepted_encoder_goes_live_and_stays(begin: Begin, changed: DKLVAE) -> None:
    campaign = begin(retrainer=retrainer(changed, accepted=True))
    start(campaign)
    base = campaign.model.id
    event = campaign.retrain()
    assert event.accepted
    assert campaign.model.id == event.encoder == changed.id != base
    # Everything is encoded by the new one.
    fitted, readings = campaign.surrogate(), changed.codec.read(measurements(campaign.history).objects)
    torch.testing.assert_close(
        fitted.model.input_transform.untransform(fitted.model.train_inputs[0])[:, :8], changed.embed(readings)
    )
    frame = campaign.ask(2)
    assert campaign.history.rows[frame["id"][0]].encoder == changed.id
    campaign.close()
    again = begin()
    assert again.model.id == changed.id
    torch.testing.assert_close(again.model.embed(readings), changed.embed(readings), rtol=0, atol=0)


@pytest.mark.parametrize("structure", [True, False])
def test_the_gates_ask_the_surrogate_that_the_settings_make(
    begin: Begin, changed: DKLVAE, structure: bool
) -> None:
    seen = []

    def retrain(model: DKLVAE, data: Measurements, *, seed: int) -> Retrained:
        seen.append(model)
        result = replace(model, vae=changed.vae)
        return Retrained(result, True, (), {}, {}, 0.0)

    campaign = begin(settings={"structure": structure, "descriptors": False}, retrainer=retrain)
    start(campaign)
    campaign.retrain()
    assert [(each.structure is None, each.descriptors) for each in seen] == [(not structure, None)]
    assert campaign.model.structure is changed.structure
    assert campaign.model.descriptors is changed.descriptors


def test_a_refused_encoder_changes_nothing_but_the_record(begin: Begin, changed: DKLVAE) -> None:
    campaign = begin(retrainer=retrainer(changed, accepted=False))
    start(campaign)
    base = campaign.model.id
    event = campaign.retrain()
    assert (event.accepted, event.measured) == (False, 6)
    assert "worse" in event.detail
    assert campaign.model.id == campaign.history.encoder == base
    assert begin().history.encoders == (event,)


def test_rolling_back_is_one_call(begin: Begin, changed: DKLVAE) -> None:
    campaign = begin(retrainer=retrainer(changed, accepted=True))
    start(campaign)
    base = campaign.model.id
    with pytest.raises(InputError, match=f"never went live here; those that did: {base}"):
        campaign.roll_back(changed.id)
    campaign.retrain()
    campaign.roll_back(base)
    assert campaign.model.id == campaign.history.encoder == base
    campaign.close()
    again = begin()
    assert again.model.id == base
    again.roll_back(changed.id)
    assert again.model.id == changed.id
    assert begin().model.id == changed.id


def test_past_models_are_those_that_were_live_before(begin: Begin, changed: DKLVAE) -> None:
    campaign = begin(retrainer=retrainer(changed, accepted=True))
    start(campaign)
    base = campaign.model.id
    assert campaign.past_models() == []
    campaign.retrain()
    assert [model.id for model in campaign.past_models()] == [base]
    campaign.roll_back(base)
    assert campaign.history.live_encoders == [base, changed.id, base]
    assert [model.id for model in campaign.past_models()] == [changed.id]
    campaign.close()
    refused = begin("refused.db", retrainer=retrainer(changed, accepted=False))
    start(refused)
    refused.retrain()
    assert refused.past_models() == []


def test_rolling_back_to_a_model_that_is_not_there_changes_nothing(
    begin: Begin, changed: DKLVAE, tmp_path: Path
) -> None:
    elsewhere = {"model": str(tmp_path / "gone")}
    campaign = begin(settings=elsewhere, retrainer=retrainer(changed, accepted=True))
    start(campaign)
    base = campaign.model.id
    campaign.retrain()
    campaign.close()
    again = begin(settings=elsewhere, model=None)  # the live one is in the file
    with pytest.raises((InputError, ModelFileError)):
        again.roll_back(base)
    assert again.model.id == again.history.encoder == changed.id


def test_a_retrain_is_due_by_the_policy(begin: Begin, changed: DKLVAE) -> None:
    campaign = begin(
        settings={"retrain_every": 4, "retrain_from": 6}, retrainer=retrainer(changed, accepted=False)
    )
    start(campaign, 5)
    assert not campaign.retrain_due  # four new ones, but fewer than six in all
    start(campaign, 1)
    assert campaign.retrain_due
    campaign.retrain()
    assert not campaign.retrain_due
    start(campaign, 4)
    assert campaign.retrain_due
    never = begin("never.db")
    start(never, 10)
    assert not never.retrain_due


# The window


def test_a_with_block_closes_the_file(tmp_path: Path, tiny_model: DKLVAE) -> None:
    with Campaign(tmp_path / "run.db", Settings(seed=0), model=tiny_model) as campaign:
        campaign.ask(1)
    with pytest.raises(StoreError, match="closed"):
        campaign.ask(1)


def test_named_acquisitions(begin: Begin) -> None:
    campaign = begin(settings={"acquisition": "ucb"})
    assert campaign._strategy.acquisition is make_acquisition("ucb")
