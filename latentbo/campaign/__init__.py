"""The closed loop: `Campaign` with ask and tell, its settings, and running it against an objective."""

from latentbo.campaign.campaign import Campaign
from latentbo.campaign.loop import run
from latentbo.campaign.settings import Settings

__all__ = ["Campaign", "Settings", "run"]
