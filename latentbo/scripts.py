"""A name from the user's own script: `path/to/file.py:name`, as the command line takes objectives and kinds."""

from __future__ import annotations

import hashlib
import importlib.util
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

from latentbo.errors import InputError, unknown_name


def is_script(spec: str) -> bool:
    """Whether this names something in a file, and nothing that is built in."""
    return ":" in spec or spec.endswith(".py")


def load_name(spec: str, noun: str) -> Any:
    """What the file calls by that name; `noun` is what messages call it.

    The file runs once, as a module of its own; its folder does not become importable. Raises `InputError` where the file
    is missing or raises (chained from the cause), and where it has no such name.
    """
    place, _, name = spec.rpartition(":")  # the last colon, as a Windows path has one of its own
    if not place.endswith(".py") or not name:
        raise InputError(
            f"{noun} such as 'path/to/file.py:name' was expected, not {spec!r}: "
            f"write the file, which ends in .py, a colon, and the name in it"
        )
    found = vars(_run(Path(place).expanduser(), noun))
    if name not in found:
        raise unknown_name(f"name in {place}", name, [each for each in found if not each.startswith("_")])
    return found[name]


def _run(path: Path, noun: str) -> ModuleType:
    """The module that a file defines, under a name that its place decides."""
    if not path.is_file():
        raise InputError(f"no file at {path}: {noun} is written path/to/file.py:name, from {Path.cwd()}")
    name = f"latentbo_script_{hashlib.sha256(str(path.resolve()).encode()).hexdigest()[:12]}"
    description = importlib.util.spec_from_file_location(name, path)
    assert description is not None  # it is None for other endings than .py
    assert description.loader is not None
    module = importlib.util.module_from_spec(description)
    sys.modules[name] = module  # where dataclasses and pickle look a module up while it runs
    try:
        description.loader.exec_module(module)
    except (Exception, SystemExit) as error:  # a script without a main guard may exit
        del sys.modules[name]
        raise InputError(
            f"{path} cannot be imported: {type(error).__name__}: {error}; mend it until `python {path}` runs"
        ) from error
    return module
