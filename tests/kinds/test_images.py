"""Images on a page are shown as they are, and nothing else passes for one."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks.cards.drawing import draw_cards
from latentbo.campaign import Campaign, Settings
from latentbo.codecs.images import image_name
from latentbo.kinds.images import draw
from latentbo.report.from_campaign import report_data
from latentbo.report.page import write_report
from latentbo.training.images import ImageRecipe, train_images

CARDS = draw_cards(5, seed=0, side=16).images


def test_an_image_stands_in_the_page_itself() -> None:
    name = image_name(CARDS[0])
    shown = str(draw(name, 100, 80))
    assert f'src="{name}"' in shown
    assert "max-width: 100px; height: 80px" in shown
    assert len(shown) < len(name) + 200


def test_nothing_else_is_drawn() -> None:
    for bad in (None, 3.0, "CCO", "data:text/html,<script>alert(1)</script>", "https://example.org/a.png"):
        assert draw(bad) is None
    assert '"><script>' not in str(draw('data:image/png;base64,"><script>alert(1)</script>'))


def test_a_campaign_of_images_has_a_report(tmp_path: Path) -> None:
    recipe = ImageRecipe(latent=2, hidden=16, channels=4, epochs=3, batch_size=20)
    model, _ = train_images(CARDS, recipe)
    names = [image_name(image) for image in CARDS]
    with Campaign(tmp_path / "c.db", Settings(seed=1, pool_rounds=2), model=model) as campaign:
        campaign.tell(pd.DataFrame({"image": names, "value": np.arange(20.0)}))
        asked = campaign.ask(2)
        campaign.tell(asked.assign(value=[25.0, None], reason=["", "torn"]))
        page = write_report(
            report_data(campaign, objective_name="brightness"), tmp_path / "r.html"
        ).read_text()
    assert "<h3>Best image</h3>" in page
    assert "The best 12 images" in page
    assert page.count('class="molecule pixels"') == 13
    assert page.count(asked["image"][0]) == 2  # drawn twice, and written out nowhere
    assert "molecules" not in page
