"""Files of objects that a command reads whole, where a row that cannot be read has no place to be reported."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from latentbo.errors import InputError

if TYPE_CHECKING:
    from latentbo.kinds.base import Kind


def all_objects(file: Path, kind: Kind) -> list[str]:
    """The objects of a file as they are written there. Raises `InputError` where one of them cannot be read."""
    from latentbo.kinds.files import read_objects

    table = read_objects(file, kind, value_column=None)
    if table.problems:
        rest = f" (and {len(table.problems) - 1} more)" if len(table.problems) > 1 else ""
        raise InputError(f"{file}, {table.problems[0]}{rest}")
    return [row.object for row in table.rows]
