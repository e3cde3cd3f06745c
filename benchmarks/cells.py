"""Numbers that were measured before, so that a run which was stopped goes on where it was."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Mapping
from pathlib import Path


class Cells:
    """A file of numbers that grows by one entry at a time."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._known: dict[str, dict[str, float]] = json.loads(file.read_text()) if file.exists() else {}

    def get(self, name: str, measure: Callable[[], Mapping[str, float]]) -> dict[str, float]:
        """The numbers of this name; measured if they are not there."""
        if name not in self._known:
            began = time.perf_counter()
            self._known[name] = dict(measure())
            part = self._file.with_suffix(".part")
            part.write_text(json.dumps(self._known, indent=1) + "\n")
            os.replace(part, self._file)
            print(f"{name}: {_short(self._known[name])}  ({time.perf_counter() - began:.0f} s)", flush=True)
        return self._known[name]


def _short(numbers: Mapping[str, float]) -> str:
    return ", ".join(f"{name} {value:.3g}" for name, value in numbers.items())
