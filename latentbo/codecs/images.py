"""Grey images as rows of grey levels.

The name of an image is the image itself, as a data URI of a PNG: a campaign's file and its report need no folder beside
them, and a browser shows it. Of all PNGs that hold the same pixels, the name is the one that stores them as they are,
because what a compressor writes depends on its version.
"""

from __future__ import annotations

import base64
import struct
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from io import BytesIO
from typing import Any, ClassVar

import numpy as np
from jaxtyping import UInt8
from PIL import Image

from latentbo.codecs.base import Reading
from latentbo.codecs.vocabulary import GREYS, LEVELS, SPECIAL, Vocabulary
from latentbo.errors import InputError

Grey = UInt8[np.ndarray, "h w"]
PREFIX = "data:image/png;base64,"
SIGNATURE = b"\x89PNG\r\n\x1a\n"
STORED = 65_535  # bytes, at most, of a block that deflate stores as they are
CACHED = 2_000
LARGEST = 4_096  # pixels a side: a small file can unfold to gigabytes

UNREADABLE = "unreadable"
EMPTY = "empty"
WRONG_SIZE = "wrong_size"
UNSEEN_TOKEN = "unseen_token"


@dataclass(frozen=True)
class ImageCodec:
    """Grey images of one size to tokens and back. A token is a grey level (0 black, 255 white), row by row from the top.

    Colours are turned into grey (ITU-R 601 luma), what is transparent becomes black. An image of another size is refused
    and never scaled. Raises `InputError` for sides that no image has.
    """

    height: int
    width: int
    kind: str = field(default="images", init=False)
    robust: ClassVar[bool] = True  # see `codecs.base.is_robust`

    def __post_init__(self) -> None:
        if not (1 <= self.height <= LARGEST and 1 <= self.width <= LARGEST):
            raise InputError(
                f"height and width must lie within 1 and {LARGEST} pixels, not {self.height} x {self.width}"
            )

    @property
    def vocabulary(self) -> Vocabulary:
        return GREYS

    @property
    def max_tokens(self) -> int:
        return self.height * self.width

    def canonical(self, raw: Sequence[object]) -> list[str | None]:
        return [reading.object for reading in self.read(raw)]

    def read(self, raw: Sequence[object]) -> list[Reading]:
        return [_reading(text, self.height, self.width) for text in raw]

    def write(self, tokens: Sequence[Sequence[int]]) -> list[Reading]:
        return [self._written(row) for row in tokens]

    def _written(self, row: Sequence[int]) -> Reading:
        levels = np.asarray(row, dtype=np.int64) - SPECIAL
        if len(levels) != self.max_tokens:
            return Reading(None, reason=WRONG_SIZE)
        if levels.min() < 0 or levels.max() >= LEVELS:
            return Reading(None, reason=UNSEEN_TOKEN)
        return Reading(image_name(levels.astype(np.uint8).reshape(self.height, self.width)), tuple(row))

    def to_dict(self) -> dict[str, Any]:
        return {"kind": self.kind, "height": self.height, "width": self.width}

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> ImageCodec:
        return cls(data["height"], data["width"])


def image_name(pixels: np.ndarray) -> str:
    """The canonical name of an image: h x w grey levels, uint8. Raises `InputError` for another array."""
    if pixels.ndim != 2 or pixels.dtype != np.uint8 or not pixels.size:
        raise InputError(
            f"an image is h x w grey levels of type uint8, not {pixels.dtype} of shape {pixels.shape}"
        )
    return PREFIX + base64.b64encode(png_bytes(pixels)).decode()


def png_bytes(pixels: Grey) -> bytes:
    """The PNG that stores these grey levels as they are."""
    height, width = pixels.shape
    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)  # 8 bits of grey
    rows = b"".join(b"\0" + row.tobytes() for row in pixels)  # filter 0: as they are
    chunks = _chunk(b"IHDR", header) + _chunk(b"IDAT", _stored(rows)) + _chunk(b"IEND", b"")
    return SIGNATURE + chunks


def image_pixels(name: str) -> Grey:
    """The grey levels of an image in a data URI (or of the PNG's base64 alone). `InputError` where there are none."""
    try:
        return png_pixels(base64.b64decode(name.removeprefix(PREFIX), validate=True))
    except ValueError as error:
        raise InputError(f"a PNG in a data URI was expected, not {name[:40]!r}: {error}") from error


def png_pixels(data: bytes) -> Grey:
    """The grey levels of a PNG file's content. `ValueError` where it is none, or one of more than `LARGEST` a side."""
    try:
        if max(_size(data)) > LARGEST:
            raise ValueError(f"it has more than {LARGEST} pixels a side")
        with Image.open(BytesIO(data), formats=("PNG",)) as image:
            return grey(image)
    except (OSError, SyntaxError, struct.error, zlib.error) as error:
        raise ValueError(f"no PNG: {error}") from error


def grey(image: Image.Image) -> Grey:
    """An opened image as grey levels; what is transparent is black, 16 bits are cut to 8."""
    if image.mode.startswith("I"):
        return (np.asarray(image).astype(np.int64) >> 8).clip(0, 255).astype(np.uint8)
    if image.mode in ("LA", "RGBA", "PA") or "transparency" in image.info:
        colours = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", image.size, (0, 0, 0, 255)), colours)
    return np.asarray(image.convert("L"))


def _reading(text: object, height: int, width: int) -> Reading:
    if not isinstance(text, str):
        return Reading(None, reason=UNREADABLE)
    return _read(text.strip(), height, width) if text.strip() else Reading(None, reason=EMPTY)


@lru_cache(maxsize=CACHED)
def _read(text: str, height: int, width: int) -> Reading:
    try:
        pixels = image_pixels(text)
    except InputError:
        return Reading(None, reason=UNREADABLE)
    if pixels.shape != (height, width):
        return Reading(None, reason=WRONG_SIZE)
    return Reading(image_name(pixels), tuple((pixels.ravel().astype(np.int64) + SPECIAL).tolist()))


def _size(data: bytes) -> tuple[int, int]:
    """Width and height as a PNG's first bytes say, before anything is unfolded."""
    width, height = struct.unpack(">II", data[16:24])
    return width, height


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def _stored(data: bytes) -> bytes:
    """A zlib stream (RFC 1950, 1951) of blocks that are stored, not compressed."""
    blocks = [data[start : start + STORED] for start in range(0, len(data), STORED)]
    out = b"\x78\x01"
    for number, block in enumerate(blocks, start=1):
        last = number == len(blocks)
        out += struct.pack("<BHH", last, len(block), 0xFFFF ^ len(block)) + block
    return out + struct.pack(">I", zlib.adler32(data))
