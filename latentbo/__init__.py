"""latentbo: Bayesian optimisation over learned latent spaces.

Begin here:

    from latentbo import Campaign, Settings, load_model

    with Campaign("run.db", Settings(seed=0)) as campaign:
        batch = campaign.ask(10)                     # a DataFrame of molecules to make or simulate
        campaign.tell(batch.assign(value=...))       # what was measured

    Campaign    ask and tell, one file a campaign           latentbo.campaign
    Settings    what a campaign is told at its beginning    latentbo.campaign.settings
    load_model  a trained space: encode, decode, surrogate  latentbo.models
    run         a campaign against an objective             latentbo.campaign.loop
    Kind        a kind of object of your own                latentbo.kinds

Where the rest is: `codecs` objects to tokens; `chemistry` edits and rules of molecules; `objectives` benchmark tasks;
`models` networks, priors, surrogate; `training` pretraining and fine-tuning; `diagnostics` is this space good;
`acquisition` where to measure next; `baselines` what to compare with; `report` pages; `integrations.ax` for Ax.
The same on the command line: `latentbo --help`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from latentbo.lazy import lazy_exports
from latentbo.version import __version__ as __version__

if TYPE_CHECKING:
    from latentbo.campaign.campaign import Campaign as Campaign
    from latentbo.campaign.loop import run as run
    from latentbo.campaign.settings import Settings as Settings
    from latentbo.kinds.base import Kind as Kind
    from latentbo.models.pretrained import load_model as load_model

_EXPORTS = {
    "Campaign": "campaign.campaign",
    "Kind": "kinds.base",
    "Settings": "campaign.settings",
    "load_model": "models.pretrained",
    "run": "campaign.loop",
}
__all__ = list(_EXPORTS)
__getattr__, __dir__ = lazy_exports(__name__, _EXPORTS)
