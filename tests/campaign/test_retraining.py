"""When a retrain is due (by the settings and by what was measured, never by what failed), and what it teaches."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from latentbo.campaign.history import EncoderEvent, History, ObjectRecord
from latentbo.campaign.retraining import RECIPE, Retrainer, retrain_due
from latentbo.campaign.settings import Settings
from latentbo.data.measurements import Measurements
from latentbo.models.dkl_vae import DKLVAE
from latentbo.training.gates import Gates

FOUND = (
    "CCOCCOCC", "CCNCCNCC", "CCSCCO", "OCCCCO", "NCCCCN", "CCCCCCCC", "CC(C)CC(C)C", "ClCCCCl", "CCCCCO", "CCCCCN",
    "OCCCCCO", "CCOCCCC", "CCNCCCC", "CCSCCCC", "CC(C)CCO", "CC(C)CCN", "ClCCCO", "ClCCCN", "CCC(C)CO", "CCC(C)CN",
    "CC(C)OCCO", "CC(C)NCCO", "NCCOCCN", "OCCSCCO",
)  # fmt: skip


def history_of(measured: int, failed: int = 0, at_last: int | None = None) -> History:
    rows = [ObjectRecord(f"m{i}", f"m{i}", values=(1.0,)) for i in range(measured)]
    rows += [ObjectRecord(f"f{i}", f"f{i}", failure="torn") for i in range(failed)]
    events = () if at_last is None else (EncoderEvent(1, "e", False, "refused", at_last),)
    return History(rows={row.id: row for row in rows}, encoders=events)


@pytest.mark.parametrize(
    ("measured", "failed", "at_last", "due"),
    [
        (5, 0, None, False),
        (6, 0, None, True),  # both are reached
        (5, 9, None, False),  # a failure is no measurement
        (9, 0, 6, False),
        (10, 0, 6, True),  # a refused one counts as one, too
    ],
)
def test_after_so_many_new_values(measured: int, failed: int, at_last: int | None, due: bool) -> None:
    settings = Settings(retrain_every=4, retrain_from=6)
    assert retrain_due(settings, history_of(measured, failed, at_last)) is due


def test_never_where_nobody_wants_it() -> None:
    assert not retrain_due(Settings(), history_of(10_000))


def test_a_retrain_teaches_the_decoder_what_was_found(tiny_model: DKLVAE) -> None:
    """By the default recipe but for its size: the best come back, and nothing that is encoded moves."""
    objects = tuple(str(reading.object) for reading in tiny_model.codec.read(FOUND))
    data = Measurements(objects, torch.arange(float(len(objects)))[:, None])
    retrainer = Retrainer(
        recipe=replace(RECIPE, steps=100, batch_size=32, learning_rate=1e-2, bf16=False),
        gates=Gates(reconstruction_drop=0.2),  # a network this small has little room
        rows=40,
        checks=40,
    )
    result = retrainer(tiny_model, data, seed=0)
    assert result.accepted, result.reasons
    assert result.after["best_come_back"] > result.before["best_come_back"] + 0.5
    readings = tiny_model.codec.read(objects)
    assert torch.equal(result.model.embed(readings), tiny_model.embed(readings))
    assert result.model.prior is tiny_model.prior
    assert retrainer(tiny_model, data, seed=0).model.id == result.model.id


def test_too_little_data_is_a_refusal(tiny_model: DKLVAE) -> None:
    result = Retrainer(rows=10, checks=10)(tiny_model, Measurements(("CCO",), torch.ones(1, 1)), seed=0)
    assert not result.accepted
    assert "measure more" in result.summary()
