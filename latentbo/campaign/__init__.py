"""The closed loop: ask, make or simulate, tell. A campaign's file is read and told without torch."""

from __future__ import annotations

from typing import TYPE_CHECKING

from latentbo.lazy import lazy_exports

if TYPE_CHECKING:
    from latentbo.campaign.campaign import Campaign as Campaign
    from latentbo.campaign.history import History as History
    from latentbo.campaign.history import ObjectRecord as ObjectRecord
    from latentbo.campaign.loop import run as run
    from latentbo.campaign.retraining import Retrainer as Retrainer
    from latentbo.campaign.settings import Settings as Settings

_EXPORTS = {
    "Campaign": "campaign",
    "History": "history",
    "ObjectRecord": "history",
    "Retrainer": "retraining",
    "Settings": "settings",
    "run": "loop",
}
__all__ = list(_EXPORTS)
__getattr__, __dir__ = lazy_exports(__name__, _EXPORTS)
