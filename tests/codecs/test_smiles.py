"""The round-trip law of both orders, and a reason for everything that has no reading."""

from __future__ import annotations

import gzip
import random
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rdkit import Chem

from latentbo.codecs.base import Codec, Reading, is_robust
from latentbo.codecs.fragments import in_fragments
from latentbo.codecs.molecules import (
    EMPTY,
    TOO_LONG,
    TOO_MANY_ATOMS,
    UNPARSABLE,
    UNSEEN_TOKEN,
    MoleculeCodec,
    canonical,
)
from latentbo.codecs.smiles import Order, SmilesCodec, spell, symbols_of
from latentbo.errors import InputError
from tests.conftest import MOLECULES

REASONS = {EMPTY, TOO_LONG, TOO_MANY_ATOMS, UNPARSABLE, UNSEEN_TOKEN}
HARD = {
    "stereo": "N#Cc1ccc(-c2ccc(O[C@@H](C(=O)N3CCCC3)c3ccccc3)cc2)cc1",
    "double bond": "F/C=C\\C(=O)Nc1ccccc1",
    "charges": "C[NH+]1CCN(C(=O)c2ccc([N+](=O)[O-])cc2)CC1",
    "two letters": "Clc1ccc(Br)cc1C(=O)NCCBr",
    "rings above nine": "O=C(CC12C3C4C5C6C7C8C9C%10C%11C%12C%13C%14C8C4C4C9C8C9C%13C%"
    "14C(C%12%10)C%10C(C%117)C7C(C85)C(C9C(C6C43)C%101)C72)Nc1ccccc1",
    "no cut": "C1CCCCC1",
    "isotope": "[2H]C([2H])([2H])NC(=O)c1ccccc1",
}
ORDERS: tuple[Order, ...] = ("canonical", "fragments")
CODECS = {order: SmilesCodec.learn([*MOLECULES, *HARD.values()], order=order, merges=40) for order in ORDERS}
SALTED = SmilesCodec.learn([*MOLECULES, "[Na+].CC(=O)[O-]"], order="fragments", merges=12, salts="keep")

BAD: dict[object, str] = {
    None: EMPTY,
    float("nan"): EMPTY,
    "": EMPTY,
    " \t\n": EMPTY,
    "[H][H]": EMPTY,
    5: UNPARSABLE,
    b"CCO": UNPARSABLE,
    "CC\nO": UNPARSABLE,
    "C\ud800": UNPARSABLE,
    "hello": UNPARSABLE,
    "C1CC": UNPARSABLE,
    # Read as a whole, and not in pieces.
    "CN%10.c1%10ccc%10cc1[N+](=O)[O-].C%10%10.[NH+]%10%10C.[C@H]%10%10C.c1%10ccc(/C=C2/[NH+]=c2=O)cc1": UNPARSABLE,
    "C%10C.C": UNPARSABLE,
    "C(C)(C)(C)(C)C": UNPARSABLE,
    "C" * 2001: TOO_LONG,
    "C" * 101: TOO_MANY_ATOMS,
    "[Fe]": UNSEEN_TOKEN,
    "C*": UNSEEN_TOKEN,
}


def law(codec: SmilesCodec, reading: Reading) -> None:
    """What is read is written as it was, and reads back from either form."""
    assert reading.object is not None
    assert reading.reason is None
    assert 0 < len(reading.tokens) <= codec.max_tokens
    assert codec.write([reading.tokens]) == [reading]
    assert codec.read([reading.object]) == [reading]


@pytest.fixture(params=ORDERS)
def codec(request: pytest.FixtureRequest) -> SmilesCodec:
    return CODECS[request.param]


def test_the_codec_keeps_its_protocol(codec: SmilesCodec) -> None:
    assert isinstance(codec, Codec)
    assert codec.kind == "molecules"
    assert not is_robust(codec)


@pytest.mark.parametrize("text", [*MOLECULES, *HARD.values()])
def test_molecules_keep_the_law(codec: SmilesCodec, text: str) -> None:
    (reading,) = codec.read([text])
    law(codec, reading)
    assert reading.object == canonical(text)[0]


def test_the_orders_differ_in_their_tokens_alone() -> None:
    a, b = (CODECS[order].read([HARD["stereo"]])[0] for order in ORDERS)
    assert a.object == b.object
    expanded = [
        "".join(CODECS[order].vocabulary.expand(r.tokens)) for order, r in zip(ORDERS, (a, b), strict=True)
    ]
    assert expanded == [a.object, in_fragments(a.object or "")]
    assert "." in expanded[1]


@pytest.mark.parametrize("order", ORDERS)
def test_real_molecules_keep_the_law(shared_data: Path, order: Order) -> None:
    with gzip.open(shared_data / "zinc250k.smi.gz", "rt") as file:
        rows = random.Random(0).sample([line.strip() for line in file], 250)
    codec = SmilesCodec.learn(rows[::2], order=order, merges=100)
    readings = codec.read(rows)
    assert sum(reading.ok for reading in readings) >= 240
    for text, reading in zip(rows, readings, strict=True):
        if reading.object is not None:
            law(codec, reading)
            assert Chem.MolToInchi(Chem.MolFromSmiles(text)) == Chem.MolToInchi(
                Chem.MolFromSmiles(reading.object)
            )
        else:
            assert reading.reason in (UNSEEN_TOKEN, TOO_LONG)


def test_equal_molecules_have_one_identity_whatever_the_codec(codec: SmilesCodec) -> None:
    selfies = MoleculeCodec.learn(MOLECULES, merges=0)
    for text in MOLECULES:
        spelled = Chem.MolToRandomSmilesVect(Chem.MolFromSmiles(text), 3, randomSeed=1)
        assert len({*codec.canonical([text, *spelled]), *selfies.canonical([text])}) == 1


@pytest.mark.parametrize(("bad", "reason"), BAD.items(), ids=lambda case: repr(case)[:20])
def test_each_bad_row_has_its_reason(codec: SmilesCodec, bad: object, reason: str) -> None:
    assert codec.read([bad]) == [Reading(None, reason=reason)]


def test_every_reason_has_an_example() -> None:
    assert set(BAD.values()) == REASONS


@given(
    st.lists(st.integers(-1, len(SALTED.vocabulary) + 2), max_size=60),
    st.sampled_from([*CODECS.values(), SALTED]),
)
@settings(max_examples=300, deadline=None)
def test_any_token_row_is_written_or_refused(row: list[int], codec: SmilesCodec) -> None:
    (written,) = codec.write([row])
    if written.ok:
        law(codec, written)
    else:
        assert written.reason in REASONS
        assert written.tokens == ()


@given(
    st.text(max_size=30) | st.text(alphabet="CNOScn()[]=#@+-/\\12.%*H", max_size=14),
    st.sampled_from([*CODECS.values(), SALTED]),
)
@settings(max_examples=300, deadline=None)
def test_any_text_is_read_or_refused(text: str, codec: SmilesCodec) -> None:
    (reading,) = codec.read([text])
    if reading.ok:
        law(codec, reading)
    else:
        assert reading.reason in REASONS


@given(st.text(alphabet="CNOcn1234()=.[]*", max_size=20))
@settings(max_examples=200, deadline=None)
def test_every_spelling_reads_back_as_its_molecule(text: str) -> None:
    smiles, _ = canonical(text, strip_salts=False)
    if smiles is not None:
        assert canonical(spell(smiles, "fragments"), strip_salts=False) == (smiles, None)


def test_symbols_are_atoms_bonds_and_numbers() -> None:
    assert symbols_of("Cl[C@@H]1C%10=c(Br)\\n.[nH]") == [
        "Cl", "[C@@H]", "1", "C", "%10", "=", "c", "(", "Br", ")", "\\", "n", ".", "[nH]",
    ]  # fmt: skip


def test_salts_are_stripped_or_kept(codec: SmilesCodec) -> None:
    assert codec.read(["[Na+].CC(=O)O.CCCCO"])[0].object == "CCCCO"
    (reading,) = SALTED.read(["[Na+].CC(=O)[O-]"])
    assert reading.object == "CC(=O)[O-].[Na+]"
    law(SALTED, reading)


def test_a_row_longer_than_the_model_writes_is_too_long(codec: SmilesCodec) -> None:
    (reading,) = codec.read(["CC(=O)Nc1ccccc1"])
    narrow = replace(codec, max_tokens=len(reading.tokens) - 1)
    assert (
        narrow.read(["CC(=O)Nc1ccccc1"]) == narrow.write([reading.tokens]) == [Reading(None, reason=TOO_LONG)]
    )


def test_learning_leaves_out_what_cannot_be_read() -> None:
    assert SmilesCodec.learn(["CCO", "hello", None, "CCN"]) == SmilesCodec.learn(["CCO", "CCN"])
    with pytest.raises(InputError, match="one SMILES a line"):
        SmilesCodec.learn(["hello", None, ""])


@pytest.mark.usefixtures("unchecked")
def test_unknown_words_are_refused(codec: SmilesCodec) -> None:
    with pytest.raises(InputError, match="did you mean 'canonical'"):
        SmilesCodec.from_dict(codec.to_dict() | {"order": "canonicals"})
    with pytest.raises(InputError, match="'strip' or 'keep'"):
        SmilesCodec.from_dict(codec.to_dict() | {"salts": "drop"})


def test_the_description_is_the_codec() -> None:
    for codec in (*CODECS.values(), SALTED):
        assert SmilesCodec.from_dict(codec.to_dict()) == codec
