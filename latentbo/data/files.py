"""What a file says, whether or not it is gzipped."""

from __future__ import annotations

import gzip
import hashlib
import zlib
from pathlib import Path

from latentbo.errors import InputError


def content(file: Path) -> bytes:
    """The bytes of a file, unzipped. `InputError` where it cannot be read."""
    try:
        read = file.read_bytes()
        return gzip.decompress(read) if read.startswith(b"\x1f\x8b") else read
    except (OSError, EOFError, zlib.error) as error:
        raise InputError(f"cannot read {file}: {error or 'the file ends too early'}") from error


def content_sha256(file: Path) -> str:
    """SHA-256 of what the file says."""
    return hashlib.sha256(content(file)).hexdigest()
