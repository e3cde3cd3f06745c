from __future__ import annotations

from typing import get_args

import pytest

from latentbo.codecs.molecules import MoleculeCodec, canonical
from latentbo.codecs.smiles import SmilesCodec
from latentbo.codecs.spellings import SPELLINGS, molecule_codec
from latentbo.codecs.vocabulary import SpellingName
from latentbo.kinds.known import find_kind
from tests.conftest import MOLECULES

TEXT = "CC(=O)Nc1ccccc1"


def test_every_name_is_a_spelling() -> None:
    assert tuple(SPELLINGS) == get_args(SpellingName)


@pytest.mark.parametrize("name", SPELLINGS)
def test_a_codec_learnt_on_spellings_is_that_of_the_molecules(name: SpellingName) -> None:
    spelling = SPELLINGS[name]
    spelled = [spelling.spell(str(canonical(text)[0]), 100)[0] or "" for text in MOLECULES]
    codec = spelling.learn(spelled, merges=20)
    (reading,) = codec.read([TEXT])
    symbols = spelling.symbols(str(spelling.spell(TEXT, 100)[0]))
    assert list(reading.tokens) == codec.vocabulary.tokenize(symbols)
    assert codec.write([reading.tokens]) == [reading]
    assert molecule_codec(codec.to_dict()) == codec
    assert find_kind("molecules").codec(codec.to_dict()) == codec
    orders = {"smiles": "canonical", "fragments": "fragments"}
    if name == "selfies":
        assert codec == MoleculeCodec.learn(MOLECULES, merges=20)
    else:
        assert codec == SmilesCodec.learn(MOLECULES, merges=20, order=orders[name])  # type: ignore[arg-type]


def test_a_card_that_names_no_spelling_is_of_selfies() -> None:
    """As every card of version 0.1."""
    codec = MoleculeCodec.learn(MOLECULES, merges=3)
    assert "spelling" not in codec.to_dict()
    assert (
        molecule_codec(codec.to_dict()) == molecule_codec(codec.to_dict() | {"spelling": "selfies"}) == codec
    )


def test_an_unknown_spelling_is_refused() -> None:
    with pytest.raises(KeyError, match="inchi"):
        molecule_codec(MoleculeCodec.learn(MOLECULES, merges=3).to_dict() | {"spelling": "inchi"})
