"""A kind of one's own: the page's file as it stands, a codec and nothing else, a kind with everything, and odd ones.

The objects here are texts that a page must escape.
"""

from __future__ import annotations

import itertools
import re
import runpy
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from html.parser import HTMLParser
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from markupsafe import Markup
from typer.testing import CliRunner, Result

from latentbo import Campaign, Settings, load_model, run
from latentbo.acquisition.proposers import LATENT_PROPOSERS
from latentbo.campaign.files import read_history
from latentbo.campaign.retraining import Retrainer
from latentbo.campaign.table import FACTS
from latentbo.cli import app
from latentbo.codecs.base import Codec, Reading
from latentbo.codecs.vocabulary import UnseenSymbolError, Vocabulary, learn_merges
from latentbo.data.tables import read_table
from latentbo.diagnostics.dead_zones import Gauge, calibrate
from latentbo.errors import InputError, ModelFileError
from latentbo.kinds import known
from latentbo.kinds.base import TAKEN, Kind
from latentbo.models.dkl_vae import DKLVAE
from latentbo.models.exemplars import ExemplarPrior
from latentbo.models.pretrained import save_model
from latentbo.models.vae import SequenceVAE
from latentbo.report.from_campaign import report_data
from latentbo.report.latent_views import map_page, path_page
from latentbo.report.page import write_report
from latentbo.report.spaces import space_of_campaign
from latentbo.report.views_page import write_views
from latentbo.training.gates import Gates
from latentbo.training.pretrain import Recipe
from latentbo.training.recipes import FineTuneRecipe
from latentbo.training.sequences import train_sequences

PAGE = Path(__file__).resolve().parents[2] / "docs" / "guide" / "own-kind.md"
LONGEST = 60  # lines of the page's file
QUICK = {"seed": 3, "initial": 6, "pool_rounds": 2, "pool_size": 30}


SIX = Vocabulary(tuple('<q>&"$'))


@dataclass(frozen=True)
class Tags:
    """At most five of six letters, of any case. It has what `Codec` asks for, and nothing else."""

    kind: str = "tags"
    vocabulary: Vocabulary = SIX
    max_tokens: int = 5
    longest: int = 5

    def canonical(self, raw: Sequence[object]) -> list[str | None]:
        return [reading.object for reading in self.read(raw)]

    def read(self, raw: Sequence[object]) -> list[Reading]:
        return [self._read(text) for text in raw]

    def write(self, tokens: Sequence[Sequence[int]]) -> list[Reading]:
        return self.read(["".join(self.vocabulary.expand(row)) for row in tokens])

    def to_dict(self) -> dict[str, Any]:
        return {"longest": self.longest}  # its kind stands elsewhere

    def _read(self, text: object) -> Reading:
        name = text.lower() if isinstance(text, str) else ""
        if not 0 < len(name) <= self.longest:
            return Reading(None, reason="length")
        try:
            return Reading(name, tuple(self.vocabulary.tokenize(name)))
        except UnseenSymbolError:
            return Reading(None, reason="letter")


ROWS = ["".join(letters) for letters in itertools.product("<q>$", repeat=3)]
SMALL = Recipe(
    latent=4, embedding=8, encoder_hidden=16, encoder_layers=1, decoder_hidden=32, epochs=80, batch_size=16,
    learning_rate=1e-2, beta=0.01, token_dropout=0.0, bf16=False,
)  # fmt: skip
LENIENT = Retrainer(
    recipe=FineTuneRecipe(steps=4, round_steps=2, watch_share=0.0, batch_size=8, bf16=False),
    gates=Gates(1.0, best_drop=1.0, value_drop=100.0, realism_drop=1.0, nll_rise=100.0),
    rows=20,
    checks=10,
)


def quotes(objects: Sequence[str]) -> list[float]:
    """An objective: how many q."""
    return [name.count("q") + len(name) / 10 for name in objects]


@dataclass(frozen=True)
class Dollars:
    """Rules of tags: at most so many dollars."""

    most: int = 3

    def __call__(self, objects: Sequence[str]) -> list[str | None]:
        return ["dollars" if name.count("$") > self.most else None for name in objects]

    def to_dict(self) -> dict[str, Any]:
        return {"most": self.most}


def exchanged(parents: Sequence[str], n: int, generator: np.random.Generator) -> list[str]:
    places = [int(generator.integers(len(name))) for name in parents]
    letters = generator.choice(list('<q>&"$'), len(parents))
    return [a[:i] + str(b) + a[i + 1 :] for a, i, b in zip(parents, places, letters, strict=True)]


def letters(objects: Sequence[str]) -> np.ndarray:
    return np.array([[name.count(each) for each in '<q>&"$'] for name in objects], dtype=float).reshape(-1, 6)


TAGS = Kind(
    name="tags",
    noun="tag",
    column="Tag",
    expected="one to five letters",
    codec=lambda card: Tags(**card),
    rules=lambda settings: Dollars(**settings),
    edits={"exchanged": exchanged},
    structure=letters,
    draw=lambda name, width, height: Markup('<svg class="mine"><title>{}</title></svg>').format(name),
    raster=lambda name, width, height: np.full((4, 4), 128, dtype=np.uint8),
    similarity=lambda centre, others: [float(centre[:1] == other[:1]) for other in others],
    likeness="same beginning",
)


@pytest.fixture(autouse=True)
def only_here(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(known, "KINDS", dict(known.KINDS))
    monkeypatch.setattr(known, "_entries", dict)


@pytest.fixture(scope="module")
def bare() -> DKLVAE:
    """A model of tags that nobody knows a kind of."""
    torch.set_num_threads(1)
    return train_sequences(ROWS, Tags(), SMALL)[0]


@pytest.fixture(scope="module")
def gauge(bare: DKLVAE) -> Gauge:
    return calibrate(bare, 0, ROWS)


@pytest.fixture
def folder(bare: DKLVAE, tmp_path: Path) -> Path:
    """A saved model of the whole kind."""
    save_model(replace(bare, own_kind=TAGS, structure=letters), tmp_path / "tags")
    return tmp_path / "tags"


@pytest.fixture
def invoke(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    """A command, given as words, in an empty folder."""
    monkeypatch.chdir(tmp_path)

    def call(*words: object, code: int = 0) -> Result:
        result = CliRunner().invoke(app, [str(word) for word in words])
        assert result.exit_code == code, f"{result.output}{result.exception!r}"
        return result

    return call


class Elements(HTMLParser):
    """The names of a page's elements, and its texts."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.names: set[str] = set()
        self.texts: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        self.names.add(tag)

    def handle_data(self, data: str) -> None:
        self.texts.append(data.strip())


# The page


@pytest.fixture(scope="module")
def script(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page's file, in a folder where it was run as a script."""
    (text,) = re.findall(
        r"^```python\n(# dna\.py\n.*?)^```$", PAGE.read_text(), flags=re.DOTALL | re.MULTILINE
    )
    file = tmp_path_factory.mktemp("dna") / "dna.py"
    file.write_text(text)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(file.parent)
        runpy.run_path("dna.py", run_name="__main__")
    return file


def test_the_page_s_file_has_sixty_lines_and_works(script: Path) -> None:
    assert len(script.read_text().splitlines()) <= LONGEST
    html = (script.parent / "dna.html").read_text()
    assert "The best 12 strands" in html
    history = read_history(script.parent / "dna.db")
    assert (history.kind, history.column) == ("strands", "dna")
    assert len(history.with_status("measured")) == 80
    best = history.best()
    assert best is not None
    assert best.value is not None
    names = runpy.run_path(str(script))
    model = load_model(script.parent / "dna_model", kind=names["DNA"])
    drawn: set[str] = set()
    generator = torch.Generator().manual_seed(0)
    while len(drawn) < 80:
        drawn |= {str(reading.object) for reading in model.sample(80, generator) if reading.ok}
    at_random = max(names["sites"](sorted(drawn)[:80]))
    print(f"best of 80: {best.object} {best.value:g}; random {at_random}")
    assert best.value > at_random
    assert any(row.proposer == "mutants" for row in history.rows.values())


def test_the_page_s_file_is_run_by_commands(script: Path, invoke: Callable[..., Result]) -> None:
    own = ("--kind", f"{script}:DNA")
    quick = Path("quick.toml")
    quick.write_text("initial = 4\npool_rounds = 1\nseed = 1\n")
    model = script.parent / "dna_model"
    invoke(
        *own, "run", quick, "--objective", f"{script}:sites", "--model", model, "--budget", 8, "--out", "r"
    )
    rows = pd.read_csv("r/results.csv")
    assert (rows["value"] == rows["dna"].str.count("CG")).all()
    assert "strand" in Path("r/report.html").read_text()
    Path("more.csv").write_text("dna,value\ncgcgcg,3\nCGX,1\n")
    assert "1 measured" in invoke(*own, "tell", "r/campaign.db", "more.csv").stderr
    assert "9 measured" in invoke("status", "r/campaign.db").stdout


# Nothing but a codec


def test_a_codec_is_enough(bare: DKLVAE, gauge: Gauge, tmp_path: Path) -> None:
    assert isinstance(bare.codec, Codec)
    file, settings = tmp_path / "tags.db", Settings(**QUICK)
    with Campaign(file, settings, model=bare, retrainer=LENIENT) as campaign:
        run(campaign, quotes, budget=40, batch=10)
        assert (
            campaign.tell(pd.DataFrame({"object": ["QQ", "", "xx"], "value": [2.0, 1.0, 1.0]})).measured == 1
        )
        assert campaign.history.best().value > 2.0  # type: ignore[union-attr,operator]
        event = campaign.retrain()
        assert event.accepted, event.detail
        assert campaign.model.id != bare.id
        campaign.roll_back(bare.id)
        campaign.roll_back(event.encoder)
        retrained = campaign.ask(2)
    with Campaign(file, settings, model=bare) as again:
        assert again.model.id == event.encoder
        assert again.model.kind.column == "object"
        assert list(again.pending()["object"]) == list(retrained["object"])
        again.tell(retrained.assign(value=[9.0, 8.0]))
        again.roll_back(bare.id)
        again.tell(pd.DataFrame({"object": ["<q>$"], "value": [99.0], "status": ["corrected"]}))
        page = write_report(report_data(again, objective_name="<q>"), tmp_path / "r.html").read_text()
        assert_plain(page, "<q>$")
        views = map_page(space_of_campaign(again), gauge)
        html = write_views(views, tmp_path / "m.html", png=True)[0].read_text()
        assert_plain(html, "<q>$")
        (cells,) = (view.picture.svg for view in views.views if view.title.startswith("Neighbourhood"))
        assert len(re.findall(r">(?:&lt;|q|&gt;|[$&\"])+</text>", cells)) == 25
        way = path_page(gauge, ["<q>", "$q$"], ["line"], steps=5)
        assert_plain(write_views(way, tmp_path / "p.html")[0].read_text(), "<q>")


def assert_plain(html: str, name: str) -> None:
    """The object stands there as text, and nothing of it became an element."""
    found = Elements(html)
    assert "q" not in found.names
    assert any(name in text for text in found.texts)
    assert "no drawing" not in html


def test_its_model_comes_back(bare: DKLVAE, tmp_path: Path) -> None:
    folder = tmp_path / "model"
    save_model(bare, folder)
    again = load_model(folder, codec=Tags())
    assert again.id == bare.id
    assert again.embed(again.codec.read(["<q>"])).equal(bare.embed(bare.codec.read(["<q>"])))
    with pytest.raises(
        ModelFileError, match=r"unknown kind of object 'tags'.* Give its kind: `latentbo --kind"
    ):
        load_model(folder)
    with pytest.raises(ModelFileError, match="the codec of the card is not the 'tags' codec that was given"):
        load_model(folder, codec=Tags(longest=4))
    with pytest.raises(ModelFileError, match="is of tags, not of labels"):
        load_model(folder, codec=Tags("labels"))


# A kind with everything


def known_by(how: str, monkeypatch: pytest.MonkeyPatch, folder: Path) -> DKLVAE:
    """The saved model, its kind told in one of four ways."""
    if how == "argument":
        return load_model(folder, kind=TAGS)
    if how == "KINDS":
        known.KINDS["tags"] = TAGS
    elif how == "entry point":
        entry = EntryPoint("tags", "tests.kinds.test_own_kind:TAGS", known.GROUP)
        monkeypatch.setattr(known, "_entries", lambda: {"tags": entry})
    else:
        script = folder.parent / "own.py"
        script.write_text("from tests.kinds.test_own_kind import TAGS\n")
        known.add_kind(f"{script}:TAGS")
    return load_model(folder)


@pytest.mark.parametrize("how", ["argument", "KINDS", "entry point", "script"])
def test_a_whole_kind(how: str, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    model = known_by(how, monkeypatch, folder)
    assert model.kind.column == "Tag"
    settings = Settings(**QUICK, model=str(folder), rules={"most": 1})
    given = model if how == "argument" else None  # else it is found by its folder
    with Campaign(tmp_path / "c.db", settings, model=given, retrainer=LENIENT) as campaign:
        start = tmp_path / "start.csv"
        rows = "".join(f"{name},{value}\n" for name, value in zip(ROWS[:12], quotes(ROWS[:12]), strict=True))
        start.write_text(f"Tag,value\n{rows}QQQ,\n")
        assert (
            str(campaign.start_from(read_table(start, object_column="Tag")))
            == "12 measured, 1 to be measured first"
        )
        run(campaign, quotes, budget=13, batch=4)
        asked = [row for row in campaign.history.rows.values() if row.round]
        assert asked
        assert all(row.object.count("$") <= 1 for row in asked)
        assert sum(each.counts["filtered"].get("dollars", 0) for each in campaign.history.rounds)
        assert set(campaign.history.rounds[-1].shares) == {*LATENT_PROPOSERS, "exchanged"}
        assert campaign.surrogate().model.train_inputs[0].shape[1] == 4 + 6
        batch = campaign.ask(1)
        assert list(batch.columns[:2]) == ["id", "Tag"]
        assert campaign.tell(batch.drop(columns="id").assign(value=7.0)).measured == 1
        page = write_report(report_data(campaign, objective_name="q"), tmp_path / "r.html").read_text()
    assert page.count('class="mine"') == 13
    assert "q" not in Elements(page).names


def test_its_pages_have_its_pictures(folder: Path, gauge: Gauge, tmp_path: Path) -> None:
    whole = replace(gauge, model=load_model(folder, kind=TAGS))
    with Campaign(tmp_path / "c.db", Settings(**QUICK), model=whole.model) as campaign:
        campaign.tell(pd.DataFrame({"tag": ROWS[:20], "value": quotes(ROWS[:20])}))
        views = map_page(space_of_campaign(campaign), whole)
    assert "same beginning to the centre" in views.views[1].picture.svg
    assert "<image" in views.views[1].picture.svg
    assert 'class="mine"' in str(views.views[0].live)


def test_without_its_kind_a_file_says_what_it_holds_and_takes_nothing(
    folder: Path, tmp_path: Path, invoke: Callable[..., Result]
) -> None:
    model = load_model(folder, kind=TAGS)
    with Campaign(tmp_path / "c.db", Settings(**QUICK, model=str(folder)), model=model) as campaign:
        campaign.tell(pd.DataFrame({"Tag": ["<q>", "qq"], "value": [1.0, 2.0]}))
    assert "2 measured" in invoke("status", "c.db").stdout
    invoke("export", "c.db", "out.csv")
    assert list(pd.read_csv("out.csv")["Tag"]) == ["<q>", "qq"]
    Path("more.csv").write_text("tag,value\nq$q,3\n")
    before = Path("c.db").read_bytes()
    for words in (("tell", "c.db", "more.csv"), ("ask", "c.db"), ("report", "c.db")):
        refused = invoke(*words, code=2).stderr
        assert "unknown kind of object 'tags'" in refused
        assert "`latentbo --kind FILE.py:NAME ...`" in refused
        assert refused.count("\n") == 1
    assert Path("c.db").read_bytes() == before
    Path("own.py").write_text("from tests.kinds.test_own_kind import TAGS\n")
    assert "1 measured" in invoke("--kind", "own.py:TAGS", "tell", "c.db", "more.csv").stderr


# Odd ones


def untrained(codec: Codec, kind: Kind | None = None) -> DKLVAE:
    vae = SequenceVAE(
        len(codec.vocabulary), latent=2, embedding=4, encoder_hidden=4, encoder_layers=1, decoder_hidden=8
    )
    return DKLVAE(
        codec, vae, ExemplarPrior(torch.tensor([[0.0, 1.0], [1.0, 0.0], [-1.0, -1.0]])), own_kind=kind
    )


def trained(codec: Codec, rows: Sequence[str], epochs: int = 3) -> DKLVAE:
    return train_sequences(rows, codec, replace(SMALL, epochs=epochs))[0]


def test_one_token_is_enough(tmp_path: Path) -> None:
    """Thirty objects of one symbol each."""
    symbols = tuple("abcdefghijklmnopqrstuvwxyz0123")
    codec = Tags("letters", Vocabulary(symbols), max_tokens=1, longest=1)
    model = trained(codec, symbols, epochs=60)
    with Campaign(tmp_path / "c.db", Settings(**QUICK), model=model) as campaign:
        run(campaign, lambda names: [ord(name) for name in names], budget=12, batch=4)
        assert {len(row.object) for row in campaign.history.rows.values()} == {1}


def test_merges_are_the_codec_s(tmp_path: Path) -> None:
    merged = learn_merges('<q>&"$', ROWS, 5)
    assert merged.merges
    model = trained(Tags(vocabulary=merged), ROWS)
    assert max(len(reading.tokens) for reading in model.codec.read(ROWS)) <= 3
    save_model(model, tmp_path / "m")
    assert load_model(tmp_path / "m", codec=Tags(vocabulary=merged)).id == model.id
    with pytest.raises(ModelFileError, match="tokens"):
        load_model(tmp_path / "m", codec=Tags())  # the same description, and another vocabulary


def test_a_canonical_text_is_the_object(bare: DKLVAE, tmp_path: Path) -> None:
    with Campaign(tmp_path / "c.db", Settings(**QUICK), model=bare) as campaign:
        told = pd.DataFrame({"object": ["QQ", "qq", "Q<", ""], "value": [1.0, 3.0, 2.0, 5.0]})
        report = campaign.tell(told)
        assert [row.object for row in campaign.history.rows.values()] == ["qq", "q<"]
        assert campaign.history.rows["u00001"].value == 2.0
        assert len(report.problems) == 1  # the empty text is no object
        assert campaign.queue(["", "Qq"]) == ["'' cannot be used (length)", "'Qq' is known already"]


@pytest.mark.parametrize("name", ["short tags", "tags/5", "étiquettes <q>", "../tags"])
def test_a_kind_may_be_called_anything(name: str, tmp_path: Path, invoke: Callable[..., Result]) -> None:
    kind = replace(TAGS, name=name, column="my tag", codec=lambda card: Tags(name, **card))
    model = untrained(Tags(name), kind)
    save_model(model, tmp_path / "m")
    settings = Settings(**QUICK, model=str(tmp_path / "m"))
    with Campaign(tmp_path / "c.db", settings, model=load_model(tmp_path / "m", kind=kind)) as campaign:
        assert campaign.tell(pd.DataFrame({"My tag": ["<q>"], "value": [1.0]})).measured == 1
    assert read_history(tmp_path / "c.db").kind == name
    known.KINDS[name] = kind
    Path("more.csv").write_text("my tag,value\nqq,2\n")
    assert "1 measured" in invoke("--kind", name, "tell", "c.db", "more.csv").stderr
    assert sorted(path.name for path in tmp_path.iterdir()) == ["c.db", "m", "more.csv"]


@dataclass(frozen=True)
class Described(Tags):
    """Says of itself what it is given."""

    says: Any = None

    def to_dict(self) -> Any:
        return self.says


@pytest.mark.parametrize(
    "says", [{"letters": {1, 2}}, {"scale": float("nan")}, {"codec": Tags()}, {(1, 2): 3}, ["tags"], None]
)
def test_a_codec_that_is_not_json_is_refused_before_anything_is_written(
    says: object, bare: DKLVAE, tmp_path: Path
) -> None:
    model = untrained(Described(says=says))
    with pytest.raises(InputError, match="to_dict of the 'tags' codec must give a dict that JSON can hold"):
        save_model(model, tmp_path / "m")
    with pytest.raises(InputError, match="to_dict of the 'tags' codec"):
        Campaign(tmp_path / "c.db", Settings(retrain_every=10), model=model)
    assert not list(tmp_path.iterdir())
    with Campaign(tmp_path / "d.db", Settings(**QUICK), model=model) as campaign:  # never stored
        events = campaign.history.last
        with pytest.raises(InputError, match="to_dict of the 'tags' codec"):
            campaign.retrain()
        assert campaign.history.last == events


@pytest.mark.parametrize("says", [{"sizes": (1, 2)}, {1: "one"}, {"kind": "tags", "none": None}, {}])
def test_what_json_changes_is_the_same_codec(says: object, tmp_path: Path) -> None:
    model = untrained(Described(says=says))
    save_model(model, tmp_path / "m")
    assert load_model(tmp_path / "m", codec=model.codec).id == model.id


def test_a_codec_that_would_not_come_back_is_not_saved(tmp_path: Path) -> None:
    for codec, message in (
        (lambda card: Tags(longest=3), "of its own to_dict is another one .*'longest': 3"),
        (lambda card: Tags(**card, size=3), "cannot be made of its own to_dict .TypeError"),
        (lambda card: Tags("labels"), "is another one .kind"),
        (
            lambda card: Tags(vocabulary=Vocabulary(tuple("abcdef")), max_tokens=3),
            "one .vocabulary, max_tokens",
        ),
    ):
        with pytest.raises(InputError, match=message):
            save_model(untrained(Tags(), replace(TAGS, codec=codec)), tmp_path / "m")
    with pytest.raises(InputError, match="of the kind 'tags' cannot be saved with a codec of 'labels'"):
        save_model(untrained(Tags("labels"), TAGS), tmp_path / "m")
    assert not list(tmp_path.iterdir())


class Counting:
    """A feature that is no function."""

    def __call__(self, objects: Sequence[str]) -> np.ndarray:
        return letters(objects)


def test_a_feature_may_be_any_callable(tmp_path: Path) -> None:
    kind = replace(TAGS, structure=Counting())
    model = replace(untrained(Tags(), kind), structure=kind.structure)
    save_model(model, tmp_path / "m")
    again = replace(TAGS, structure=Counting())  # in another process it stands elsewhere
    assert load_model(tmp_path / "m", kind=again).structure is again.structure


@pytest.mark.parametrize(
    ("rules", "message"),
    [
        (
            lambda settings: Dollars(most=settings.get("most", {1})),
            "to_dict of the rules of tags must give a dict",
        ),
        (lambda settings: Dollars(most=len(settings)), "rules of tags that are made of .*0.* say .*1"),
    ],
)
def test_rules_that_would_not_come_back_leave_no_file(
    rules: Callable[[Mapping[str, Any]], Dollars], message: str, bare: DKLVAE, tmp_path: Path
) -> None:
    with pytest.raises(InputError, match=message):
        Campaign(
            tmp_path / "c.db", Settings(**QUICK), model=replace(bare, own_kind=replace(TAGS, rules=rules))
        )
    assert not list(tmp_path.iterdir())


def test_mistakes_of_the_settings_leave_no_file(bare: DKLVAE, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no rules for tags"):
        Campaign(tmp_path / "c.db", Settings(rules={"most": 1}), model=bare)
    with pytest.raises(InputError, match=r"the rules of tags cannot be made of {'least': 1}: .*'least'"):
        Campaign(tmp_path / "c.db", Settings(rules={"least": 1}), model=replace(bare, own_kind=TAGS))
    with pytest.raises(InputError, match="proposers fill the pool"):
        Campaign(tmp_path / "c.db", Settings(proposer="gradient"), model=bare, proposers={"a": lambda *_: []})
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"column": "value"}, "cannot be called 'value'"),
        ({"column": "ID"}, "cannot be called 'ID'"),
        ({"column": " tag"}, "without blanks around it, not ' tag'"),
        ({"name": ""}, "the name of a kind"),
        ({"noun": None}, "the noun of a kind"),
    ],
)
@pytest.mark.usefixtures("unchecked")
def test_names_that_cannot_work_are_refused(change: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        replace(TAGS, **change)


def test_every_column_of_a_campaign_s_table_is_taken() -> None:
    assert {"id", *FACTS} <= TAKEN


@pytest.fixture
def entries(monkeypatch: pytest.MonkeyPatch) -> Callable[[str, str], None]:
    def bring(name: str, value: str) -> None:
        entry = EntryPoint(name, value, known.GROUP)
        monkeypatch.setattr(known, "_entries", lambda: {name: entry})

    return bring


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        (
            "tags",
            "tests.kinds.test_own_kind:NO_TAGS",
            "another package .*NO_TAGS.* cannot be loaded: AttributeError",
        ),
        ("tags", "no_such_package:TAGS", "cannot be loaded: ModuleNotFoundError"),
        ("tags", "tests.kinds.test_own_kind:ROWS", "must be a latentbo.kinds.Kind, not list"),
        (
            "labels",
            "tests.kinds.test_own_kind:TAGS",
            "entry point 'labels' gives a kind that is called 'tags'",
        ),
    ],
)
def test_what_another_package_brings_may_be_broken(
    name: str, value: str, message: str, entries: Callable[[str, str], None]
) -> None:
    entries(name, value)
    with pytest.raises(InputError, match=message):
        known.find_kind(name)
