"""A kind of object of the user's own, in a file: every command takes it, and speaks of it by its name."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner, Result

from latentbo.cli import app
from latentbo.diagnostics.dead_zones import Gauge
from latentbo.kinds.known import KINDS

Invoke = Callable[..., Result]
Write = Callable[..., Path]

SCRIPT = '''
"""Strands of DNA, at most ten bases."""

from latentbo.codecs.base import Reading
from latentbo.codecs.vocabulary import UnseenSymbolError, Vocabulary
from latentbo.kinds.base import Kind


class Bases:
    kind = "strands"
    vocabulary = Vocabulary(tuple("ACGT"))
    max_tokens = 10

    def canonical(self, raw):
        return [reading.object for reading in self.read(raw)]

    def read(self, raw):
        return [self._read(text) for text in raw]

    def write(self, tokens):
        return self.read(["".join(self.vocabulary.expand(row)) for row in tokens])

    def to_dict(self):
        return {"kind": self.kind}

    def _read(self, text):
        name = text.upper() if isinstance(text, str) else ""
        if not 0 < len(name) <= self.max_tokens:
            return Reading(None, reason="length")
        try:
            return Reading(name, tuple(self.vocabulary.tokenize(name)))
        except UnseenSymbolError:
            return Reading(None, reason="no_base")


DNA = Kind(name="strands", noun="strand", column="dna", expected="the letters A, C, G, T", codec=lambda card: Bases())
NONE = "no kind"


def guanines(strands):
    return [strand.count("G") + len(strand) / 100 for strand in strands]
'''
RECIPE = (
    "latent=4", "embedding=8", "encoder_hidden=16", "encoder_layers=1", "decoder_hidden=32", "epochs=150",
    "anneal_epochs=2", "learning_rate=0.01", "beta=0.01", "token_dropout=0.0", "bf16=false",
)  # fmt: skip
QUICK = "initial = 4\npool_rounds = 1\npool_size = 30\nseed = 5\n"
OWN = ("--kind", "dna.py:DNA")


@contextmanager
def own_kinds() -> Iterator[None]:
    """A kind that a command adds is known in its process: here, no longer than this lasts."""
    before = dict(KINDS)
    try:
        yield
    finally:
        KINDS.clear()
        KINDS.update(before)


@pytest.fixture(autouse=True)
def only_here() -> Iterator[None]:
    with own_kinds():
        yield


@pytest.fixture(scope="module")
def strands(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the script, a list of strands, and the model that `pretrain` makes of it."""
    folder = tmp_path_factory.mktemp("dna")
    (folder / "dna.py").write_text(SCRIPT)
    draw = random.Random(0)
    rows = {"".join(draw.choices("ACGT", k=draw.randint(3, 8))) for _ in range(80)}
    (folder / "dna.csv").write_text("\n".join(["dna", *sorted(rows)]) + "\n")
    with pytest.MonkeyPatch.context() as patch, own_kinds():
        patch.chdir(folder)
        words = [word for item in RECIPE for word in ("--set", item)]
        result = CliRunner().invoke(app, [*OWN, "pretrain", "dna.csv", "--out", "model", *words])
        assert result.exit_code == 0, result.stderr
        assert "Next: latentbo --kind dna.py:DNA run --model model ..." in result.stderr
    return folder


@pytest.fixture
def here(strands: Path, invoke: Invoke, monkeypatch: pytest.MonkeyPatch) -> Invoke:
    """Commands of the kind, among the script, the list and the model; what they write goes with the test."""
    for file in ("dna.py", "dna.csv", "model"):
        Path(file).symlink_to(strands / file)

    def run(*words: object, code: int = 0) -> Result:
        return invoke(*OWN, *words, code=code)

    return run


def test_the_model_is_one_of_the_kind(here: Invoke) -> None:
    drawn = here("sample", "-n", 5, "--seed", 1, "--model", "model").stdout.split()
    assert len(drawn) == 5
    assert set("".join(drawn)) <= set("ACGT")
    Path("two.csv").write_text("dna\nacg\nTTTU\n")
    encoded = here("encode", "two.csv", "--model", "model", "--out", "z.csv")
    assert "'TTTU': no_base" in encoded.stderr
    assert "z.csv: 1 strands, 1 left out" in encoded.stderr
    assert here("decode", "z.csv", "--model", "model").stdout.count("\n") == 1
    scored = here("score", "--objective", "dna.py:guanines", "two.csv").stdout
    assert scored.splitlines() == ["dna,value", "acg,0.03", "TTTU,0.04"]


def test_a_campaign_by_hand(here: Invoke, write: Write) -> None:
    start = write("start.csv", "dna,value\nGGA,2.0\nAAC,0.5\nACGU,3.0\nTTT,0.1\nGGG,3.1\nCGC,\n")
    begun = here(
        "init", "c.db", "--config", write("q.toml", QUICK), "--model", "model", "--start", start
    ).stderr
    assert "4 measured, 1 to be measured first, 1 rows left out" in begun
    assert "line 4: 'ACGU' cannot be used (no_base)" in begun
    assert "Next: latentbo --kind dna.py:DNA ask c.db" in begun
    here("ask", "c.db", "-n", 3, "--out", "asked.csv")
    asked = pd.read_csv("asked.csv")
    assert list(asked.columns)[:4] == ["id", "dna", "value", "reason"]
    assert asked["mean"].notna().all()
    asked.assign(value=[1.0, 2.5, None]).to_csv("asked.csv", index=False)
    assert "2 measured, 0 failed, 1 without a value yet" in here("tell", "c.db", "asked.csv").stderr
    assert "6 measured, 0 failed, 2 pending" in here("status", "c.db").stdout
    here("export", "c.db", "out.csv")
    assert {"GGA", "CGC"} < set(pd.read_csv("out.csv")["dna"])
    here("report", "c.db", "--out", "r.html")
    assert "GGG" in Path("r.html").read_text()


def test_a_run_goes_on_by_the_command_that_it_says(here: Invoke, write: Write, invoke: Invoke) -> None:
    file = write("q.toml", QUICK + 'model = "model"\nobjective = "dna.py:guanines"\nbatch = 4\n')
    result = here("run", file, "--budget", 8, "--out", "a")
    rows = pd.read_csv("a/results.csv")
    assert len(rows) == 8
    assert (rows["value"] == rows["dna"].str.count("G") + rows["dna"].str.len() / 100).all()
    assert "The best 8 strands" in result.stdout
    assert f"latentbo {' '.join(OWN)} run {file} --budget 8 --out a" in Path("a/report.html").read_text()
    KINDS.pop("strands")
    assert (
        "unknown kind of object 'strands'" in invoke("run", file, "--budget", 9, "--out", "a", code=2).stderr
    )
    assert len(pd.read_csv("a/results.csv")) == 8


def test_pages(here: Invoke, gauge: Gauge, write: Write) -> None:
    here("map", "dna.csv", "--model", "model", "--out", "m.html")
    assert "strands" in Path("m.html").read_text()
    here("path", "ACG", "GGT", "--model", "model", "--steps", 3, "--line", "--out", "p.html")
    assert "From ACG to GGT" in Path("p.html").read_text()


def test_a_kind_that_is_known_is_named_by_its_name(invoke: Invoke, write: Write) -> None:
    file = write("a.smi", "CCO\n")
    assert invoke("--kind", "molecules", "score", "--objective", "qed", file).stdout.startswith(
        "smiles,value"
    )
    assert "did you mean 'molecules'" in invoke("--kind", "molecule", "score", file, code=2).stderr


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ("none.py:DNA", "no file at none.py"),
        ("dna.py:DNS", "did you mean 'DNA'"),
        ("dna.py:NONE", "dna.py:NONE must be a latentbo.kinds.Kind, not str"),
    ],
)
@pytest.mark.usefixtures("here")
def test_mistakes_in_the_name_of_a_kind(spec: str, message: str, invoke: Invoke) -> None:
    result = invoke("--kind", spec, "status", "none.db", code=2)
    assert message in result.stderr
    assert result.stderr.count("\n") == 1


def test_images_are_told_by_the_file(invoke: Invoke) -> None:
    """The kind that reads a file itself is trained on it; what is named counts before."""
    np.save("grey.npy", np.zeros((4, 8, 8), dtype=np.uint8))
    too_few = invoke("pretrain", "grey.npy", "--out", "m", code=2).stderr
    assert "there are 4 images" in too_few
    named = invoke("--kind", "molecules", "pretrain", "grey.npy", "--out", "n", code=2).stderr
    assert "images" not in named


def test_a_start_file_may_be_one_that_the_kind_reads_itself(invoke: Invoke, tmp_path: Path) -> None:
    model = Path(__file__).parents[1] / "past_formats" / "v0_1" / "images"
    np.save("grey.npy", np.arange(128, dtype=np.uint8).reshape(2, 8, 8))
    begin = ("init", "c.db", "--model", model, "--start", "grey.npy")
    assert "leave --smiles-column" in invoke(*begin, "--value-column", "y", code=2).stderr
    assert not Path("c.db").exists()
    assert "0 measured, 2 to be measured first" in invoke(*begin).stderr
    assert "0 measured, 0 failed, 2 pending" in invoke("status", "c.db").stdout


@pytest.mark.parametrize("command", [("init", "m.db"), ("run", "--objective", "qed", "--out", "m")])
def test_a_kind_that_the_model_has_not_begins_nothing(
    command: tuple[str, ...], here: Invoke, tmp_path: Path
) -> None:
    result = here(*command, code=2)
    assert "is of molecules: give a --model of strands" in " ".join(result.stderr.split())
    assert not (tmp_path / "m.db").exists()
    assert not (tmp_path / "m" / "campaign.db").exists()
