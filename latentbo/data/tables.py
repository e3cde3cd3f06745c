"""Text tables of objects and measurements, read strictly: a row is either understood in full or reported.

The separator is the one under which the header names the wanted columns: `smiles;y` with decimal commas would
otherwise pass as one column of wrong integers. How numbers are written is read in `data.numerals`.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path

from latentbo.data.files import content
from latentbo.data.numerals import (
    CENSORED,
    DECIMAL_SIGN,
    NOT_A_NUMBER,
    NOT_FINITE,
    THOUSANDS,
    Signs,
    number_of,
    signs_of,
)
from latentbo.errors import InputError

OBJECT, VALUE = "smiles", "value"  # the columns that are read where none are named
SEPARATORS = (",", ";", "\t")
ENCODINGS = ("utf-8-sig", "cp1252")  # Excel's two; where cp1252 lacks a byte, latin-1 has it
RELATIONS = ("relation", "standard relation", "operator", "qualifier")  # of a value to the number beside it
LONGEST_RECORD = 50  # physical lines that a quoted field may span

FIELD_COUNT = "field_count"
QUOTES = "quotes"
HEADER = "header"
MISSING_OBJECT = "missing_object"

_FIXES = {
    QUOTES: 'close the quoted field, and double a quote inside one: "3"" tube"',
    HEADER: "a .smi file has no header line: delete this line, or name the file .csv",
    MISSING_OBJECT: "write the object, or delete the row",
    NOT_A_NUMBER: "write a plain number such as 5.2, or leave the cell empty where nothing was measured",
    NOT_FINITE: "write a finite number, or leave the cell empty where nothing was measured",
    CENSORED: "a limit is not a measured value: write a number, or leave the cell empty",
    DECIMAL_SIGN: "use one decimal sign in the whole column, and a point where commas separate columns",
    THOUSANDS: "this may be thousands or decimals: write 1500 or 1.5, without a sign between thousands",
}


@dataclass(frozen=True)
class TableRow:
    """One object as it was written, and its value; None is not measured. `line` counts from 1."""

    line: int
    object: str
    value: float | None = None
    extra: Mapping[str, str] = field(default_factory=dict, hash=False)


@dataclass(frozen=True)
class Problem:
    """One row that was left out: where, what came, a reason code, and how to mend it."""

    line: int
    column: str | None
    came: str
    reason: str
    fix: str

    def __str__(self) -> str:
        place = f"line {self.line}" if self.column is None else f"line {self.line}, column {self.column!r}"
        return f"{place}: {self.came!r} ({self.reason}); {self.fix}"


@dataclass(frozen=True)
class Table:
    """The rows that were understood, the problems of the others, both in file order, and the encoding."""

    rows: tuple[TableRow, ...]
    problems: tuple[Problem, ...]
    encoding: str


@dataclass(frozen=True)
class _Header:
    """Column names as written ("" is unnamed and ignored), and which of them are the object and the value."""

    names: tuple[str, ...]
    separator: str
    object: int
    value: int | None


def read_table(path: str | Path, *, object_column: str = OBJECT, value_column: str | None = VALUE) -> Table:
    """Read a .csv or .tsv file with a header line, or a .smi file without one; any of them may be gzipped.

    Columns are found by name, letter case aside where that leaves one. An empty value means not measured, and
    `value_column=None` reads none. Decimal commas are read where ';' or tab separates the columns and more
    values have a comma than a point; a sign that may stand between thousands makes a problem and not a number, and
    so does a limit, in the cell or in a column such as `relation`.
    Empty lines are passed over. A .smi file has one object a line and nothing measured; what follows white space
    is `extra["name"]`.

    Raises `InputError` where no row can be read: no file, an empty or binary one, a column missing or double.
    """
    path = Path(path)
    text, encoding = _text(path)
    lines = re.split(r"\r\n|\n|\r", text)
    if not text.strip():
        raise InputError(f"{path} is empty: a header line and one row an object were expected")
    if path.name.lower().removesuffix(".gz").endswith((".smi", ".smiles")):
        if object_column != OBJECT or value_column not in (VALUE, None):
            raise InputError(f"{path} is a list of SMILES without columns: leave out the column names")
        found = list(_listed(lines))
    else:
        found = list(_tabulated(path, lines, object_column, value_column))
    rows = tuple(each for each in found if isinstance(each, TableRow))
    return Table(rows, tuple(each for each in found if isinstance(each, Problem)), encoding)


def read_smiles(path: str | Path) -> list[str]:
    """The SMILES of a .smi file or of the column `smiles` of a table, as written.

    Raises `InputError` where a row cannot be read: a list has no place to report it. `read_table` goes on.
    """
    table = read_table(path, value_column=None)
    if table.problems:
        rest = f" (and {len(table.problems) - 1} more)" if len(table.problems) > 1 else ""
        raise InputError(f"{path}, {table.problems[0]}{rest}")
    return [row.object for row in table.rows]


def _text(path: Path) -> tuple[str, str]:
    """The decoded file and its encoding."""
    said = content(path)
    if said.startswith((b"\xff\xfe", b"\xfe\xff")):
        return said.decode("utf-16", errors="replace"), "utf-16"
    if b"\0" in said:
        raise InputError(f"{path} is not a text file: save the table as CSV (UTF-8)")
    for encoding in ENCODINGS:
        try:
            return said.decode(encoding), encoding
        except UnicodeDecodeError:
            continue
    return said.decode("latin-1"), "latin-1"  # which has a character for every byte


def _listed(lines: Sequence[str]) -> Iterator[TableRow | Problem]:
    """The rows of a .smi file."""
    for number, line in enumerate(lines, start=1):
        words = line.split(maxsplit=1)
        if words and words[0].lower() == OBJECT:
            yield _problem(number, None, line, HEADER)
        elif words:
            yield TableRow(number, words[0], extra={"name": words[1].strip()} if len(words) > 1 else {})


def _tabulated(
    path: Path, lines: Sequence[str], object_: str, value: str | None
) -> Iterator[TableRow | Problem]:
    """The rows of a table with a header."""
    start = next(i for i, line in enumerate(lines) if line.strip())
    header = _header(path, lines[start], object_, value)
    records = list(_records(lines, start + 1, header))
    at = header.value
    values = [] if at is None else [record[at] for _, record in records if isinstance(record, list)]
    signs = signs_of(values, header.separator)
    for line, record in records:
        yield record if isinstance(record, Problem) else _row(line, record, header, signs)


def _header(path: Path, line: str, object_: str, value: str | None) -> _Header:
    """The header under the separator with which it names most of the wanted columns."""
    wanted = [name for name in (object_, value) if name is not None]
    readings: dict[str, list[str]] = {}
    for sign in SEPARATORS:
        if (names := _fields(line, sign)) is not None:
            readings[sign] = names
    if not readings:
        raise InputError(f"{path} has a header line with a quote that does not close: {_short(line)!r}")

    def fit(sign: str) -> tuple[int, int]:
        lower = [name.lower() for name in readings[sign]]
        return sum(name.lower() in lower for name in wanted), len(lower)

    separator = max(readings, key=fit)
    names = readings[separator]
    twice = sorted({name for name in names if name and names.count(name) > 1})
    if twice:
        raise InputError(f"{path} names the column {twice[0]!r} more than once: rename all but one")
    places = [_place(path, names, name) for name in wanted]
    if len(places) > len(set(places)):
        raise InputError(f"{object_!r} cannot be both the object and the value: name two columns of {path}")
    return _Header(tuple(names), separator, places[0], places[1] if len(places) > 1 else None)


def _place(path: Path, names: Sequence[str], wanted: str) -> int:
    """Where a column stands: by its exact name, or else by the only one that differs in letter case."""
    if wanted in names:
        return names.index(wanted)
    same = [i for i, name in enumerate(names) if name.lower() == wanted.lower()]
    if len(same) == 1:
        return same[0]
    if same:
        alike = ", ".join(repr(names[i]) for i in same)
        raise InputError(f"{path} has no column {wanted!r} but several like it: write one of {alike}")
    lower = {name.lower(): name for name in names if name}
    near = get_close_matches(wanted.lower(), lower, n=1, cutoff=0.5)
    rename = "rename the one that holds it, or say its name; a list with no header must be named .smi."
    hint = f"did you mean {lower[near[0]]!r}?" if near else rename
    raise InputError(f"{path} has no column {wanted!r}; {hint} Its columns: {', '.join(filter(None, names))}")


def _records(lines: Sequence[str], start: int, header: _Header) -> Iterator[tuple[int, list[str] | Problem]]:
    """Line number and fields of each row that is not empty; a quote left open costs one line and no more."""
    i = start
    while i < len(lines):
        span, fields = 1, _fields(lines[i], header.separator)
        if fields is None:
            span, fields = _continued(lines, i, header)
        if fields is None:
            yield i + 1, _problem(i + 1, None, lines[i], QUOTES)
        elif len(fields) != len(header.names) and any(fields):
            counts = f"{len(header.names)} fields were expected and {len(fields)} came"
            fix = f"{counts}: quote a field that holds a {header.separator!r}"
            yield i + 1, Problem(i + 1, None, _short(lines[i]), FIELD_COUNT, fix)
        elif any(fields):
            yield i + 1, fields
        i += span


def _continued(lines: Sequence[str], i: int, header: _Header) -> tuple[int, list[str] | None]:
    """The lines and fields of the record at line i, where its quoted field closes on a later line.

    A line that is a whole row by itself is not swallowed: two stray inch signs would hide the rows between.
    """
    for span in range(2, min(LONGEST_RECORD, len(lines) - i) + 1):
        record = "\n".join(lines[i : i + span])
        if record.count('"') % 2 == 0:
            fields = _fields(record, header.separator)
            if fields is None or len(fields) != len(header.names):
                break
            inner = lines[
                i + 1 : i + span - ("\n" in fields[0])
            ]  # the first field's last line looks like a row
            if any(len(_fields(line, header.separator) or ()) == len(fields) for line in inner):
                break
            return span, fields
    return 1, None


def _fields(record: str, separator: str) -> list[str] | None:
    """The stripped fields of one record, or None where its quoting is broken."""
    try:
        rows = list(csv.reader([record], delimiter=separator, strict=True, skipinitialspace=True))
    except csv.Error:
        return None
    return [each.strip() for each in rows[0]] if rows else []


def _row(line: int, fields: Sequence[str], header: _Header, signs: Signs) -> TableRow | Problem:
    """One record as a row, or what is wrong with it."""
    name = header.names[header.object]
    if not fields[header.object]:
        return _problem(line, name, "", MISSING_OBJECT)
    pairs = zip(header.names, fields, strict=True)
    extra = {column: text for column, text in pairs if column not in ("", name)}
    value = None
    if header.value is not None:
        column = header.names[header.value]
        value, reason = number_of(extra.pop(column), signs)
        if reason is not None:
            return _problem(line, column, fields[header.value], reason)
        for relation, text in extra.items() if value is not None else ():
            if relation.lower().replace("_", " ") in RELATIONS and text.strip("'\" ") not in ("", "=", "=="):
                return _problem(line, relation, f"{text} {fields[header.value]}", CENSORED)
    return TableRow(line, fields[header.object], value, extra)


def _problem(line: int, column: str | None, came: str, reason: str) -> Problem:
    return Problem(line, column, _short(came), reason, _FIXES[reason])


def _short(text: str) -> str:
    return text if len(text) <= 80 else text[:77] + "..."
