"""A campaign of grey images: the same as one of molecules, in a column of another name."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from benchmarks.cards.drawing import draw_cards
from latentbo.campaign import Campaign, Settings
from latentbo.campaign.loop import run
from latentbo.campaign.opening import reopen
from latentbo.campaign.starting import tell_file
from latentbo.campaign.table import export, summary, table
from latentbo.codecs.image_files import read_images
from latentbo.codecs.images import image_name, image_pixels
from latentbo.errors import InputError
from latentbo.models.dkl_vae import DKLVAE
from latentbo.models.pretrained import save_model
from latentbo.training.images import ImageRecipe, train_images

CARDS = draw_cards(15, seed=0, side=16)
SMALL = ImageRecipe(latent=3, hidden=32, channels=4, epochs=30, batch_size=20, learning_rate=1e-2, beta=0.1)


@pytest.fixture(scope="module")
def model() -> DKLVAE:
    return train_images(CARDS.images, SMALL)[0]


def brightness(names: Sequence[str]) -> list[float]:
    return [float(image_pixels(name).mean()) for name in names]


def test_files_and_values_to_proposals(model: DKLVAE, tmp_path: Path) -> None:
    save_model(model, tmp_path / "m")
    np.save(tmp_path / "cards.npy", CARDS.images)
    (tmp_path / "values.csv").write_text(
        "row,value\n" + "".join(f"{row},{row % 7}\n" for row in range(0, 60, 2))
    )
    with Campaign(tmp_path / "c.db", Settings(seed=1, model=str(tmp_path / "m"), initial=5)) as campaign:
        intake = campaign.start_from(read_images(tmp_path / "cards.npy", tmp_path / "values.csv"))
        assert (intake.measured, intake.problems) == (30, ())
        frame = campaign.ask(3)
    assert list(frame.columns[:2]) == ["id", "image"]
    assert frame["mean"].notna().all()
    assert image_pixels(frame["image"][0]).shape == (16, 16)
    frame.assign(value=[1.0, 2.0, None], reason=["", "", "torn"]).to_csv(tmp_path / "told.csv", index=False)
    with reopen(tmp_path / "c.db") as campaign:
        report = tell_file(campaign.log, campaign.model.reader, tmp_path / "told.csv")
        assert (report.measured, report.failed, report.problems) == (2, 1, ())
        assert campaign.pending().empty
        assert len(summary(campaign.history)["best"]) < 200
        told = pd.read_csv(export(campaign.history, tmp_path / "out.csv"))
    assert told["image"].is_unique
    assert told["image"].tolist()[-3:] == frame["image"].tolist()


def test_it_finds_brighter_images(model: DKLVAE, tmp_path: Path) -> None:
    with Campaign(tmp_path / "c.db", Settings(seed=2, initial=10, pool_rounds=3), model=model) as campaign:
        run(campaign, brightness, budget=40, batch=5)
        rows = table(campaign.history)
    drawn, chosen = rows["value"][rows["round"] <= 2], rows["value"][rows["round"] > 4]
    assert rows["mean"].isna().sum() == len(drawn) == 10
    assert chosen.max() > drawn.max()
    assert chosen.mean() > drawn.mean() + drawn.std()


def test_what_is_no_image_is_refused_in_few_words(model: DKLVAE, tmp_path: Path) -> None:
    small = image_name(CARDS.images[0][:5])
    with Campaign(tmp_path / "c.db", Settings(seed=1), model=model) as campaign:
        report = campaign.tell(pd.DataFrame({"image": [small, "CCO", 3], "value": [1.0, 2.0, 3.0]}))
        assert report.measured == 0
        assert "wrong_size" in report.problems[0]
        assert "a PNG of the model's size" in report.problems[0]
        assert len(report.problems[0]) < 300
        assert "unreadable" in report.problems[1]
        assert len(campaign.queue([small])[0]) < 200
        with pytest.raises(InputError, match="one of 'image' or 'id'"):
            campaign.tell(pd.DataFrame({"smiles": ["CCO"], "value": [1.0]}))
    with pytest.raises(InputError, match="no rules for images"):
        Campaign(tmp_path / "d.db", Settings(rules={"charge": (0, 0)}), model=model)


def test_what_failed_counts_for_the_beginning(model: DKLVAE, tmp_path: Path) -> None:
    """Where most draws fail, a surrogate must not wait for as many values as there should be objects."""
    with Campaign(tmp_path / "c.db", Settings(seed=3, initial=6, pool_rounds=2), model=model) as campaign:
        first = campaign.ask(6)
        campaign.tell(first.assign(value=[1.0, 2.0, None, None, None, None], reason="other"))
        assert campaign.ask(1)["mean"].notna().all()
    with Campaign(tmp_path / "d.db", Settings(seed=3, initial=6, pool_rounds=2), model=model) as campaign:
        campaign.tell(campaign.ask(7).assign(value=[2.0, 2.0, *[None] * 5], reason="other"))
        assert campaign.ask(1)["mean"].isna().all()  # equal values teach nothing
