"""Docstrings as Markdown: their tables and formulas, which are laid out by spaces, keep their lines.

    symbol   meaning         shape
    z        latent points   n x d

Where such lines stand at the margin, Markdown would run them together.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from griffe import Extension, Module, Object

LAID_OUT = re.compile(r"\S\s{2,}\S")
FENCE = "```"


def as_markdown(docstring: str) -> str:
    """Paragraphs of which two lines or more are laid out by spaces become blocks of code, others stay."""
    return "\n\n".join(_fenced(paragraph) for paragraph in re.split(r"\n[ \t]*\n", docstring))


def _fenced(paragraph: str) -> str:
    lines = paragraph.split("\n")
    at_the_margin = not lines[0].startswith("    ")
    if at_the_margin and sum(bool(LAID_OUT.search(line.strip())) for line in lines) > 1:
        return f"{FENCE}text\n{paragraph}\n{FENCE}"
    return "\n".join(_spaced(lines))


def _spaced(lines: list[str]) -> Iterator[str]:
    """With an empty line before an indented block, which Markdown needs to see one."""
    for before, line in zip(["", *lines], lines, strict=False):
        if line.startswith("    ") and before and not before.startswith("    "):
            yield ""
        yield line


class Docstrings(Extension):
    """What mkdocstrings hands every object of the package to."""

    def on_module_members(self, *, mod: Module, **_: Any) -> None:
        """What a package takes from its modules stands there already."""
        if mod.is_init_module:
            for name in [name for name, member in mod.members.items() if member.is_alias]:
                del mod.members[name]

    def on_object(self, *, obj: Object, **_: Any) -> None:
        if obj.docstring is not None:
            obj.docstring.value = as_markdown(obj.docstring.value)
