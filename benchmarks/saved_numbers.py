"""Numbers that were measured before, so that a run which was stopped goes on where it was."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from latentbo.errors import InputError

if TYPE_CHECKING:
    from _typeshed import DataclassInstance


class SavedNumbers:
    """A file of numbers that grows by one entry at a time, all of them measured in the same setting.

    Raises `InputError` where the file's are of another, and so are the spaces beside it.
    """

    def __init__(self, file: Path, setting: DataclassInstance) -> None:
        self._file = file
        self._setting = json.loads(json.dumps(asdict(setting)))
        kept = json.loads(file.read_text()) if file.exists() else {"setting": self._setting, "numbers": {}}
        if kept["setting"] != self._setting:
            raise InputError(
                f"{file} was measured in another setting: name another folder (--out), or delete that one"
            )
        self._known: dict[str, dict[str, float]] = kept["numbers"]
        self._save()

    def get(self, name: str, measure: Callable[[], Mapping[str, float]]) -> dict[str, float]:
        """The numbers of this name; measured if they are not there."""
        if name not in self._known:
            began = time.perf_counter()
            self._known[name] = dict(measure())
            self._save()
            print(f"{name}: {_short(self._known[name])}  ({time.perf_counter() - began:.0f} s)", flush=True)
        return self._known[name]

    def _save(self) -> None:
        part = self._file.with_suffix(".part")
        part.write_text(json.dumps({"setting": self._setting, "numbers": self._known}, indent=1) + "\n")
        os.replace(part, self._file)


def _short(numbers: Mapping[str, float]) -> str:
    return ", ".join(f"{name} {value:.3g}" for name, value in numbers.items())
