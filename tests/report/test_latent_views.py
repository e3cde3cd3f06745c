"""From a file or a campaign to pages: whose values are shown, what is left out, and an alt text for every picture."""

from __future__ import annotations

from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from latentbo.campaign import Campaign, Settings
from latentbo.diagnostics.dead_zones import Gauge
from latentbo.errors import InputError
from latentbo.models.dkl_vae import DKLVAE
from latentbo.report import latent_views
from latentbo.report.latent_map import PROPOSALS, START_DATA
from latentbo.report.latent_views import map_page, path_page
from latentbo.report.spaces import Listed, Space, listed, space_of_campaign, space_of_model
from latentbo.report.views_page import ViewsPage, write_views

NAMES = (
    "CCO", "CCN", "CCC", "CCCl", "CC(C)O", "CC(=O)O", "c1ccccc1", "Cc1ccccc1", "Oc1ccccc1", "Nc1ccccc1",
    "C1CCCCC1", "CN1CCOCC1",
)  # fmt: skip
NAN = float("nan")


class Pictures(HTMLParser):
    """Every picture of a page, and whether it is described; what a browser would fetch."""

    def __init__(self) -> None:
        super().__init__()
        self.described, self.latents_only, self.fetched = 0, 0, []  # type: ignore[var-annotated]
        self.ids: list[str | None] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.ids += [given["id"]] if given.get("id") else []
        if tag == "svg" or given.get("id") == "live-map":
            good = given.get("role") == "img" and bool(given.get("aria-label"))
            self.described, self.latents_only = self.described + good, self.latents_only + (not good)
        self.latents_only += tag == "img" and not given.get("alt")
        for name in ("src", "href", "xlink:href"):
            if not (given.get(name) or "#").startswith(("#", "data:")):
                self.fetched.append(given[name])


def written(page: ViewsPage, folder: Path) -> str:
    """The page as text, after the checks that every page must pass."""
    files = write_views(page, folder / "p.html")
    assert files == [folder / "p.html"]
    html = files[0].read_text(encoding="utf-8")
    seen = Pictures()
    seen.feed(html)
    assert seen.described >= len(page.views)
    assert seen.latents_only == 0
    assert seen.fetched == []
    assert "Content-Security-Policy" in html
    assert len(set(seen.ids)) == len(seen.ids)
    return html


def space(model: DKLVAE, values: list[float] | None = None, names: tuple[str, ...] = NAMES) -> Space:
    return space_of_model(model, Listed(names, tuple(values or [NAN] * len(names))), name="size")


def test_without_values_a_map_shows_how_far_decodes_stray(gauge: Gauge, tmp_path: Path) -> None:
    page = map_page(space(gauge.model), gauge)
    html = written(page, tmp_path)
    assert page.facts["values"] == "decode - re-encode distance (prior sd)"
    assert "best (" not in html
    assert [view.title.partition(" ")[0] for view in page.views] == ["Latent", "Neighbourhood", "Between"]
    assert page.tiles[0].value == "12"
    decodes = gauge.decode(gauge.model.embed(gauge.model.codec.read(list(NAMES))))
    same = np.mean([a == b for a, b in zip(NAMES, decodes.objects, strict=True)])
    assert page.tiles[1].value == f"{100 * same:.0f}\u00a0%"


def test_measured_values_are_shown_and_the_others_predicted(gauge: Gauge, tmp_path: Path) -> None:
    values = [float(len(name)) + 0.1 * i for i, name in enumerate(NAMES)]
    known = space(gauge.model, [*values[:11], NAN])
    assert known.groups == ("measured",) * 11 + ("predicted",)
    page = map_page(known, gauge)
    html = written(page, tmp_path)
    assert "best (" in html
    assert "predicted size" in html
    assert page.tiles[0] == ("Molecules", "12", "")
    assert known.predict is not None
    expected = known.predict(gauge.model.codec.read([NAMES[-1]])).mean[0]
    assert latent_views._valued(known, gauge)[0].values[-1] == pytest.approx(expected)


def test_predictions_are_in_the_unit_of_the_values(gauge: Gauge, campaign: Campaign) -> None:
    values = [float(len(name)) + 0.1 * i for i, name in enumerate(NAMES)]
    usual, small = (
        space(gauge.model, [factor * value for value in values]).predict for factor in (1.0, 1e-9)
    )
    with campaign:
        before = space_of_campaign(campaign).predict
        told = {"smiles": NAMES[:8], "value": [(1e12 - 1) * len(name) for name in NAMES[:8]]}
        campaign.tell(pd.DataFrame(told))  # the mean of both tellings is 5e11 times what it was
        after = space_of_campaign(campaign).predict
    for few, many, factor in ((usual, small, 1e-9), (before, after, 5e11)):
        assert few is not None
        assert many is not None
        expected, found = (each(gauge.model.codec.read(["CCO", "C1CCCCC1"])) for each in (few, many))
        np.testing.assert_allclose(found.mean, factor * expected.mean, rtol=1e-5)
        np.testing.assert_allclose(found.sd, factor * expected.sd, rtol=1e-5)


def test_smaller_values_can_be_the_better_ones(gauge: Gauge) -> None:
    values = [float(len(name)) + 0.1 * i for i, name in enumerate(NAMES)]
    most, least = (
        space_of_model(gauge.model, Listed(NAMES, tuple(values)), name="size", minimise=minimise)
        for minimise in (False, True)
    )
    assert (most.name, least.name) == ("size", "minus size")
    assert least.values.tolist() == [-value for value in most.values]
    readings = gauge.model.codec.read(["CCO"])
    assert most.predict is not None
    assert least.predict is not None
    np.testing.assert_allclose(least.predict(readings).mean, -most.predict(readings).mean, rtol=1e-6)


def test_too_few_values_predict_nothing_and_the_rest_is_left_out(gauge: Gauge) -> None:
    known = space(gauge.model, [1.0, 2.0, *[NAN] * 10])
    assert known.predict is None
    page = map_page(known, gauge)
    assert page.tiles[0] == ("Molecules", "2", "10 without a value left out")
    assert len(page.views) == 2  # two molecules have no triangle
    with pytest.raises(InputError, match="no surrogate to have lengthscales"):
        map_page(known, gauge, axes="lengthscales")


def test_axes_and_centre_are_chosen(gauge: Gauge, tmp_path: Path) -> None:
    known = space(gauge.model, [float(len(name)) + 0.1 * i for i, name in enumerate(NAMES)])
    page = map_page(known, gauge, axes="lengthscales", centre="OCC")
    html = written(page, tmp_path)
    assert known.head is not None
    first, second = known.head.latent_lengthscales().argsort()[:2].tolist()
    assert f"z{first}, latent units (lengthscale" in html
    assert f"z{second}, latent units (lengthscale" in html
    assert page.views[1].title == "Neighbourhood of CCO"
    with pytest.raises(InputError, match="unknown axes 'princpal': did you mean 'principal'"):
        map_page(known, gauge, axes="princpal")
    with pytest.raises(InputError, match="'C1CC' cannot be read"):
        map_page(known, gauge, centre="C1CC")


@pytest.mark.parametrize("n", [0, 1, 2])
def test_few_objects(gauge: Gauge, n: int) -> None:
    few = space(gauge.model, names=NAMES[:n])
    if n == 0:
        with pytest.raises(InputError, match="one molecule at least"):
            map_page(few, gauge)
    else:
        assert len(map_page(few, gauge).views) == 2


def test_a_long_list_is_thinned_evenly(gauge: Gauge, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(latent_views, "MOST", 4)
    thin = latent_views._thinned(space(gauge.model, list(np.arange(12.0))))
    assert thin.objects == tuple(NAMES[i] for i in (0, 4, 7, 11))
    assert thin.values.tolist() == [0.0, 4.0, 7.0, 11.0]
    assert "4 of 12 molecules" in map_page(space(gauge.model), gauge).title


def test_corners_are_good_and_far_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    z = np.array([[0.0], [1.0], [10.0], [-8.0], [50.0]])
    values = np.array([5.0, 4.0, 3.0, 2.0, -1.0])
    assert latent_views._corners(z, values, ranked=False) == [2, 4, 3]  # 10 is nearest to the mean
    monkeypatch.setattr(latent_views, "BEST", 4)
    assert latent_views._corners(z, values, ranked=True) == [0, 2, 3]
    assert latent_views._corners(z[:2], values[:2], ranked=True) == [0, 1]


def test_a_path_page_has_a_picture_for_each_way(gauge: Gauge, tmp_path: Path) -> None:
    page = path_page(gauge, ("OCC", "CN1CCOCC1"), ("line", "sphere"), steps=5, facts={"encoder": "abc"})
    html = written(page, tmp_path)
    assert page.title == "From CCO to CN1CCOCC1"
    assert [view.title for view in page.views] == ["Straight line", "Great arc about the prior's mean"]
    assert [tile.label for tile in page.tiles] == [
        "Similarity of the two",
        "Dead on the straight line",
        "Dead on the great arc",
    ]
    assert "abc" in html


def test_pictures_are_written_beside_the_page(gauge: Gauge, tmp_path: Path) -> None:
    page = path_page(gauge, ("CCO", "CCN"), ("line",), steps=3)
    files = write_views(page, tmp_path / "a.html", png=True)
    assert [file.name for file in files] == ["a.html", "a-path-line.png"]
    assert files[1].read_bytes().startswith(b"\x89PNG")
    with pytest.raises(InputError, match="no folder"):
        write_views(page, tmp_path / "none" / "a.html")


def test_a_file_is_read_once_an_object_and_lists_what_it_cannot_use(
    tmp_path: Path, tiny_model: DKLVAE
) -> None:
    (tmp_path / "a.smi").write_text("OCC\nC1CC\nCCO\nCCN name\n")
    found = listed(tmp_path / "a.smi", tiny_model)
    assert found.objects == ("CCO", "CCN")
    assert np.isnan(found.values).all()
    assert found.problems == ("line 2: 'C1CC' cannot be used (unparsable)",)
    (tmp_path / "a.csv").write_text("smiles,Value\nOCC,1.5\nCCN,\nCCC,much\nCCO,\n")
    found = listed(tmp_path / "a.csv", tiny_model)
    assert found.objects == ("CCO", "CCN")
    assert found.values[0] == 1.5
    assert np.isnan(found.values[1])
    assert "much" in found.problems[0]
    (tmp_path / "b.csv").write_text("smiles,other\nOCC,1.5\n")
    assert listed(tmp_path / "b.csv", tiny_model).objects == ("CCO",)
    (tmp_path / "c.csv").write_text("mol,logP\nCCO,1.5\n")
    assert listed(tmp_path / "c.csv", tiny_model, "mol", "logP").values == (1.5,)


@pytest.fixture
def campaign(tiny_model: DKLVAE, tmp_path: Path) -> Campaign:
    """A minimised campaign of eight start molecules."""
    settings = Settings(seed=1, initial=4, minimise=True, objective="mine.py:f")
    opened = Campaign(tmp_path / "c.db", settings, model=tiny_model)
    opened.tell(pd.DataFrame({"smiles": NAMES[:8], "value": [float(len(name)) for name in NAMES[:8]]}))
    return opened


def test_a_campaign_shows_larger_as_better_and_predicts_a_file(
    campaign: Campaign, gauge: Gauge, tmp_path: Path
) -> None:
    with campaign:
        found = space_of_campaign(campaign, Listed(("CCO", "C1CCCCC1"), (NAN, NAN)))
    assert found.name == "minus mine.py:f"
    assert found.objects == (*NAMES[:8], "C1CCCCC1")
    assert found.values[:8].tolist() == [-float(len(name)) for name in NAMES[:8]]
    assert found.groups == (START_DATA,) * 8 + ("predicted",)
    assert found.encoders == ()
    html = written(map_page(found, gauge), tmp_path)
    assert "minus mine.py:f" in html
    assert START_DATA in html
    assert PROPOSALS not in html


def test_retrained_encoders_show_what_they_moved(gauge: Gauge, tmp_path: Path) -> None:
    """One that was live before gives a picture of before and after, two a strip as well."""
    model = gauge.model
    known = space(model)
    once = map_page(replace(known, encoders=(model,)), gauge)
    assert [view.picture.name for view in once.views[3:]] == ["motion"]
    twice = map_page(replace(known, encoders=(model, model)), gauge)
    assert [view.picture.name for view in twice.views[3:]] == ["motion", "strip"]
    written(twice, tmp_path)
