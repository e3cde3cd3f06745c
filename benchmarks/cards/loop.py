"""A closed loop on images: find a card of one suit at one angle in few labels, against draws from the same prior."""

from __future__ import annotations

import tempfile
from pathlib import Path

from benchmarks.cards.settings import FOUND, TARGET, Scale
from latentbo.acquisition.propose import propose_prior
from latentbo.campaign.campaign import Campaign
from latentbo.campaign.settings import Settings
from latentbo.models.dkl_vae import DKLVAE
from latentbo.objectives.cards import CardTarget

BATCH = 2


def closed_loop(model: DKLVAE, scale: Scale, seed: int) -> dict[str, float]:
    """Labels until the target was met within `FOUND` degrees, and the best after the budget, of both sides.

    A card of another suit costs a label and has no value: the campaign learns where those lie.
    """
    return {
        **_reached("campaign", _campaign(model, scale, seed)),
        **_reached("random", _random(model, scale, seed)),
    }


def _campaign(model: DKLVAE, scale: Scale, seed: int) -> list[float | None]:
    target, values = CardTarget(*TARGET), list[float | None]()
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(seed=seed, minimise=True, initial=scale.initial)
        with Campaign(Path(folder) / "cards.db", settings, model=model) as campaign:
            while len(values) < scale.budget:
                asked = campaign.ask(min(BATCH, scale.budget - len(values)))
                degrees = target(asked["image"].tolist())
                campaign.tell(asked.assign(value=degrees, reason="another suit"))
                values += degrees
    return values


def _random(model: DKLVAE, scale: Scale, seed: int) -> list[float | None]:
    drawn = propose_prior(scale.budget, model, frozenset(), lambda names: [None] * len(names), seed)
    return CardTarget(*TARGET)([each.object for each in drawn.proposals])


def _reached(name: str, values: list[float | None]) -> dict[str, float]:
    """`labels` is one more than there were where the target was not met."""
    met = [place for place, value in enumerate(values, start=1) if value is not None and value <= FOUND]
    known = [value for value in values if value is not None]
    return {
        f"loop_{name}_labels": float(met[0] if met else len(values) + 1),
        f"loop_{name}_best_degrees": min(known, default=float("nan")),
        f"loop_{name}_other_suits": float(len(values) - len(known)),
    }
