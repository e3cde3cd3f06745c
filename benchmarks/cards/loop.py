"""A closed loop on images: find a card of one suit at one angle in few labels, against draws from the same prior."""

from __future__ import annotations

import tempfile
from pathlib import Path

from benchmarks.cards.settings import FOUND, TARGET, Size
from benchmarks.cards.target import CardTarget
from latentbo.acquisition.start import propose_prior
from latentbo.campaign.campaign import Campaign
from latentbo.campaign.settings import Settings
from latentbo.models.dkl_vae import DKLVAE

BATCH = 2


def closed_loop(model: DKLVAE, size: Size, seed: int) -> dict[str, float]:
    """Labels until the target was met within `FOUND` degrees, and the best after the budget, of both sides.

    A card of another suit costs a label and has no value: the campaign learns where those lie.
    """
    return {
        **_reached("campaign", _campaign(model, size, seed)),
        **_reached("random", _random(model, size, seed)),
    }


def _campaign(model: DKLVAE, size: Size, seed: int) -> list[float | None]:
    target, values = CardTarget(*TARGET), list[float | None]()
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(seed=seed, minimise=True, initial=size.initial)
        with Campaign(Path(folder) / "cards.db", settings, model=model) as campaign:
            while len(values) < size.budget:
                asked = campaign.ask(min(BATCH, size.budget - len(values)))
                degrees = target(asked["image"].tolist())
                campaign.tell(asked.assign(value=degrees, reason="another suit"))
                values += degrees
    return values


def _random(model: DKLVAE, size: Size, seed: int) -> list[float | None]:
    drawn = propose_prior(size.budget, model, frozenset(), lambda names: [None] * len(names), seed)
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
