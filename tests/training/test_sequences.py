"""Objects in memory to a model: any codec of sequences will do."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
import torch

from latentbo.codecs.base import Reading
from latentbo.codecs.vocabulary import Vocabulary
from latentbo.errors import InputError
from latentbo.kinds.base import Kind
from latentbo.training.pretrain import Recipe
from latentbo.training.sequences import train_sequences


class Bits:
    """Noughts and ones, at most six; O is read as a nought."""

    kind = "bits"
    vocabulary = Vocabulary(("0", "1"))

    def __init__(self, max_tokens: int = 6) -> None:
        self.max_tokens = max_tokens

    def canonical(self, raw: Sequence[object]) -> list[str | None]:
        return [reading.object for reading in self.read(raw)]

    def read(self, raw: Sequence[object]) -> list[Reading]:
        return [self._read(str(text).replace("O", "0")) for text in raw]

    def write(self, tokens: Sequence[Sequence[int]]) -> list[Reading]:
        return self.read(["".join(self.vocabulary.expand(row)) for row in tokens])

    def to_dict(self) -> dict[str, Any]:
        return {"kind": self.kind}

    def _read(self, name: str) -> Reading:
        if not 0 < len(name) <= 6 or set(name) - set("01"):
            return Reading(None, reason="no_bits")
        return Reading(name, tuple(self.vocabulary.tokenize(name)))


ROWS = ["".join(row) for row in itertools.product("01", repeat=5)]
SMALL = Recipe(
    latent=4, embedding=8, encoder_hidden=16, encoder_layers=1, decoder_hidden=32, epochs=80, batch_size=8,
    learning_rate=1e-2, beta=0.01, token_dropout=0.0, bf16=False,
)  # fmt: skip


def ones(objects: Sequence[str]) -> np.ndarray:
    return np.array([[name.count("1")] for name in objects], dtype=float).reshape(-1, 1)


BITS = Kind(
    name="bits", noun="word", column="word", expected="0 and 1", codec=lambda card: Bits(), structure=ones
)


def test_a_model_rebuilds_its_objects_and_draws_such() -> None:
    model, report = train_sequences(ROWS, Bits(), SMALL)
    assert report.stopped == "finished"
    assert report.held_out[-1] < report.held_out[0]
    back = model.decode(model.embed(model.codec.read(ROWS)))
    assert sum(a == b.object for a, b in zip(ROWS, back, strict=True)) >= 16  # of 32; by chance one
    assert all(reading.ok for reading in model.sample(10, torch.Generator().manual_seed(0)))
    assert (model.kind.name, model.kind.column) == ("bits", "object")
    assert model.structure is None


def test_each_object_counts_once_and_a_kind_brings_its_features() -> None:
    short = Recipe(
        latent=2, embedding=4, encoder_hidden=4, encoder_layers=1, decoder_hidden=4, epochs=1, bf16=False
    )
    model, _ = train_sequences([*ROWS, *(row.replace("0", "O") for row in ROWS)], Bits(), short, kind=BITS)
    assert len(model.prior.exemplars) == 30  # type: ignore[attr-defined]  # of 32, two are held out
    assert model.kind is BITS
    assert model.structure is ones
    again, _ = train_sequences(ROWS, Bits(), short, kind=BITS)
    assert again.id == model.id


@pytest.mark.parametrize(
    ("rows", "codec", "message"),
    [
        ([*ROWS, "012"], Bits(), "'012' cannot be read .no_bits.: correct it, or leave it out"),
        ([*ROWS, ""], Bits(), "'' cannot be read"),
        (ROWS[:19], Bits(), "19 different objects, but at least 20"),
        (ROWS, Bits(4), "'00000' has 5 tokens, but the codec says 1 to 4: correct its max_tokens"),
    ],
)
def test_what_cannot_be_trained_on_is_refused(rows: list[str], codec: Bits, message: str) -> None:
    with pytest.raises(InputError, match=message):
        train_sequences(rows, codec, SMALL)


def test_one_text_is_no_list() -> None:
    with pytest.raises(InputError, match="write \\['0101'\\]"):
        train_sequences("0101", Bits(), SMALL)
