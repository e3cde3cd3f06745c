"""Calling an objective so that nothing it does can stop a campaign: every object gets a value or a reason."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence, Set
from dataclasses import dataclass
from typing import Any

Objective = Callable[[list[str]], Sequence[float | None]]


@dataclass(frozen=True)
class Outcome:
    """What came of one object: a finite value, or why there is none."""

    object: str
    value: float | None
    reason: str | None


def evaluate(objective: Objective, objects: Sequence[str]) -> list[Outcome]:
    """One outcome an object, in order.

    The objective is called once with the whole list. If that call raises or gives the wrong number of values,
    it is called again with one object at a time, so that one bad object does not cost the others their
    values. `KeyboardInterrupt` passes through.
    """
    values, _ = _call(objective, list(objects))
    if values is not None:
        return [_outcome(text, value) for text, value in zip(objects, values, strict=True)]
    return [_alone(objective, text) for text in objects]


def _alone(objective: Objective, text: str) -> Outcome:
    values, problem = _call(objective, [text])
    return Outcome(text, None, problem) if values is None else _outcome(text, values[0])


def _call(objective: Objective, objects: list[str]) -> tuple[list[Any] | None, str | None]:
    try:
        returned = objective(objects)
        if isinstance(returned, str | bytes | Mapping | Set):  # their items are not one value an object
            return None, f"returned a {type(returned).__name__}, not a list of numbers"
        values = list(returned)
    except (Exception, SystemExit) as error:  # whatever the user's code raises is a result, not an end
        return None, f"raised {type(error).__name__}: {str(error)[:200]}"
    if len(values) != len(objects):
        return None, f"returned {len(values)} values for {len(objects)} objects"
    return values, None


def _outcome(text: str, value: Any) -> Outcome:
    if value is None:
        return Outcome(text, None, "returned None")
    try:
        number = float(value)
    except Exception:  # of the user's own type, or of an integer too large
        return Outcome(text, None, f"returned {value!r:.80}, not a number")
    if not math.isfinite(number):
        return Outcome(text, None, f"returned {number}")
    return Outcome(text, number, None)
