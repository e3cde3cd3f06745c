"""A user's own grey images: a folder of PNG files or a .npy array, and the table that says what they are worth.

    folder    value table with a column `file`    the PNG's name in the folder
    .npy      value table with a column `row`     the image's place in the array, from 0

What comes out is the `Table` that every start file gives: `Campaign.start_from` takes it.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np
from jaxtyping import UInt8

from latentbo.codecs.images import Grey, image_name, image_pixels, png_bytes, png_pixels
from latentbo.codecs.vocabulary import LEVELS
from latentbo.data.tables import VALUE, Problem, Table, TableRow, read_table
from latentbo.errors import InputError

NO_IMAGE, UNREADABLE_IMAGE = "no_image", "unreadable_image"
SUFFIX = ".png"


def read_images(source: str | Path, values: str | Path | None = None, *, value_column: str = VALUE) -> Table:
    """The images of a folder or a .npy array (n x h x w: uint8, or floats within 0 and 1), as named rows.

    With `values`, a CSV or TSV: the images it names, in its order, with their values. Without: all of them, a folder's
    in the order of their names, and none has a value. What stands beside a value goes into `extra`, and so do the
    columns `file` and `row`. Raises `InputError` where nothing can be read; single rows that cannot be are problems.
    """
    source = Path(source)
    column, keys, load = _folder(source) if source.is_dir() else _array(source)
    if values is None:
        listed = Table(tuple(TableRow(place, key) for place, key in enumerate(keys, start=1)), (), "utf-8")
    else:
        listed = read_table(values, object_column=column, value_column=value_column)
    found = [_row(row, column, load) for row in listed.rows]
    rows = tuple(row for row in found if isinstance(row, TableRow))
    problems = [*listed.problems, *(row for row in found if isinstance(row, Problem))]
    if not rows:
        raise InputError(
            f"no image of {source} can be read: {problems[0] if problems else 'the table is empty'}"
        )
    return Table(rows, tuple(sorted(problems, key=lambda problem: problem.line)), listed.encoding)


def read_image(file: str | Path) -> str:
    """The name of the image in one PNG file. `InputError` where there is none."""
    try:
        return image_name(png_pixels(Path(file).read_bytes()))
    except (OSError, ValueError) as error:
        raise InputError(f"a PNG file was expected, not {file}: {error}") from error


def pixels(names: Iterable[str]) -> UInt8[np.ndarray, "n h w"]:
    """The grey levels of named images of one size. `InputError` where the sizes differ or there is none."""
    read = [image_pixels(name) for name in names]
    shapes = sorted({each.shape for each in read})
    if len(shapes) != 1:
        raise InputError(
            f"images of one size were expected, not of {shapes or 'none'}: cut or scale them first"
        )
    return np.stack(read)


def write_images(names: Iterable[str], files: Iterable[str | Path]) -> None:
    """Each image into a PNG file of its own, for instance those that a campaign asks for."""
    for name, file in zip(names, files, strict=True):
        Path(file).write_bytes(png_bytes(image_pixels(name)))


def _row(row: TableRow, column: str, load: Callable[[str], Grey]) -> TableRow | Problem:
    try:
        return TableRow(row.line, image_name(load(row.object)), row.value, {**row.extra, column: row.object})
    except KeyError:
        fix = f"write the {column} of an image that is there, or delete the row"
        return Problem(row.line, column, row.object, NO_IMAGE, fix)
    except (OSError, ValueError) as error:
        return Problem(
            row.line, column, row.object, UNREADABLE_IMAGE, f"save it as an 8-bit PNG again ({error})"
        )


def _folder(folder: Path) -> tuple[str, list[str], Callable[[str], Grey]]:
    names = sorted(entry for entry in os.listdir(folder) if entry.lower().endswith(SUFFIX))
    if not names:
        raise InputError(f"{folder} holds no file that ends in {SUFFIX}")
    known = set(names)

    def load(name: str) -> Grey:
        if name not in known:
            raise KeyError(name)
        return png_pixels((folder / name).read_bytes())

    return "file", names, load


def _array(file: Path) -> tuple[str, list[str], Callable[[str], Grey]]:
    levels = _levels(file)
    known = {str(place): place for place in range(len(levels))}
    return "row", list(known), lambda key: levels[known[key]]


def _levels(file: Path) -> UInt8[np.ndarray, "n h w"]:
    """A .npy file as grey levels."""
    try:
        array = np.load(file, allow_pickle=False)
    except (OSError, ValueError, EOFError) as error:
        raise InputError(
            f"a folder of PNG files or a .npy array was expected, not {file}: {error}"
        ) from error
    if not isinstance(array, np.ndarray) or array.ndim != 3 or not array.size:
        shape = getattr(array, "shape", type(array).__name__)
        raise InputError(f"{file} must hold n x height x width grey levels, not {shape}")
    if array.dtype == np.uint8:
        return array
    if array.dtype.kind == "f" and np.isfinite(array).all() and array.min() >= 0 and array.max() <= 1:
        return np.rint((LEVELS - 1) * array.astype(np.float64)).astype(np.uint8)
    span = f" within {array.min()} and {array.max()}" if array.dtype.kind in "bif" else ""
    raise InputError(
        f"{file} must hold grey levels as uint8, or as floats within 0 and 1, not {array.dtype}{span}"
    )
