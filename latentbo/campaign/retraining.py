"""When a campaign retrains its model, on what, and by which gates the result goes live."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from latentbo.campaign.history import History
from latentbo.campaign.settings import Settings
from latentbo.codecs.base import Reading
from latentbo.data.measurements import Measurements
from latentbo.errors import InputError, ShortfallError
from latentbo.models.dkl_vae import DKLVAE
from latentbo.rng import derive
from latentbo.torch_rng import stream
from latentbo.training.gates import Gates, Retrained, retrain
from latentbo.training.recipes import FineTuneRecipe
from latentbo.training.replay import dreams, generative_replay
from latentbo.training.token_sets import TokenSet

RECIPE = FineTuneRecipe(schedule="decoder", steps=20, learning_rate=1e-3, token_dropout=0.0)
"""The decoder learns to write what was found, and no latent point moves."""


def retrain_due(settings: Settings, history: History) -> bool:
    """Whether `retrain_every` new values are known since the last retrain, and `retrain_from` in all."""
    measured = len(history.with_status("measured"))
    at_last = history.encoders[-1].measured if history.encoders else 0
    every = settings.retrain_every
    return every is not None and measured >= settings.retrain_from and measured - at_last >= every


@dataclass(frozen=True)
class Retrainer:
    """Recipe, gates and replayed data of a campaign's retrains.

    `replay` and `held_out` default to what the live model itself dreams up (`rows` and `checks` prior
    samples): nobody needs the pretraining corpus at hand. Give a `TokenSet` of it, and readings kept from it,
    to use the real thing. A recipe that moves the encoder fits the prior to the replayed rows again, and wants some
    thousands of them.
    """

    recipe: FineTuneRecipe = RECIPE
    gates: Gates = field(default_factory=Gates)
    replay: TokenSet | None = None
    held_out: tuple[Reading, ...] | None = None
    rows: int = 300
    checks: int = 200

    def __call__(self, model: DKLVAE, data: Measurements, *, seed: int) -> Retrained:
        """A retrained model, or the given one with the reasons why it stays."""
        recipe = replace(self.recipe, seed=seed % 2**31)
        try:
            replay = self.replay
            if replay is None:
                replay = generative_replay(model, self.rows, derive(seed, "replay"))
            held_out = self.held_out
            if held_out is None:
                held_out = tuple(dreams(model, self.checks, stream(seed, "held out")))
            return retrain(model, data, replay, held_out, recipe, self.gates)
        except (InputError, ShortfallError) as error:  # a refusal like any other, and the campaign goes on
            return Retrained(model, False, (str(error),), {}, {}, 0.0)
