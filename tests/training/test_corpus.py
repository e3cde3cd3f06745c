from __future__ import annotations

import gzip
import hashlib
from pathlib import Path

import numpy as np
import pytest
import torch

from latentbo.chemistry.descriptors import TargetScale, morgan_counts, properties
from latentbo.data.files import content_sha256
from latentbo.errors import InputError
from latentbo.training import corpus_reader
from latentbo.training.corpus import MEANING, TENSORS, Corpus
from latentbo.training.corpus_reader import canonical_objects, read_corpus

# Held out with every = 4: lines 0, 4 and 8. Silicon is in line 8 only, which the codec never learns from.
LINES = (
    "OCC", "c1ccccc1O", "C1CC", "CC(=O)O", "NCC", "not_a_molecule", "CCCl", "C[C@H](N)C(=O)O",
    "C[SiH3]", "CCO.Cl",
)  # fmt: skip
KEPT = (0, 1, 3, 4, 6, 7, 9)


@pytest.fixture
def smi(tmp_path: Path) -> Path:
    file = tmp_path / "few.smi"
    file.write_text("\n".join(LINES) + "\n")
    return file


def read(file: Path, **options: object) -> Corpus:
    return read_corpus(file, **{"merges": 2, "held_out_every": 4, **options})


def same(a: Corpus, b: Corpus) -> bool:
    tensors = ("lines", "tokens", "properties", "counts")
    return all(torch.equal(getattr(a, name), getattr(b, name)) for name in tensors) and all(
        getattr(a, name) == getattr(b, name)
        for name in ("codec", "objects", "name", "sha256", "total", "refused")
    )


def test_every_line_is_a_row_or_a_reason(smi: Path) -> None:
    corpus = read(smi)
    assert corpus.lines.tolist() == list(KEPT)
    assert corpus.refused == {"unparsable": 2, "unseen_token": 1}
    assert corpus.total == len(LINES)
    assert corpus.objects[0] == "CCO"
    assert corpus.held_out.tolist() == [True, False, False, True, False, False, False]


def test_rows_are_what_the_codec_reads(smi: Path) -> None:
    corpus = read(smi)
    everything = torch.ones(len(corpus), dtype=torch.bool)
    assert corpus.readings(everything) == corpus.codec.read([LINES[i] for i in KEPT])
    np.testing.assert_array_equal(corpus.properties, properties(corpus.objects))
    np.testing.assert_array_equal(corpus.counts, morgan_counts(corpus.objects, radius=2, size=1024))


def test_the_codec_is_learnt_on_training_lines(smi: Path, tmp_path: Path) -> None:
    codec = read(smi).codec
    assert "[SiH3]" not in codec.vocabulary.symbols
    assert len(codec.vocabulary.merges) == 2
    assert len(read(smi, merges=1).codec.vocabulary.merges) == 1
    alone = tmp_path / "training.smi"
    alone.write_text("\n".join(["C[SiH3]", *(LINES[i] for i in KEPT if i % 4)]))
    assert read(alone, held_out_every=100).codec == codec


def test_chunks_do_not_matter(smi: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = read(smi)
    monkeypatch.setattr(corpus_reader, "CHUNK", 3)
    seen: list[tuple[int, int]] = []
    assert same(read(smi, progress=lambda done, total: seen.append((done, total))), whole)
    assert seen == [(3, 10), (6, 10), (9, 10), (10, 10)]


def test_two_processes_read_the_same(smi: Path) -> None:
    assert same(read(smi, workers=2), read(smi))


def test_other_kinds_of_file(smi: Path, tmp_path: Path) -> None:
    packed, table = tmp_path / "few.smi.gz", tmp_path / "few.csv"
    packed.write_bytes(gzip.compress(smi.read_bytes()))
    table.write_text("smiles,id\n" + "\n".join(f"{line},{i}" for i, line in enumerate(LINES)))
    plain = read(smi)
    assert plain.sha256 == read(packed).sha256 == hashlib.sha256(smi.read_bytes()).hexdigest()
    assert plain.sha256 != content_sha256(table)
    assert plain.objects == read(packed).objects == read(table).objects


def test_a_copy_spares_the_reading(smi: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "copy"
    first = read(smi, folder=folder)
    monkeypatch.setattr(corpus_reader, "_read", lambda *_: pytest.fail("read again"))
    assert same(read(smi, folder=folder), first)


@pytest.mark.parametrize("change", ["file", "merges", "split", "tensors", "meaning", "half"])
def test_a_copy_of_something_else_or_a_damaged_one_is_read_anew(
    smi: Path, tmp_path: Path, change: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "copy"
    read(smi, folder=folder)
    options: dict[str, object] = {}
    if change == "file":
        smi.write_text(smi.read_text() + "CCCC\n")
    elif change == "merges":
        options["merges"] = 3
    elif change == "split":
        options["held_out_every"] = 3
    elif change == "tensors":
        content = bytearray((folder / TENSORS).read_bytes())
        content[-1] ^= 1
        (folder / TENSORS).write_bytes(content)
    elif change == "meaning":
        (folder / MEANING).write_text("{")
    else:
        (folder / MEANING).unlink()
    again = read(smi, folder=folder, **options)
    assert same(again, read(smi, **options))
    monkeypatch.setattr(corpus_reader, "_read", lambda *_: pytest.fail("the new copy was not kept"))
    assert same(read(smi, folder=folder, **options), again)


def test_sets_keep_lines_and_targets_together(smi: Path) -> None:
    corpus = read(smi)
    train, held_out = corpus.token_sets()
    assert len(train) == 5
    assert len(held_out) == 2
    assert train.targets.dtype == torch.float16
    known, counts = corpus.properties.numpy(), corpus.counts.numpy()
    targets = TargetScale.of(known, counts).targets(known, counts)
    np.testing.assert_array_equal(held_out.targets, targets[[0, 3]])
    np.testing.assert_array_equal(train.tokens, corpus.tokens[[1, 2, 4, 5, 6]])
    assert train.batch(torch.tensor([0])).tokens[0].tolist() == list(
        corpus.codec.read(["c1ccccc1O"])[0].tokens
    )


def test_canonical_objects_keep_their_places() -> None:
    assert canonical_objects(LINES[:3]) == ["CCO", "Oc1ccccc1", None]


@pytest.mark.parametrize("content", ["", "C1CC\n", None])
def test_nothing_to_read_is_an_error(tmp_path: Path, content: str | None) -> None:
    file = tmp_path / "bad.smi"
    if content is not None:
        file.write_text(content)
    with pytest.raises(InputError):
        read(file)
