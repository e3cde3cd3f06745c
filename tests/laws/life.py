"""A campaign that has lived through a real retrain and a roll-back, with copies of its file made on the way."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from latentbo.acquisition.context import ProposalContext
from latentbo.acquisition.feasibility import Feasibility
from latentbo.campaign.campaign import Campaign
from latentbo.campaign.history import EncoderEvent, History
from latentbo.campaign.settings import Settings
from latentbo.models.dkl_vae import DKLVAE
from tests.laws.small import LITTLE, known, listed, retrainer

Rows = list[list[Any]]


@dataclass(frozen=True, eq=False)
class Life:
    """What was seen of a campaign that asked, retrained, asked, was rolled back, and asked.

    `before`, `after` and `later` are copies of its file: from before the retrain, after it, and after the ask behind it.
    """

    folder: Path
    base: DKLVAE
    waiting: tuple[str, ...]
    """Pending while it was retrained."""
    event: EncoderEvent
    model: DKLVAE
    context: ProposalContext
    feasibility: Feasibility
    new: Rows
    """What it asked for by the new encoder."""
    history: History
    """After that."""
    back: DKLVAE
    back_context: ProposalContext
    old: Rows
    """What it asked for by the old encoder again."""

    def copied(self, name: str, folder: Path) -> Path:
        """A copy of one of the copies, to go on with."""
        folder.mkdir(exist_ok=True)
        return Path(shutil.copy(self.folder / f"{name}.db", folder / f"{name}.db"))


def live(base: DKLVAE, folder: Path) -> Life:
    path = folder / "run.db"
    with Campaign(path, Settings(**LITTLE), model=base, retrainer=retrainer()) as campaign:
        known(campaign)
        campaign.ask(2)  # everything there is has been encoded by the first encoder
        waiting = tuple(campaign.pending()["smiles"])
        shutil.copy(path, folder / "before.db")
        event = campaign.retrain()
        shutil.copy(path, folder / "after.db")
        seen = (campaign.model, campaign.context(campaign.surrogate()), campaign.feasibility())
        new, history = listed(campaign.ask(3)), campaign.history
        shutil.copy(path, folder / "later.db")
        campaign.roll_back(base.id)
        back = (campaign.model, campaign.context(campaign.surrogate()), listed(campaign.ask(3)))
    return Life(folder, base, waiting, event, *seen, new, history, *back)
