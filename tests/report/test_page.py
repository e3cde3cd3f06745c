"""The page: self-contained, well formed, safe against its own contents, whatever the campaign looks like."""

from __future__ import annotations

import os
import re
import time
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from latentbo.errors import InputError
from latentbo.report import page
from latentbo.report.page import EVENTS, ROUNDS, ReportData, write_report

NAN = float("nan")
SMILES = [
    "CCO",
    "CCN",
    "c1ccccc1O",
    "CC(=O)Nc1ccccc1",
    "C1CCNCC1",
    "CN1CCOCC1",
    "FC(F)(F)c1ccccc1",
    "c1ccsc1",
]
VOID = {"meta", "link", "br"}


def table_of(n: int, **columns: Any) -> pd.DataFrame:
    rng = np.random.default_rng(0)
    table = pd.DataFrame(
        {
            "id": [f"m{i}" for i in range(n)],
            "round": [i // 4 for i in range(n)],
            "object": [
                SMILES[i % 8] if i < 8 else "C" * (i % 90 + 1) + "O" * (i // 90 % 99) for i in range(n)
            ],
            "value": rng.normal(size=n) - 3,
            "status": "measured",
            "reason": None,
            "proposer": "thompson",
            "mean": rng.normal(size=n) - 3,
            "sd": 0.5,
            "p_feasible": 0.9,
        }
    )
    return table.assign(**columns)


def data_of(table: pd.DataFrame, latent: int = 4, **changes: Any) -> ReportData:
    measured = 0 if table.empty else int((table["status"] == "measured").sum())
    rounds = pd.DataFrame({name: np.arange(1.0, 5.0) for name in ROUNDS}).assign(encoder="e1")
    events = pd.DataFrame(
        [(2, "e2", True, "passed"), (3, "e3", False, "reconstruction fell")], columns=list(EVENTS)
    )
    k = np.arange(1, 101)
    band = pd.DataFrame({"calls": k, "low": -4 + k / 100, "median": -3 + k / 100, "high": -2 + k / 100})
    latents = np.random.default_rng(1).normal(size=(measured, latent))
    facts = {"versions": "latentbo 0.1.0", "wall time": "3 min", "command": "latentbo run"}
    return replace(ReportData("Title", "logS", 7, table, latents, rounds, events, band, facts), **changes)


class Checker(HTMLParser):
    """Tags in balance, ids unique, nothing that a browser would fetch or run."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.ids: list[str] = []
        self.tags: list[str] = []
        self.text: list[str] = []
        self.addresses: list[str] = []
        self.handlers: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        for name, value in attrs:
            if name == "id":
                self.ids.append(value or "")
            if name in ("src", "href", "xlink:href", "srcset", "action", "data"):
                self.addresses.append(value or "")
            if name.startswith("on"):
                self.handlers.append(name)
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.open.pop()

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if not self.open or self.open[-1] != "style":
            self.text.append(data)


def checked(data: ReportData, folder: Path) -> tuple[str, Checker]:
    """The page as text, after the checks that every page must pass."""
    path = write_report(data, folder / "report.html")
    html = path.read_text(encoding="utf-8")
    checker = Checker()
    checker.feed(html)
    checker.close()
    assert checker.open == []
    assert len(checker.ids) == len(set(checker.ids))
    assert all(address.startswith(("#", "data:")) for address in checker.addresses)
    assert not {"script", "iframe", "object", "embed", "base", "form"} & set(checker.tags)
    assert not checker.handlers
    assert "@import" not in html
    assert all(target.startswith(("#", "data:")) for target in re.findall(r"url\(['\"]?([^)]*)", html))
    assert os.listdir(folder) == ["report.html"]
    return html, checker


def test_the_page_holds_every_part(tmp_path: Path) -> None:
    table = table_of(40)
    table.loc[3, ["status", "value", "reason"]] = ["failed", NAN, "assay_error"]
    table.loc[39, ["status", "value"]] = ["pending", NAN]
    data = data_of(table, budget=100)
    html, checker = checked(data, tmp_path)
    assert write_report(data, tmp_path / "report.html").read_text() == html  # the same bytes every time
    text = " ".join(" ".join(checker.text).split())
    best = table["value"].idxmax()
    for words in (
        "Title", "logS, maximised", "latentbo 0.1.0", "3 min", "latentbo run", "35 of 100",
        "0 failed, 1 pending", "Best value so far", "The best 12 molecules", "Latent map",
        "Predicted against measured",
        "What became of the candidates", "Model quality by round", "went live", "refused",
        "reconstruction fell", "assay_error", "Table of the best 25", f"{table['value'].max():.3f}",
        f"m{best} · call {best + 1}, round {best // 4}",
    ):  # fmt: skip
        assert words in text
    assert html.count('class="molecule"') == 13  # 12 and the best once more
    assert html.count('class="plot"') == 5
    assert html.count('role="img"') == html.count('aria-label="Structure of') + 5
    ranked = table["value"].sort_values(ascending=False).index[:25]
    listed = re.findall(r'<td>(m\d+)</td><td class="num strong">', html)
    assert listed == [f"m{i}" for i in ranked]


EVIL = "<script>alert('x')</script> & \"q\" $\\frac{1}{0}$ </title></svg> {{ 7 * 7 }} \ud800 \x00 ü 溶"


def test_no_string_can_become_markup(tmp_path: Path) -> None:
    table = table_of(12, id=EVIL, proposer=EVIL)
    table["object"] = [f"C{'C' * i} {EVIL}" for i in range(12)]
    table.loc[0, ["status", "reason", "value"]] = ["failed", EVIL, NAN]
    events = pd.DataFrame([(1, EVIL, True, EVIL)], columns=list(EVENTS))
    data = data_of(
        table, title=EVIL, objective=EVIL, encoder_events=events, facts={EVIL: EVIL, "versions": EVIL}
    )
    html, checker = checked(data, tmp_path)
    assert "<script" not in html
    assert html.count("&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt; &amp; &#34;q&#34;") > 20
    assert "{{ 7 * 7 }}" in html
    assert checker.tags.count("title") == 1


@pytest.mark.parametrize(
    ("table", "changes"),
    [
        (
            pd.DataFrame(),
            {"rounds": pd.DataFrame(), "encoder_events": pd.DataFrame(), "random_band": None, "facts": {}},
        ),
        (table_of(1), {"rounds": pd.DataFrame(), "encoder_events": pd.DataFrame()}),
        (table_of(9, status="failed", value=NAN, reason="crash"), {}),
        (table_of(9, status="pending", value=NAN), {"random_band": None}),
        (table_of(9, value=-5.0, mean=-5.0, sd=0.0), {}),
        (table_of(9, mean=NAN, sd=NAN, p_feasible=NAN, proposer=None), {"latent": 1}),
        (
            table_of(9, object="not a molecule", value=[1e300, -1e300, 0, 1e-300, NAN, np.inf, 3, 2, 1]),
            {"latent": 2},
        ),
        (
            table_of(9, round=0),
            {"random_band": pd.DataFrame({"calls": [50], "low": 1.0, "median": 1.0, "high": 1.0})},
        ),
    ],
    ids=[
        "empty",
        "one",
        "all failed",
        "all pending",
        "equal",
        "no predictions",
        "extreme",
        "only start data",
    ],
)
def test_any_campaign_makes_a_page(table: pd.DataFrame, changes: dict[str, Any], tmp_path: Path) -> None:
    latent = changes.pop("latent", 4) if "latent" in changes else 4
    html, _ = checked(data_of(table, latent, **changes), tmp_path)
    assert not re.search(r">\s*(nan|inf|None)\b", html)
    assert html.count('class="plot"') == 5


def test_molecules_that_cannot_be_drawn_or_placed_are_shown_as_text(tmp_path: Path) -> None:
    latents = np.array([[1.0, 0.0], [NAN, 0.0], [0.0, 1.0]])
    data = data_of(table_of(3, object=["CCO", "not-a-molecule", "C1CC"]), latents=latents)
    html, checker = checked(data, tmp_path)
    assert "2 measured molecules in the latent space" in html
    assert html.count('class="molecule"') + html.count('class="undrawn"') == 4
    assert html.count('class="undrawn"') >= 2
    assert "not-a-molecule" in "".join(checker.text)


def test_ten_thousand_rows_make_a_small_page_in_little_time(tmp_path: Path) -> None:
    n = 10_000
    table = table_of(n, round=np.arange(n) // 5)
    table.loc[::7, ["status", "value"]] = ["failed", NAN]
    rounds = pd.DataFrame({name: np.arange(1.0, 2_001.0) for name in ROUNDS}).assign(encoder="e1")
    began = time.process_time()
    html, _ = checked(data_of(table, 64, rounds=rounds), tmp_path)
    assert time.process_time() - began < 15
    assert len(html) < 3_000_000


def test_a_failure_leaves_the_old_page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "report.html"
    path.write_text("old")

    def fail(*_: object) -> None:
        raise OSError("disk full")

    monkeypatch.setattr(page.os, "replace", fail)
    with pytest.raises(OSError, match="disk full"):
        write_report(data_of(pd.DataFrame()), path)
    assert path.read_text() == "old"


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"latents": np.zeros((3, 2))}, "each of the 5 measured rows"),
        ({"table": table_of(5).drop(columns=["value", "sd"])}, "add value, sd"),
        ({"table": table_of(5, status="done")}, "came 'done'"),
        ({"rounds": pd.DataFrame({"round": [1]})}, "rounds needs the columns"),
        ({"random_band": pd.DataFrame({"calls": [1]})}, "random_band needs the columns"),
    ],
)
def test_data_that_do_not_fit_are_refused(changes: dict[str, Any], message: str) -> None:
    good = data_of(table_of(5))
    with pytest.raises(InputError, match=message):
        replace(good, **changes)
