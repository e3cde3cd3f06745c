"""A file of objects, read by their kind: what the kind reads itself, or a table or list of text."""

from __future__ import annotations

from pathlib import Path

from latentbo.data.tables import VALUE, Table, read_table
from latentbo.errors import InputError
from latentbo.kinds.base import Kind


def read_objects(
    file: Path, kind: Kind, object_column: str | None = None, value_column: str | None = VALUE
) -> Table:
    """The rows of a file: a table with the kind's column and one of values (either may have another name), a list, or what
    the kind reads itself, such as a folder of images. Values are not read where the value column is None. Raises
    `InputError` for a file that is nothing of that.
    """
    own = kind.read_file(file)
    if own is not None:
        if object_column or value_column not in (None, VALUE):
            raise InputError(f"{file} is no table: leave --smiles-column and --value-column out")
        return own
    return read_table(file, object_column=object_column or kind.column, value_column=value_column)
