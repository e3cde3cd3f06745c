"""The oracle and the count of its calls: the one place where a run's budget is spent.

    a new molecule            one call, its value joins the trace
    one the objective refuses one call without a value
    one measured before       its old value; a call without a value if `strict`, else free (as in PMO)
    no molecule               no value; a call without a value if `strict`, else free (as in PMO)
    anything beyond budget    left unmeasured

Counting follows PMO (Gao et al. 2022, arXiv:2206.12411), which charges valid, distinct, canonical SMILES; `strict` is
harder and is what the project's own methods are held to.
"""

from __future__ import annotations

import math
import time
from collections.abc import Sequence

from latentbo.campaign.evaluate import Objective, evaluate
from latentbo.codecs.molecules import canonical
from latentbo.errors import InputError

PATIENCE = 100  # asks in a row without one call, after which a run is stopped
BUDGET_SPENT = "budget"
FRUITLESS = f"no new molecule in {PATIENCE} asks"


class OracleLedger:
    """Measures molecules with an objective until `budget` calls are spent.

    `trace` has one number a call, in order: its value, or NaN where the call brought none. `objects` names the molecule of
    each call ("" where the string was none). `seconds` are the processor seconds spent inside the objective. Raises
    `InputError` for a budget that is no whole number of calls.
    """

    def __init__(self, objective: Objective, budget: int, *, strict: bool = True) -> None:
        if isinstance(budget, bool) or not isinstance(budget, int) or budget < 1:
            raise InputError(f"a budget is a whole number of calls, at least 1, not {budget!r}")
        self._objective = objective
        self._values: dict[str, float | None] = {}
        self._idle = 0
        self.budget = budget
        self.strict = strict
        self.trace: list[float] = []
        self.objects: list[str] = []
        self.invalid = 0
        self.duplicates = 0
        self.seconds = 0.0

    @property
    def calls(self) -> int:
        """Calls spent."""
        return len(self.trace)

    @property
    def left(self) -> int:
        """Calls that may still be spent."""
        return self.budget - self.calls

    @property
    def stopped(self) -> str | None:
        """Why no more can be measured, or None."""
        if self.left == 0:
            return BUDGET_SPENT
        return FRUITLESS if self._idle >= PATIENCE else None

    def measure(self, objects: Sequence[str]) -> list[float | None]:
        """The value of each object, in order; None where it has none or the budget ended before it.

        Raises `InputError` for one string instead of a list.
        """
        if isinstance(objects, str):
            raise InputError(f"a list of SMILES was expected, not one string: write [{objects!r}]")
        names = [canonical(text)[0] for text in objects]
        fresh: dict[str, int] = {}  # a new molecule's call
        before = self.calls
        for name in names:
            new = name is not None and name not in self._values
            if self.left == 0 and (new or self.strict):
                continue
            self.invalid += name is None
            self.duplicates += name is not None and not new
            if name is not None and new:
                self._values[name] = None  # refused, unless a value comes
                fresh[name] = self.calls
            if new or self.strict:
                self.trace.append(math.nan)
                self.objects.append(name or "")
        self._evaluate(fresh)
        self._idle = self._idle + 1 if self.calls == before else 0
        return [None if name is None else self._values.get(name) for name in names]

    def _evaluate(self, fresh: dict[str, int]) -> None:
        if not fresh:
            return
        began = time.process_time()
        outcomes = evaluate(self._objective, list(fresh))
        self.seconds += time.process_time() - began
        for outcome in outcomes:
            if outcome.value is not None:
                self._values[outcome.object] = outcome.value
                self.trace[fresh[outcome.object]] = outcome.value
