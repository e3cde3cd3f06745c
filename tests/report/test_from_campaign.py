"""What a report is made of, against the events that it is made from."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy.stats import norm

from latentbo.acquisition.region import TrustRegion
from latentbo.campaign import Campaign, Settings
from latentbo.campaign.history import History
from latentbo.campaign.replay import replay
from latentbo.campaign.store import Event
from latentbo.chemistry.rules import MoleculeRules
from latentbo.models.dkl_vae import DKLVAE
from latentbo.models.pretrained import save_model
from latentbo.report import from_campaign
from latentbo.report.from_campaign import (
    in_order_of_calls,
    random_band,
    report_data,
    rounds,
    screened,
    versions,
)
from latentbo.report.page import ROUNDS, write_report


def asked(number: int, rows: list[dict[str, Any]], **surrogate: Any) -> dict[str, Any]:
    counts = {"made": 50, "duplicate": 7, "invalid": {"empty": 2, "too_long": 1}, "filtered": {"charge": 4}}
    facts = {
        "number": number, "asked": 4, "proposed": len(rows), "counts": counts,
        "region": asdict(TrustRegion(length=0.4)), "best": None, "threshold": None, "seconds": 1.5,
        "encoder": "e1", "surrogate": surrogate,
    }  # fmt: skip
    return {"rows": rows, "round": facts}


def history_of(minimise: bool = False) -> History:
    """Two rounds of proposals, one own molecule; round 2 was predicted, with noise; told out of order."""
    predicted = {"round": 2, "proposer": "path", "sd": 0.3, "p_feasible": 0.9, "encoder": "e1"}
    second = [
        {"id": "p3", "object": "CCC", "mean": 1.0, **predicted},
        {"id": "p4", "object": "CCCC", "mean": 2.0, **predicted},
        {"id": "p5", "object": "CCCCC", "mean": 3.0, **predicted},
        {"id": "p6", "object": "CCCCCC", "mean": 3.0, **predicted},
    ]
    first = [{"id": f"p{i}", "object": "C" * i, "round": 1, "proposer": "prior"} for i in (1, 2)]
    told = [("p2", "CC", 1.5), ("u7", "CCO", 0.5), ("p1", "C", 0.7), ("p5", "CCCCC", 3.4), ("p3", "CCC", 2.5)]
    rows = [{"id": i, "object": o, "value": v, "reason": None} for i, o, v in told]
    rows.append({"id": "p4", "object": "CCCC", "value": None, "reason": "broke"})
    steps = [
        ("created", {"settings": Settings(seed=1, minimise=minimise).to_dict(), "encoder": "e1"}),
        ("asked", asked(1, first)),
        ("asked", asked(2, second, noise_sd=0.4)),
        ("told", {"rows": rows, "refused": []}),
    ]
    return replay(Event(i, "", kind, payload) for i, (kind, payload) in enumerate(steps, start=1))


def test_rows_come_in_the_order_of_the_calls() -> None:
    rows = in_order_of_calls(history_of())
    assert rows["id"].tolist() == ["p2", "u7", "p1", "p5", "p3", "p4", "p6"]
    assert rows["status"].tolist() == ["measured"] * 5 + ["failed", "pending"]
    assert rows["value"].tolist()[:5] == [1.5, 0.5, 0.7, 3.4, 2.5]
    assert rows["sd"].dropna().tolist() == pytest.approx([0.5] * 4)  # 0.3 of the posterior, 0.4 of the noise


def test_a_round_is_judged_by_what_came_after_its_predictions() -> None:
    frame = rounds(history_of())
    assert set(ROUNDS) <= set(frame.columns)
    first, second = frame.to_dict("records")
    assert (second["made"], second["invalid"], second["duplicate"], second["filtered"]) == (50, 3, 7, 4)
    assert (second["asked"], second["region_length"], second["seconds"], second["encoder"]) == (
        4,
        0.4,
        1.5,
        "e1",
    )
    assert math.isnan(first["nll"])
    assert math.isnan(first["coverage"])
    # p5: 3.4 under N(3, 0.5); p3: 2.5 under N(1, 0.5), three standard deviations away; p4 failed, p6 waits
    assert second["nll"] == pytest.approx(-norm.logpdf([3.4, 2.5], [3.0, 1.0], 0.5).mean())
    assert second["coverage"] == 0.5


def test_minimised_values_are_shown_with_the_sign_turned() -> None:
    maximised, minimised = history_of(), history_of(minimise=True)
    plain, turned = in_order_of_calls(maximised), in_order_of_calls(minimised)
    for name in ("value", "mean"):
        np.testing.assert_array_equal(turned[name], -plain[name])
    pd.testing.assert_series_equal(turned["sd"], plain["sd"])
    pd.testing.assert_frame_equal(rounds(minimised), rounds(maximised))


def test_a_history_without_rounds() -> None:
    assert list(rounds(History()).columns) == list(ROUNDS)
    assert len(in_order_of_calls(History())) == 0


QUICK = Settings(seed=2, initial=3, pool_rounds=1, pool_size=30)


@pytest.fixture
def campaign(tiny_model: DKLVAE, tmp_path: Path) -> Iterator[Campaign]:
    with Campaign(tmp_path / "c.db", QUICK, model=tiny_model) as opened:
        yield opened


def test_the_report_of_a_campaign(campaign: Campaign, tiny_model: DKLVAE, tmp_path: Path) -> None:
    for _ in range(2):
        frame = campaign.ask(4)
        campaign.tell(frame.assign(value=frame["smiles"].str.len().astype(float)).iloc[:3])
    campaign.queue(["CCCCC"])
    campaign.tell(pd.DataFrame({"smiles": ["CCCCC", "CCCC"], "value": [5.0, 4.0]}))
    data = report_data(campaign, objective_name="length", facts={"command": "by hand"}, budget=20)
    assert (data.objective, data.seed, data.budget) == ("length", 2, 19)  # one call went to a queued molecule
    measured = data.table[data.table["status"] == "measured"]
    readings = tiny_model.codec.read(measured["object"].tolist())
    np.testing.assert_array_equal(data.latents, tiny_model.embed(readings).numpy())
    assert data.table["status"].value_counts().to_dict() == {"measured": 8, "pending": 2}
    assert data.facts["command"] == "by hand"
    assert data.facts["versions"] == versions()
    assert "pool, acquisition ei" in data.facts["proposals"]
    second = data.rounds.iloc[1]
    known = data.table[(data.table["round"] == 2) & data.table["value"].notna()]
    recorded = pd.Series([row.sd for row in campaign.history.rows.values() if row.round == 2 and row.values])
    assert (known["sd"].to_numpy() > recorded.to_numpy()).all()  # the noise is on top
    assert second["nll"] == pytest.approx(-norm.logpdf(known["value"], known["mean"], known["sd"]).mean())
    assert write_report(data, tmp_path / "r.html").stat().st_size > 10_000


def test_a_campaign_that_has_just_begun(campaign: Campaign, tmp_path: Path) -> None:
    data = report_data(campaign, objective_name="value")
    assert len(data.latents) == len(data.table) == len(data.rounds) == 0
    assert random_band(campaign) is None
    write_report(data, tmp_path / "r.html")


def test_encoder_events(campaign: Campaign) -> None:
    assert report_data(campaign, objective_name="value").encoder_events.empty
    campaign.roll_back(campaign.model.id)
    events = report_data(campaign, objective_name="value").encoder_events
    assert events.to_dict("records") == [
        {"round": 0, "encoder": campaign.model.id, "accepted": True, "detail": "rolled back by hand"}
    ]


def test_screening_is_that_of_the_prior(tiny_model: DKLVAE, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(from_campaign, "SCREENED", 12)
    drawn: list[str] = []

    def lengths(smiles: list[str]) -> list[float | None]:
        drawn.extend(smiles)
        return [None if text == smiles[0] else float(len(text)) for text in smiles]

    def chosen(smiles: Any) -> list[str | None]:
        return ["too_short" if len(text) < 5 else None for text in smiles]

    band = screened(tiny_model, lengths, chosen, calls=3, seed=0)
    assert band is not None
    assert len(drawn) == len(set(drawn)) == 12
    assert min(map(len, drawn)) >= 5
    values = sorted(len(text) for text in drawn[1:])
    assert band["calls"].tolist() == [1, 2, 3]
    assert band["high"].iloc[-1] <= values[-1]
    assert band["median"].iloc[0] == values[4]  # of 12 draws, one without a value, the 6th
    fewer = screened(tiny_model, lengths, chosen, calls=3, seed=0, minimise=True)
    assert fewer is not None
    assert (fewer[["median", "high"]] < 0).all(axis=None)
    assert fewer["high"].is_monotonic_increasing
    assert screened(tiny_model, lengths, chosen, calls=0, seed=0) is None


def test_the_random_band_is_known_for_built_in_objectives(
    tiny_model: DKLVAE, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(from_campaign, "SCREENED", 15)
    save_model(tiny_model, tmp_path / "m")
    for name, known in (("qed", True), ("mine.py:qed", False), (None, False)):
        settings = Settings(seed=2, objective=name, model=str(tmp_path / "m"))
        with Campaign(tmp_path / f"{known}{name}.db", settings) as campaign:
            campaign.tell(pd.DataFrame({"smiles": ["CCO", "CCN"], "value": [0.4, 0.5]}))
            band = random_band(campaign)
        assert (band is not None) == known
        if band is not None:
            assert band["calls"].tolist() == [1, 2]
            assert band["high"].between(0.0, 1.0).all()


def test_screening_asks_for_what_the_rules_allow(
    tiny_model: DKLVAE, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(from_campaign, "SCREENED", 5)
    seen = []
    monkeypatch.setattr(
        from_campaign, "screened", lambda model, objective, check, **rest: seen.append((check, rest))
    )
    save_model(tiny_model, tmp_path / "m")
    rules = {"charge": (0, 0)}
    settings = Settings(seed=2, objective="qed", minimise=True, rules=rules, model=str(tmp_path / "m"))
    with Campaign(tmp_path / "c.db", settings) as campaign:
        random_band(campaign)
    assert seen == [(MoleculeRules(charge=(0, 0)), {"calls": 0, "seed": 2, "minimise": True})]
