"""What small campaigns are made of, and what they propose: run here and in a process of its own (`python -m`)."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pandas as pd

from latentbo.acquisition import gradient
from latentbo.acquisition.proposers import Parents
from latentbo.campaign.campaign import Campaign
from latentbo.campaign.retraining import Retrainer
from latentbo.campaign.settings import Settings
from latentbo.models.dkl_vae import DKLVAE
from latentbo.models.pretrained import load_model
from latentbo.models.surrogate import LatentGP
from latentbo.training.gates import Gates
from latentbo.training.recipes import FineTuneRecipe
from latentbo.types import Latents
from tests.acquisition.conftest import FAILED, OBJECTS, carbons

LITTLE = {
    "seed": 0,
    "initial": 6,
    "pool_rounds": 1,
    "pool_size": 20,
    "structure": False,
    "descriptors": False,
}
MORE = (
    "CCC", "C1CCCCC1", "NC1CCCCC1", "CN1CCOCC1", "CCOC(=O)c1ccccc1", "C[C@H](N)C(=O)O", "C[C@@H](N)C(=O)O",
    "Clc1ccccc1",
)  # fmt: skip
VALUES = {name: carbons(name) + 0.1 * place for place, name in enumerate(OBJECTS + MORE)}
"""Canonical objects, each with a value of its own; four of them are withheld by the gates."""
FAVOURITES = ["CCOCC", "CCNCC", "CCCCC", "CCCCO", "CCCCN", "CCCOC"]
LOOSE = Gates(reconstruction_drop=2.0, best_drop=2.0, value_drop=1e9, realism_drop=2.0, nll_rise=1e9)
CLOSED = Gates(reconstruction_drop=-2.0, nll_rise=-1e9)
QUICK = FineTuneRecipe(
    reach="encoder",
    steps=10,
    round_steps=5,
    batch_size=16,
    gp_points=16,
    watch_share=0.0,
    learning_rate=1e-2,
    bf16=False,
)


def retrainer(**changed: Any) -> Retrainer:
    """The real one: seconds of training, on what the model itself draws, behind open gates."""
    return Retrainer(**{"recipe": QUICK, "gates": LOOSE, "rows": 40, "checks": 12, **changed})


def known(campaign: Campaign) -> None:
    """`VALUES`, and four failures."""
    rows = [(name, value, None) for name, value in VALUES.items()]
    rows += [(name, None, "torn") for name in FAILED]
    campaign.tell(pd.DataFrame(rows, columns=["smiles", "value", "reason"], dtype=object))


def favourites(parents: Parents, n: int, seed: int) -> list[str]:
    """A proposer that always gives the same."""
    return FAVOURITES


def quick_gradient() -> dict[str, int]:
    """Constants of `acquisition.gradient` that make it quick, and its optima depend on where the climb began."""
    return {"RESTARTS": 1, "RAW_SAMPLES": 1, "ITERATIONS": 1}


def proposals(model: DKLVAE, folder: Path) -> dict[str, Any]:
    """What new campaigns propose in each way, and what one does that is brought back to its first encoder.

    `folder` has a campaign before its retrain (`before.db`) and after (`after.db`).
    """
    found: dict[str, Any] = {}
    with Campaign(folder / "new.db", Settings(**LITTLE), model=model) as campaign:
        found["start"] = listed(campaign.ask(3))
        known(campaign)
        found["pool"] = listed(campaign.ask(3))
        found["pending"] = listed(campaign.ask(2))
    with Campaign(
        folder / "thompson.db", Settings(**{**LITTLE, "acquisition": "ts"}), model=model
    ) as campaign:
        known(campaign)
        found["thompson"] = listed(campaign.ask(3))
    with Campaign(
        folder / "climbs.db", Settings(**{**LITTLE, "proposer": "gradient"}), model=model
    ) as campaign:
        known(campaign)
        found["gradient"] = listed(campaign.ask(5))
    with Campaign(folder / "before.db", model=model, retrainer=retrainer()) as campaign:
        found["retrain"] = campaign.retrain().encoder
    with Campaign(folder / "after.db", model=model) as campaign:
        campaign.roll_back(campaign.history.base_encoder)
        found["rolled back"] = listed(campaign.ask(3))
    return found


def latents_of(surrogate: LatentGP) -> Latents:
    """The latent points that it was trained on, as they were given."""
    return surrogate.input_transform.untransform(surrogate.train_inputs[0])[:, : surrogate.latent]


def listed(frame: pd.DataFrame) -> list[list[Any]]:
    """A frame's rows, as JSON gives them back."""
    return json.loads(json.dumps(frame.astype(object).where(frame.notna(), None).to_numpy().tolist()))


if __name__ == "__main__":
    for name, value in quick_gradient().items():
        setattr(gradient, name, value)
    here = Path(sys.argv[1])
    print(json.dumps(proposals(load_model(here / "model"), here)))
