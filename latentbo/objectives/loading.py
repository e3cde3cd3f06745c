"""From what a user writes, a built-in name or `path/to/file.py:function`, to the objective.

RDKit is imported only where a built-in name is asked for: a user's own objective need not be about molecules.
"""

from __future__ import annotations

import hashlib
import importlib.util
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

from latentbo.errors import InputError, unknown_name

Objective = Callable[[list[str]], list[float | None]]
"""Objects in, one number a row out, larger is better; None where the measurement failed."""


def load_objective(spec: str) -> Objective:
    """The objective that `spec` names: a built-in one such as `qed`, or a function in a Python file.

    The file runs once, as a module of its own; its folder does not become importable. The function is
    returned as it is: it takes a list of objects and returns as many numbers, None where one failed.

    Raises `InputError` where the name is unknown, where the file is missing or raises (chained from the
    cause), and where the function is missing or cannot be called.
    """
    if ":" not in spec and not spec.endswith(".py"):
        from latentbo.objectives.molecules import objective

        return objective(spec)
    place, _, name = spec.rpartition(":")  # the last colon, as a Windows path has one of its own
    if not place.endswith(".py") or not name:
        raise InputError(
            f"an objective such as 'qed' or 'path/to/file.py:function' was expected, not {spec!r}: "
            "write the file, which ends in .py, a colon, and the name of the function"
        )
    path = Path(place).expanduser()
    found = vars(_run(path))
    if name not in found:
        raise unknown_name(f"function in {path}", name, _functions(found))
    if not callable(found[name]):
        raise InputError(
            f"{name} in {path} must be a function from a list of SMILES to a list of numbers, "
            f"not {type(found[name]).__name__}"
        )
    return found[name]


def _functions(names: dict[str, object]) -> list[str]:
    return [name for name, value in names.items() if callable(value) and not name.startswith("_")]


def _run(path: Path) -> ModuleType:
    """The module that a file defines, under a name that its place decides."""
    if not path.is_file():
        raise InputError(
            f"no file at {path}: an objective is written path/to/file.py:function, from {Path.cwd()}"
        )
    name = f"latentbo_objective_{hashlib.sha256(str(path.resolve()).encode()).hexdigest()[:12]}"
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
