"""What whoever sits at the terminal sees: data on stdout, everything else on stderr.

Texts are printed as they are: to rich's markup, `[C@H]` would be a style.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

MOST_LINES = 20
WIDE = 200  # columns of a table that goes into a file, where nothing needs to be folded

notes = Console(stderr=True, highlight=False)


def error(message: str) -> None:
    """One red line."""
    notes.print(Text(f"error: {' '.join(message.split())}", style="red"), soft_wrap=True)


def say(message: str, *, style: str = "") -> None:
    """A message for the reader, on stderr."""
    notes.print(Text(message, style=style), soft_wrap=True)


def warn(message: str) -> None:
    """A message that should not be overlooked."""
    say(message, style="yellow")


def list_problems(problems: Sequence[str]) -> None:
    """A line for each row that could not be used; of very many, the first and how many more."""
    for problem in problems[:MOST_LINES]:
        warn(f"  {problem}")
    if len(problems) > MOST_LINES:
        warn(f"  ... and {len(problems) - MOST_LINES} more")


def write(text: str) -> None:
    """Data, to stdout, as it is."""
    sys.stdout.write(text)


def show_table(headers: Sequence[str], rows: Sequence[Sequence[Any]], *, title: str = "") -> None:
    """A small table on stdout. A header that ends in ">" is a column of numbers, aligned to the right."""
    shown = Table(title=title or None, title_justify="left", title_style="bold", header_style="bold")
    for header in headers:
        right = header.endswith(">")
        shown.add_column(
            header.rstrip(">"), justify="right" if right else "left", overflow="fold", no_wrap=right
        )
    for row in rows:
        shown.add_row(*(Text(str(cell)) for cell in row))
    Console(highlight=False, width=None if sys.stdout.isatty() else WIDE).print(shown)


@contextmanager
def waiting(message: str) -> Iterator[None]:
    """A spinner while something takes seconds; nothing where stderr is no terminal."""
    with notes.status(Text(message)):
        yield


@contextmanager
def bar(unit: str) -> Iterator[Callable[[int, int, str], None]]:
    """A progress bar; what it gives is called with how much is done, of how much, and a note."""
    columns = (
        TextColumn(unit),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[note]}", markup=False),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=notes) as progress:
        task = progress.add_task(unit, total=None, note="")
        yield lambda done, total, note: progress.update(task, completed=done, total=total, note=note)


@contextmanager
def stages() -> Iterator[Callable[[str, int, int, str], None]]:
    """A progress bar for each stage; what it gives is called with the stage, done, total, and a note."""
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[note]}", markup=False),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=notes) as progress:
        tasks: dict[str, Any] = {}

        def listen(stage: str, done: int, total: int, note: str) -> None:
            if stage not in tasks:
                tasks[stage] = progress.add_task(stage, total=total, note=note)
            progress.update(tasks[stage], completed=done, total=total, note=note)

        yield listen
