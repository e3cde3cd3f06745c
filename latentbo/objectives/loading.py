"""From what a user writes, a built-in name or `path/to/file.py:function`, to the objective.

RDKit is imported only where a built-in name is asked for: a user's own objective need not be about molecules.
"""

from __future__ import annotations

from collections.abc import Callable

from latentbo.errors import InputError
from latentbo.scripts import is_script, load_name

Objective = Callable[[list[str]], list[float | None]]
"""Objects in, one number a row out, larger is better; None where the measurement failed."""


def load_objective(spec: str) -> Objective:
    """The objective that `spec` names: a built-in one such as `qed`, or a function in a Python file.

    The function is returned as it is: it takes a list of objects and returns as many numbers, None where one failed.

    Raises `InputError` where the name is unknown, where the file is missing or raises (chained from the cause), and
    where the function is missing or cannot be called.
    """
    if not is_script(spec):
        from latentbo.objectives.molecules import objective

        return objective(spec)
    found = load_name(spec, "an objective")
    if not callable(found):
        raise InputError(
            f"{spec} must be a function from a list of objects to a list of numbers, not {type(found).__name__}"
        )
    own: Objective = found
    return own
