"""The methods by name: a plain dict from a name to how the method is made and how it is asked.

`make(seed, pool, model)` builds one: `pool` are the SMILES it may draw from, `model` a shipped model's name or a folder.
Every method's batch size is declared here: a genetic algorithm's offspring a generation, ten for screening, for the GP
and for ours. `tanimoto_gp_batch1` is the GP as published, one molecule a step, at ten times the price.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd

from latentbo.acquisition.proposers import Edits, Proposer, perturb
from latentbo.baselines.base import Method
from latentbo.baselines.genetic import GraphGA, SelfiesGA
from latentbo.baselines.mol_ga import MolGA
from latentbo.baselines.random_search import PriorSampling, RandomScreening
from latentbo.baselines.tanimoto_gp import TanimotoGP
from latentbo.campaign.campaign import Campaign
from latentbo.campaign.settings import RETRAIN_EVERY, Settings
from latentbo.chemistry.edits import GraphEdits
from latentbo.errors import ShortfallError, unknown_name
from latentbo.models.pretrained import load_model

Make = Callable[[int, Sequence[str], str], Method]
"""(seed, pool, model) -> method."""


@dataclass(frozen=True)
class Contender:
    """A method of the arena.

    `strict`: a string that is no new molecule costs it a call. `guess` is a first guess of the seconds a call takes, until
    a finished run tells better; it is only for the projected time. `model`: this one and not the arena's.
    """

    make: Make
    batch: int
    strict: bool = False
    uses_model: bool = False
    guess: float = 0.05
    model: str = ""


class CampaignMethod:
    """A campaign behind ask and tell: its file is temporary, the start molecules are rows of the user's own."""

    def __init__(self, settings: Settings, proposers: Mapping[str, Proposer] | None = None) -> None:
        self._folder = tempfile.TemporaryDirectory()
        try:
            self.campaign = Campaign(Path(self._folder.name) / "campaign.db", settings, proposers=proposers)
        except BaseException:
            self._folder.cleanup()
            raise

    def ask(self, n: int) -> list[str]:
        """Canonical SMILES, after a retrain where one is due; none where the campaign finds nothing new."""
        if self.campaign.retrain_due:
            self.campaign.retrain()
        try:
            return list(self.campaign.ask(n)["smiles"])
        except ShortfallError:
            return []

    def tell(self, objects: Sequence[str], values: Sequence[float | None]) -> None:
        """Record what was measured; an object without a value is a failure."""
        reasons = ["no value" if value is None else None for value in values]
        told = {"smiles": list(objects), "value": list(values), "reason": reasons}
        self.campaign.tell(pd.DataFrame(told, dtype=object))

    def close(self) -> None:
        """Close the campaign and delete its file."""
        self.campaign.close()
        self._folder.cleanup()


def _campaign(
    seed: int,
    pool: Sequence[str],
    model: str,
    *,
    proposers: Mapping[str, Proposer] | None = None,
    **settings: Any,
) -> Method:
    return CampaignMethod(Settings.from_dict({"seed": seed, "model": model, **settings}), proposers)


def _ours(proposers: Mapping[str, Proposer] | None = None, own_model: str = "", **settings: Any) -> Contender:
    """Our own method with other settings, proposers or another model than its defaults."""
    make = partial(_campaign, proposers=proposers, **settings)
    return Contender(make, batch=10, strict=True, uses_model=True, guess=0.4, model=own_model)


OURS = "latentbo"
LATENT_ONLY = f"{OURS}_latent_only"
FORMER = "zinc250k"  # the model that was shipped before
METHODS: dict[str, Contender] = {
    "random": Contender(lambda seed, pool, model: RandomScreening(pool, seed), batch=10, guess=0.01),
    "prior": Contender(
        lambda seed, pool, model: PriorSampling(load_model(model), seed),
        batch=10,
        uses_model=True,
        guess=0.02,
    ),
    "mol_ga": Contender(lambda seed, pool, model: MolGA(seed), batch=5),
    "graph_ga": Contender(lambda seed, pool, model: GraphGA(seed), batch=5),
    "selfies_ga": Contender(lambda seed, pool, model: SelfiesGA(seed), batch=5),
    "tanimoto_gp": Contender(lambda seed, pool, model: TanimotoGP(pool, seed), batch=10, guess=0.2),
    "tanimoto_gp_batch1": Contender(lambda seed, pool, model: TanimotoGP(pool, seed), batch=1, guess=1.5),
    OURS: _ours(),
    "latentbo_retrain": _ours(retrain_every=RETRAIN_EVERY),
    "latentbo_no_structure": _ours(structure=False),
    "latentbo_no_descriptors": _ours(descriptors=False),
    "latentbo_latent_kernel": _ours(structure=False, descriptors=False),
    LATENT_ONLY: _ours(edit_share=0.0),
    "latentbo_no_edit_limit": _ours(edit_share=1.0),
    "latentbo_graph_only": _ours({"graph": Edits(GraphEdits())}),
    "latentbo_no_surplus": _ours(pool_surplus=1),
    "latentbo_gradient": _ours(proposer="gradient"),
    "latentbo_turbo": _ours({"perturb": perturb}, structure=False, descriptors=False, acquisition="ts"),
    "latentbo_ucb": _ours(acquisition="ucb"),
    "latentbo_ts": _ours(acquisition="ts"),
    "latentbo_former_model": _ours(own_model=FORMER),
}
RIVALS = tuple(name for name, contender in METHODS.items() if not contender.strict)
VARIANTS = tuple(name for name, contender in METHODS.items() if contender.strict)
GROUPS = {
    "main": ("random", "mol_ga", "graph_ga", "tanimoto_gp", OURS),
    "rivals": RIVALS,
    "ablation": VARIANTS,
}


def methods_of(text: str) -> tuple[str, ...]:
    """Names of methods and groups, with commas between. Each method once, in the order given.

    Raises `InputError` for an unknown one.
    """
    found: list[str] = []
    for part in filter(None, text.split(",")):
        if part not in GROUPS and part not in METHODS:
            raise unknown_name("method", part, [*GROUPS, *METHODS])
        found += GROUPS.get(part, (part,))
    return tuple(dict.fromkeys(found))
