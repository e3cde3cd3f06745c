"""The round-trip law, and a reason for everything that has no reading."""

from __future__ import annotations

import gzip
import random
import threading
from dataclasses import replace
from pathlib import Path

import pytest
import selfies
from hypothesis import given, settings
from hypothesis import strategies as st
from rdkit import Chem

from latentbo.codecs.base import Codec, Reading
from latentbo.codecs.molecules import (
    EMPTY,
    NO_ROUND_TRIP,
    NO_SELFIES,
    REASONS,
    TOO_LONG,
    TOO_MANY_ATOMS,
    UNPARSABLE,
    UNSEEN_TOKEN,
    MoleculeCodec,
    canonical,
    rewritten,
)
from latentbo.errors import InputError
from tests.conftest import MOLECULES

CODEC = MoleculeCodec.learn(MOLECULES, merges=12)
SALTED = MoleculeCodec.learn([*MOLECULES, "[Na+].CC(=O)[O-]", "C.CC"], merges=12, salts="keep")
ODD = ("C[CH2]", "CC1(C)CCCC(C)(C)N1[O]", "[2H]C", "[13CH4]", "C*", "[*]C", "C~C", "[OH3+]", "[Fe]", "[U]")

BAD: dict[object, str] = {
    None: EMPTY,
    float("nan"): EMPTY,
    "": EMPTY,
    " \t\n": EMPTY,
    "[H][H]": EMPTY,
    "[2H]": EMPTY,
    5: UNPARSABLE,
    1.5: UNPARSABLE,
    b"CCO": UNPARSABLE,
    ("CCO",): UNPARSABLE,
    "CC\nO": UNPARSABLE,
    "CC O": UNPARSABLE,
    "CC\x00O": UNPARSABLE,
    "CCO\u00a0C": UNPARSABLE,
    "Ω": UNPARSABLE,
    "C\ud800": UNPARSABLE,
    "[nop]": UNPARSABLE,
    "hello": UNPARSABLE,
    "C1CC": UNPARSABLE,
    "c1cccc1": UNPARSABLE,
    "C(C)(C)(C)(C)C": UNPARSABLE,
    "CC>>CO": UNPARSABLE,
    "C..C": UNPARSABLE,
    "C" * 2001: TOO_LONG,
    "CC(" * 5000: TOO_LONG,
    "C" * 2000: TOO_MANY_ATOMS,
    "*" * 1999: TOO_MANY_ATOMS,
    "C" * 101: TOO_MANY_ATOMS,
    "[Fe]": UNSEEN_TOKEN,
    "[13CH4]": UNSEEN_TOKEN,
    "[2H]C": UNSEEN_TOKEN,
    "*": NO_SELFIES,
    "C*": NO_SELFIES,
    "C~C": NO_SELFIES,
    "C$C": NO_SELFIES,
    "C->[Pt]": NO_SELFIES,
    "C:C": NO_ROUND_TRIP,
}


def law(codec: MoleculeCodec, reading: Reading) -> None:
    """What is read is written as it was, and reads back from either form."""
    assert reading.object is not None
    assert reading.reason is None
    assert 0 < len(reading.tokens) <= codec.max_tokens
    assert codec.write([reading.tokens]) == [reading]
    assert codec.read([reading.object]) == [reading]


def test_the_codec_keeps_its_protocol() -> None:
    assert isinstance(CODEC, Codec)


@pytest.mark.parametrize("text", MOLECULES)
def test_small_molecules_keep_the_law(text: str) -> None:
    law(CODEC, *CODEC.read([text]))


def test_real_molecules_keep_the_law(shared_data: Path) -> None:
    with gzip.open(shared_data / "zinc250k.smi.gz", "rt") as file:
        rows = random.Random(0).sample([line.strip() for line in file], 250)
    codec = MoleculeCodec.learn(rows[::2], merges=40)
    readings = codec.read(rows)
    kept = [reading for reading in readings if reading.ok]
    assert len(kept) >= 240  # the other half may hold a symbol this half lacks
    assert {reading.reason for reading in readings if not reading.ok} <= {UNSEEN_TOKEN, TOO_LONG}
    for text, reading in zip(rows, readings, strict=True):
        if reading.ok:
            law(codec, reading)
            assert Chem.MolToInchi(Chem.MolFromSmiles(text)) == Chem.MolToInchi(
                Chem.MolFromSmiles(reading.object)
            )


def test_equal_molecules_have_one_identity() -> None:
    for text in MOLECULES:
        molecule = Chem.MolFromSmiles(text)
        for seed in range(5):
            spelled = Chem.MolToRandomSmilesVect(molecule, 1, randomSeed=seed + 1)[0]
            assert canonical(spelled) == canonical(text)


token_rows = st.lists(st.integers(0, len(SALTED.vocabulary) + 2), max_size=60)


@given(token_rows, st.sampled_from([CODEC, SALTED]))
@settings(max_examples=250, deadline=None)
def test_any_token_row_is_written_or_refused(row: list[int], codec: MoleculeCodec) -> None:
    (written,) = codec.write([row])
    if written.ok:
        law(codec, written)
    else:
        assert written.reason in REASONS
        assert written.tokens == ()


@given(st.lists(st.sampled_from(range(3, len(CODEC.vocabulary))), min_size=1, max_size=25))
@settings(max_examples=200, deadline=None)
def test_canonical_is_a_fixed_point_of_what_tokens_spell(row: list[int]) -> None:
    (written,) = CODEC.write([row])
    if written.object is not None:
        assert canonical(written.object) == (written.object, None)


@given(st.text(max_size=30) | st.text(alphabet="CNOScn()[]=#@+-/\\12.%*H", max_size=12))
@settings(max_examples=300, deadline=None)
def test_any_string_has_a_fixed_point_or_a_reason(text: str) -> None:
    smiles, reason = canonical(text)
    assert (smiles is None) != (reason is None)
    if smiles is not None:
        assert canonical(smiles) == (smiles, None)


@pytest.mark.parametrize(("bad", "reason"), BAD.items(), ids=lambda case: repr(case)[:20])
def test_each_bad_row_has_its_reason(bad: object, reason: str) -> None:
    assert CODEC.read([bad]) == [Reading(None, reason=reason)]


def test_every_reason_has_an_example() -> None:
    assert set(BAD.values()) == set(REASONS)


def test_a_batch_with_bad_rows_has_as_many_rows() -> None:
    mixed: list[object] = [*MOLECULES, *BAD, *ODD, [1], {}, object(), "\ud800", "\x1c", "🙂"]
    batch = [mixed[i % len(mixed)] for i in range(1_000)]
    readings = CODEC.read(batch)
    assert len(readings) == 1_000
    assert all(reading.ok or reading.reason in REASONS for reading in readings)
    expected = dict(zip(map(id, mixed), CODEC.read(mixed), strict=True))
    assert readings == [expected[id(row)] for row in batch], "a row depends on its neighbours"


def test_writing_refuses_with_reasons() -> None:
    carbon = CODEC.vocabulary.tokenize(["[C]"])
    assert CODEC.write([]) == []
    reasons = [
        reading.reason for reading in CODEC.write([[], [0, 1], [2, *carbon], [-1], [10**6], carbon * 5000])
    ]
    assert reasons == [EMPTY, EMPTY, EMPTY, UNSEEN_TOKEN, UNSEEN_TOKEN, TOO_LONG]
    assert CODEC.write([carbon * 150])[0].reason == TOO_MANY_ATOMS


def test_what_is_written_again_is_canonical_or_empty() -> None:
    assert rewritten("C1=CC=CC=C1O") == "Oc1ccccc1"
    assert rewritten("Oc1ccccc1") == "Oc1ccccc1"
    assert rewritten("C1CC") == ""


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("F/C=C/F", "F/C=C\\F"),
        ("C/C(F)=C/C", "C/C(F)=C\\C"),
        ("C[C@H](N)C(=O)O", "C[C@@H](N)C(=O)O"),
        ("C[C@H]1CC[C@H](O)CC1", "C[C@H]1CC[C@@H](O)CC1"),
    ],
)
def test_stereochemistry_is_kept(one: str, other: str) -> None:
    codec = MoleculeCodec.learn([one, other], merges=0)
    readings = codec.read([one, other])
    assert readings[0].object != readings[1].object
    for text, reading in zip((one, other), readings, strict=True):
        law(codec, reading)
        assert Chem.MolToInchi(Chem.MolFromSmiles(text)) == Chem.MolToInchi(
            Chem.MolFromSmiles(reading.object)
        )


def test_salts_are_stripped_to_the_largest_fragment() -> None:
    assert CODEC.read(["[Na+].CC(=O)O.CCCCO"])[0].object == "CCCCO"
    assert canonical("CC(=O)[O-].[Na+]") == ("CC(=O)[O-]", None)
    assert canonical("CCO.CCN") == canonical("CCN.CCO") == ("CCN", None), "a tie went by the spelling"
    assert canonical("C" * 101 + ".C") == (None, TOO_MANY_ATOMS)


def test_salts_are_kept_on_request() -> None:
    (reading,) = SALTED.read(["[Na+].CC(=O)[O-]"])
    assert reading.object == "CC(=O)[O-].[Na+]"
    law(SALTED, reading)
    assert SALTED.read(["CC.C"])[0].object == "C.CC"


@pytest.mark.usefixtures("unchecked")
def test_an_unknown_way_with_salts_is_refused() -> None:
    with pytest.raises(InputError, match="'strip' or 'keep'"):
        MoleculeCodec.from_dict(CODEC.to_dict() | {"salts": "drop"})


def test_atom_maps_are_not_part_of_the_molecule() -> None:
    assert canonical("[CH3:1][OH:2]") == ("CO", None)
    assert canonical("[CH3:7][C@H:1]([NH2:2])[C:3](=[O:4])[OH:5]") == canonical("C[C@H](N)C(=O)O")


@pytest.mark.parametrize("radical", ["C[CH2]", "CC1(C)CCCC(C)(C)N1[O]", "[CH2]"])
def test_a_radical_is_refused_and_never_filled_up(radical: str) -> None:
    """Writing fills open bonds with hydrogen, so that a radical could only come back as something else."""
    codec = MoleculeCodec.from_selfies([selfies.encoder(radical)])  # which knows all its symbols
    assert codec.read([radical]) == [Reading(None, reason=NO_ROUND_TRIP)]


def test_what_a_derivation_leaves_open_is_filled_with_hydrogen() -> None:
    tokens = CODEC.vocabulary.tokenize(["[C@H1]", "[C]"])
    assert CODEC.write([tokens])[0].object == "CC"


def test_a_row_longer_than_the_model_writes_is_too_long() -> None:
    (reading,) = CODEC.read(["CC(=O)Nc1ccccc1"])
    for room, expected in ((0, reading), (-1, Reading(None, reason=TOO_LONG))):
        narrow = replace(CODEC, max_tokens=len(reading.tokens) + room)
        assert narrow.read(["CC(=O)Nc1ccccc1"]) == [expected]
        assert narrow.write([reading.tokens]) == [expected]


def test_larger_molecules_need_only_a_larger_cap() -> None:
    chain = "C" * 120
    assert MoleculeCodec.learn(["CC", chain], merges=0).read([chain])[0].reason == TOO_MANY_ATOMS
    codec = MoleculeCodec.learn([chain], merges=0, max_atoms=150)
    law(codec, *codec.read([chain]))


def test_a_thread_with_a_small_stack_survives_huge_chains() -> None:
    readings: list[Reading] = []
    huge = [
        "C" * 2000,
        "C" + "*" * 1999,
        "[C@H](F)" * 240,
        "C1CC1" * 390,
        "F" + "/C=C" * 490,
        ".".join("C" * 1000),
    ]
    before = threading.stack_size(512 * 1024)
    try:
        thread = threading.Thread(target=lambda: readings.extend(CODEC.read(huge)))
        thread.start()
        thread.join()
    finally:
        threading.stack_size(before)
    assert [reading.reason for reading in readings[:5]] == [TOO_MANY_ATOMS] * 5
    assert readings[5].object == "C"


def test_the_codec_of_nothing_is_refused() -> None:
    with pytest.raises(InputError, match="one SMILES a line"):
        MoleculeCodec.learn(["hello", None, ""])


def test_learning_leaves_out_what_cannot_be_read() -> None:
    assert MoleculeCodec.learn(["CCO", "hello", None, "CCN"]) == MoleculeCodec.learn(["CCO", "CCN"])


def test_the_description_is_the_codec() -> None:
    for codec in (CODEC, SALTED):
        assert MoleculeCodec.from_dict(codec.to_dict()) == codec
