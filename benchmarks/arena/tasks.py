"""The arena's tasks and protocols, written out.

Tasks are names of `latentbo.objectives`. The 17 are the tasks of the PMO benchmark that need RDKit alone and give a
signal from the first call; three more are reported apart, because they are won or lost by one substructure. PMO's other
three (DRD2, GSK3b, JNK3) are trained classifiers and are not here.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal, NamedTuple

from latentbo.errors import InputError, unknown_name
from latentbo.objectives.molecules import OBJECTIVES

SEVENTEEN = (
    "albuterol_similarity", "amlodipine_mpo", "celecoxib_rediscovery", "fexofenadine_mpo", "isomers_c7h8n2o2",
    "isomers_c9h10n2o2pf2cl", "median1", "median2", "mestranol_similarity", "osimertinib_mpo", "perindopril_mpo", "qed",
    "ranolazine_mpo", "sitagliptin_mpo", "thiothixene_rediscovery", "troglitazone_rediscovery", "zaleplon_mpo",
)  # fmt: skip
APART = ("valsartan_smarts", "deco_hop", "scaffold_hop")
TUNING = ("median1", "zaleplon_mpo", "perindopril_mpo", "ranolazine_mpo")
"""The only tasks that a choice in the default method may rest on; the other 13 of the 17 are test."""
LOW_BUDGET = (
    "median2", "perindopril_mpo", "amlodipine_mpo", "zaleplon_mpo", "osimertinib_mpo", "ranolazine_mpo",
    "valsartan_smarts",
)  # fmt: skip
GROUPS = {"17": SEVENTEEN, "apart": APART, "tuning": TUNING, "low7": LOW_BUDGET}

UNBOUNDED = ("chemvae", "penalized_logp", "logp")  # every other objective lies in [0, 1]
PUBLISHED_BEST: dict[str, tuple[float, float | None]] = {
    "median2": (0.232, 0.249),
    "perindopril_mpo": (0.528, 0.642),
    "amlodipine_mpo": (0.600, 0.603),
    "zaleplon_mpo": (0.416, 0.458),
    "osimertinib_mpo": (0.826, 0.850),
    "ranolazine_mpo": (0.812, 0.659),
    "valsartan_smarts": (0.546, None),
}
"""Best value after the low-budget protocol as published: (Mol GA, GP with a genetic acquisition optimiser)."""


class Setting(NamedTuple):
    """What runs must share to be compared: a protocol's name, its budget in calls, its number of start molecules."""

    protocol: str
    budget: int
    start_count: int


@dataclass(frozen=True)
class Protocol:
    """How runs are made comparable.

    `budget` counts every oracle call, those for the start molecules among them. `start` says what those are: `count`
    random ZINC molecules drawn by the seed, or the published list, the same for all seeds. Raises `InputError` for an
    unknown task, and a budget that the start molecules exceed.
    """

    name: str
    tasks: tuple[str, ...]
    budget: int
    seeds: tuple[int, ...]
    start: Literal["zinc", "published"] = "zinc"
    start_count: int = 100

    def __post_init__(self) -> None:
        for task in self.tasks:
            if task not in OBJECTIVES:
                raise unknown_name("task", task, OBJECTIVES)
        if not 1 <= self.start_count <= self.budget:
            raise InputError(
                f"{self.name}: a budget of {self.budget} calls cannot hold {self.start_count} start molecules: "
                "they are calls too"
            )

    @property
    def setting(self) -> Setting:
        """That of its runs."""
        return Setting(self.name, self.budget, self.start_count)

    def smoke(self) -> Protocol:
        """The same in a minute: the first task, one seed, 10 start molecules and 20 calls more."""
        return replace(self, tasks=self.tasks[:1], seeds=self.seeds[:1], budget=30, start_count=10)


PROTOCOLS = {
    protocol.name: protocol
    for protocol in (
        Protocol("auc1k", (*SEVENTEEN, *APART), 1_000, (0, 1, 2)),
        Protocol("low_budget", LOW_BUDGET, 600, tuple(range(10)), start="published"),
        Protocol("pmo10k", (*SEVENTEEN, *APART), 10_000, (0, 1, 2)),
        Protocol("chemvae", ("chemvae",), 1_000, (0, 1, 2)),
    )
}


def tasks_of(text: str) -> tuple[str, ...]:
    """Names of tasks and groups, with commas between: "17", "tuning,qed". Each task once, in the order given.

    Raises `InputError` for an unknown one.
    """
    found: list[str] = []
    for part in filter(None, text.split(",")):
        if part not in GROUPS and part not in OBJECTIVES:
            raise unknown_name("task", part, [*GROUPS, *OBJECTIVES])
        found += GROUPS.get(part, (part,))
    return tuple(dict.fromkeys(found))
