"""Files of the repository that pages show, such as pictures of results: they stay where they are.

A page links to them as GitHub needs it, by their path from the page, `../../benchmarks/results/arena_best.png`. A built
site ends at docs/, so there each such file is copied to `repository/...`, and the link follows it.
"""

from __future__ import annotations

import posixpath
import re
from pathlib import Path
from typing import Any

from mkdocs.structure.files import File, Files

DOCS, COPIES = "docs", "repository"
SHOWN = ("benchmarks/results/*.png", "benchmarks/results/*.csv", "notebooks/*.ipynb")
LINK = re.compile(r"(?<=\]\()(?:\.\./)+[^)#\s]+")


def on_files(files: Files, config: Any) -> Files:
    """The shown files beside those of docs/."""
    root = Path(config.config_file_path).parent
    for file in sorted(path for pattern in SHOWN for path in root.glob(pattern)):
        place = f"{COPIES}/{file.relative_to(root).as_posix()}"
        files.append(File.generated(config, place, abs_src_path=str(file)))
    return files


def on_page_markdown(markdown: str, page: Any, **_: Any) -> str:
    """Links out of docs/ lead to the copies; one to a file that is not shown is left, and --strict refuses it."""
    folder = posixpath.dirname(page.file.src_uri)

    def followed(link: re.Match[str]) -> str:
        target = posixpath.normpath(posixpath.join(DOCS, folder, link[0]))
        if target.startswith(f"{DOCS}/"):
            return link[0]
        return posixpath.relpath(f"{COPIES}/{target}", folder or ".")

    return LINK.sub(followed, markdown)
