"""Objects of any kind to a model: which way a kind is trained, and that the general way needs its codec alone."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from latentbo.codecs.base import Reading
from latentbo.codecs.image_files import write_images
from latentbo.codecs.images import image_name
from latentbo.codecs.vocabulary import UnseenSymbolError, Vocabulary
from latentbo.errors import InputError
from latentbo.kinds.base import Kind
from latentbo.kinds.cards import read_card
from latentbo.kinds.known import find_kind
from latentbo.models.pretrained import load_model
from latentbo.training.images import ImageRecipe
from latentbo.training.makers import kind_of_file, maker_of
from latentbo.training.objects import ObjectRecipe, make_object_model
from latentbo.training.pretrain import Recipe


class Bases:
    """Four symbols, at most six of them."""

    kind = "strands"
    vocabulary = Vocabulary(tuple("ACGT"))
    max_tokens = 6

    def canonical(self, raw: Sequence[object]) -> list[str | None]:
        return [reading.object for reading in self.read(raw)]

    def read(self, raw: Sequence[object]) -> list[Reading]:
        return [self._read(str(text).upper()) for text in raw]

    def write(self, tokens: Sequence[Sequence[int]]) -> list[Reading]:
        return self.read(["".join(self.vocabulary.expand(row)) for row in tokens])

    def to_dict(self) -> dict[str, Any]:
        return {"kind": self.kind}

    def _read(self, name: str) -> Reading:
        try:
            tokens = tuple(self.vocabulary.tokenize(name))
        except UnseenSymbolError:
            return Reading(None, reason="no_base")
        return Reading(name, tokens) if 0 < len(name) <= self.max_tokens else Reading(None, reason="length")


STRANDS = Kind(
    name="strands", noun="strand", column="dna", expected="the letters A, C, G, T", codec=lambda card: Bases()
)
ROWS = ["".join(letters) for letters in itertools.product("ACGT", repeat=3)]
SMALL = ObjectRecipe(
    latent=4, embedding=8, encoder_hidden=16, encoder_layers=1, decoder_hidden=32, epochs=100, batch_size=32,
    learning_rate=1e-2, beta=0.01, token_dropout=0.0, bf16=False,
)  # fmt: skip


def table(folder: Path, rows: Sequence[str]) -> Path:
    file = folder / "dna.csv"
    file.write_text("\n".join(["dna", *rows]) + "\n")
    return file


def test_each_kind_has_its_way_and_another_has_the_general_one() -> None:
    recipes = {name: maker_of(find_kind(name)).recipe for name in ("molecules", "images")}
    assert recipes == {"molecules": Recipe, "images": ImageRecipe}
    assert maker_of(STRANDS).recipe is ObjectRecipe


def test_a_kind_reads_its_own_files(tmp_path: Path) -> None:
    levels = np.zeros((2, 4, 4), dtype=np.uint8)
    np.save(tmp_path / "a.npy", levels)
    write_images([image_name(each) for each in levels], [tmp_path / "a.png", tmp_path / "b.png"])
    for file in (tmp_path, tmp_path / "a.npy"):
        assert kind_of_file(file) is find_kind("images")
    assert kind_of_file(table(tmp_path, ROWS)) is None
    assert kind_of_file(tmp_path / "none.smi") is None


def test_a_model_of_a_kind_that_has_a_codec_alone(tmp_path: Path) -> None:
    heard = []
    made = make_object_model(
        table(tmp_path, [*ROWS, "aaa"]),
        tmp_path / "m",
        STRANDS,
        SMALL,
        listener=lambda stage, done, total, note: heard.append(stage),
    )
    back = made.decode(made.embed(made.codec.read(ROWS)))
    assert sum(reading.object == row for reading, row in zip(back, ROWS, strict=True)) > 40
    assert "main" in heard
    assert set(read_card(tmp_path / "m")["training"]) == {"main", "anneal"}
    assert made.kind is STRANDS
    assert load_model(tmp_path / "m", kind=STRANDS).id == made.id
    assert (
        make_object_model(tmp_path / "dna.csv", tmp_path / "m", STRANDS, SMALL).id == made.id
    )  # found there
    with pytest.raises(InputError, match=r"holds another run .*latent 4 there, 5 here"):
        make_object_model(tmp_path / "dna.csv", tmp_path / "m", STRANDS, replace(SMALL, latent=5))


@pytest.mark.parametrize(
    ("kind", "rows", "message"),
    [
        (STRANDS, [*ROWS, "ACU"], r"line 66: 'ACU' cannot be used \(no_base\): write it as the letters A"),
        (STRANDS, ROWS[:19], "19 different strands, but at least 20 are needed"),
        (replace(STRANDS, codec=lambda card: card["merges"]), ROWS, "cannot be made of its name alone"),
        (replace(STRANDS, network="image"), ROWS, "only sequences are trained here"),
    ],
)
def test_what_cannot_be_trained(kind: Kind, rows: list[str], message: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=message):
        make_object_model(table(tmp_path, rows), tmp_path / "m", kind, SMALL)
    assert not (tmp_path / "m").exists()


def test_a_recipe_has_what_is_about_any_kind() -> None:
    assert ObjectRecipe.from_dict({"epochs": 3}).whole() == Recipe(
        epochs=3, merges=0, recombined=0, property_weight=0.0
    )
    for data, message in (({"merges": 3}, "unknown recipe key 'merges'"), ({"latent": 0}, "at least 1")):
        with pytest.raises(InputError, match=message):
            ObjectRecipe.from_dict(data)
