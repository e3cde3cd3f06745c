"""Images: an image's name is its pixels, whoever wrote the file."""

from __future__ import annotations

import base64
import struct
import zlib
from io import BytesIO

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from latentbo.codecs.base import Codec, brief
from latentbo.codecs.images import (
    EMPTY,
    LARGEST,
    PREFIX,
    UNREADABLE,
    UNSEEN_TOKEN,
    WRONG_SIZE,
    ImageCodec,
    image_name,
    image_pixels,
)
from latentbo.codecs.vocabulary import END, PAD, SPECIAL
from latentbo.errors import InputError


def some(height: int = 5, width: int = 7, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (height, width)).astype(np.uint8)


def uri(image: Image.Image, **options: object) -> str:
    """As somebody else would write it."""
    out = BytesIO()
    image.save(out, format="PNG", **options)
    return PREFIX + base64.b64encode(out.getvalue()).decode()


def test_it_is_a_codec() -> None:
    assert isinstance(ImageCodec(2, 3), Codec)
    assert len(ImageCodec(2, 3).vocabulary) == SPECIAL + 256
    assert ImageCodec(2, 3).max_tokens == 6


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 40), st.integers(1, 40), st.integers(0, 10))
def test_names_and_pixels_are_the_same_thing(height: int, width: int, seed: int) -> None:
    pixels = some(height, width, seed)
    name = image_name(pixels)
    assert np.array_equal(image_pixels(name), pixels)
    with Image.open(BytesIO(base64.b64decode(name.removeprefix(PREFIX)))) as image:  # any reader reads it
        assert image.mode == "L"
        assert np.array_equal(np.asarray(image), pixels)


def test_large_images_are_stored_in_several_blocks() -> None:
    pixels = some(300, 400)
    assert np.array_equal(image_pixels(image_name(pixels)), pixels)


@pytest.mark.parametrize("options", [{}, {"compress_level": 0}, {"optimize": True}])
def test_the_name_does_not_depend_on_who_compressed(options: dict[str, object]) -> None:
    pixels, codec = some(), ImageCodec(5, 7)
    (reading,) = codec.read([uri(Image.fromarray(pixels), **options)])
    assert reading.object == image_name(pixels)
    assert codec.canonical([reading.object]) == [reading.object]
    assert reading.tokens == tuple((pixels.ravel().astype(int) + SPECIAL).tolist())


def test_other_kinds_of_pixels_become_grey() -> None:
    pixels, codec = some(), ImageCodec(5, 7)
    grey, opaque = Image.fromarray(pixels), Image.fromarray(np.full_like(pixels, 255))
    wide = Image.fromarray(pixels.astype(np.uint16) * 257)
    same = [
        uri(grey.convert("RGB")),
        uri(Image.merge("LA", (grey, opaque))),
        uri(wide),
        uri(grey).removeprefix(PREFIX),
        f"  {uri(grey)}\n",
    ]
    assert codec.canonical(same) == [image_name(pixels)] * len(same)
    clear = uri(Image.merge("LA", (grey, Image.fromarray(np.zeros_like(pixels)))))
    assert codec.canonical([clear]) == [image_name(np.zeros_like(pixels))]


def test_writing_gives_back_what_was_read() -> None:
    codec = ImageCodec(5, 7)
    readings = codec.read([image_name(some(seed=seed)) for seed in range(3)])
    assert codec.write([reading.tokens for reading in readings]) == readings


def test_a_bad_row_has_a_reason_and_never_raises() -> None:
    codec = ImageCodec(5, 7)
    cut = PREFIX + base64.b64encode(base64.b64decode(image_name(some()).removeprefix(PREFIX))[:60]).decode()
    bad = [
        None,
        3,
        float("nan"),
        "",
        "  ",
        "CCO",
        PREFIX,
        f"{PREFIX}AAAA",
        "\udcff",
        cut,
        image_name(some(7, 5)),
    ]
    reasons = [UNREADABLE, UNREADABLE, UNREADABLE, EMPTY, EMPTY, *[UNREADABLE] * 5, WRONG_SIZE]
    assert [reading.reason for reading in codec.read(bad)] == reasons
    assert codec.canonical(bad) == [None] * len(bad)
    row = [SPECIAL] * 35
    wrong = [row[1:], [*row, END], [*row[1:], PAD], [*row[1:], SPECIAL + 256]]
    expected = [WRONG_SIZE, WRONG_SIZE, UNSEEN_TOKEN, UNSEEN_TOKEN]
    assert [reading.reason for reading in codec.write(wrong)] == expected


def test_a_small_file_that_claims_to_be_huge_is_not_unfolded() -> None:
    header = struct.pack(">IIBBBBB", LARGEST + 1, 10, 8, 0, 0, 0, 0)
    chunk = struct.pack(">I", 13) + b"IHDR" + header + struct.pack(">I", zlib.crc32(b"IHDR" + header))
    claim = PREFIX + base64.b64encode(b"\x89PNG\r\n\x1a\n" + chunk).decode()
    with pytest.raises(InputError, match="more than 4096 pixels"):
        image_pixels(claim)


def test_a_card_describes_it() -> None:
    codec = ImageCodec(5, 7)
    assert ImageCodec.from_dict(codec.to_dict()) == codec
    assert codec.to_dict()["kind"] == "images"


def test_bad_input_says_what_was_expected() -> None:
    with pytest.raises(InputError, match="height and width"):
        ImageCodec(0, 5)
    with pytest.raises(InputError, match="uint8, not float64"):
        image_name(np.zeros((2, 2)))
    with pytest.raises(InputError, match="uint8, not uint8 of shape"):
        image_name(np.zeros((2, 2, 3), dtype=np.uint8))


def test_messages_show_few_letters_of_an_image() -> None:
    first, second = image_name(some()), image_name(some(seed=1))
    shown = brief(f"{first!r} and {second} are not CCO")
    assert len(shown) < 120
    assert shown.startswith("'image ")
    assert shown.endswith(" are not CCO")
    assert brief(first) != brief(second)
    assert brief("C[C@@H](N)C(=O)O" * 40) == "C[C@@H](N)C(=O)O" * 40
