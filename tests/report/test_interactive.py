"""The live map: its data arrive, and nothing that an object is called can leave its place."""

from __future__ import annotations

import json
import re

import numpy as np
from markupsafe import Markup

from latentbo.chemistry.drawing import draw
from latentbo.diagnostics.maps import LatentMap, principal
from latentbo.report.interactive import interactive_map
from latentbo.report.latent_map import PROPOSALS, START_DATA

EVIL = '</script><script>alert("x")</script>&<b>'


def placed(names: tuple[str, ...], groups: tuple[str, ...]) -> LatentMap:
    latents = np.random.default_rng(0).normal(size=(len(names), 3))
    plane = principal(latents)
    return LatentMap(names, plane.place(latents), plane.axes, np.arange(float(len(names))), groups)


def figure(live: str) -> dict:
    return json.loads(re.findall(r"const figure = (.*);\n", live)[-1])


def test_each_mark_carries_its_row_and_each_row_its_drawing() -> None:
    found = placed(("CCO", "CCN", "c1ccccc1"), (START_DATA, PROPOSALS, START_DATA))
    live = interactive_map(found, "logP", "Three molecules", draw, first=2)
    data = figure(live)["data"]
    rows = {row: (trace["name"], i) for trace in data for i, row in enumerate(trace["customdata"])}
    assert {row: name for row, (name, _) in rows.items()} == dict(enumerate(found.groups))
    for trace in data:
        for row, x, y, value in zip(
            trace["customdata"], trace["x"], trace["y"], trace["marker"]["color"], strict=True
        ):
            assert (x, y) == tuple(found.points[row])
            assert value == found.values[row]
    drawings = live.split('<div id="drawings" hidden>')[1].split("<script>")[0]
    assert re.findall(r'aria-label="Structure of ([^"]+)"', drawings) == list(found.objects)
    assert "show(2);" in live
    assert 'role="img" aria-label="Three molecules"' in live
    assert figure(live)["layout"]["coloraxis"]["colorbar"]["title"]["text"] == "logP"


def test_the_best_has_a_star_where_larger_is_better() -> None:
    found = placed(("CCO", "CCN", "c1ccccc1"), (START_DATA,) * 3)
    star = figure(interactive_map(found, "y", "a", draw, first=0, best=True))["data"][-1]
    assert (star["name"], star["customdata"]) == ("best (2.000)", [2])
    assert (star["x"], star["y"]) == ([found.points[2, 0]], [found.points[2, 1]])


def test_names_are_text_wherever_they_stand() -> None:
    live = interactive_map(placed((EVIL, "C"), (EVIL, "x")), EVIL, EVIL, lambda *_: Markup(""), first=0)
    own = re.sub(r"<script>/\*\*.*?</script>", "", live, flags=re.DOTALL)  # plotly's
    assert "<script>alert" not in own
    assert "<b>" not in own
    assert own.count("</script>") == live.count("</script>") - 1 == 1
    raw = live.rpartition("const figure = ")[2].partition(";\n")[0]
    assert not set("<>&") & set(raw)
    assert "&lt;/script&gt;" in figure(live)["data"][-1]["name"]
