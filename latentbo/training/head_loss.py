"""What the GP head thinks of the encoder: a loss with gradients into it, and a watch against learning by heart.

The head's hyperparameters t are the most probable ones at the z of the moment, fitted once a round. At such a t
the derivative of min_t N(z, t) is the partial derivative in z (envelope theorem): t needs no learning rate.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor

from latentbo.diagnostics.calibration import calibration
from latentbo.models.vae import VAE
from latentbo.training.marginal import Hyperparameters, fit_hyperparameters, negative_log_marginal, predict
from latentbo.training.recipes import FineTuneRecipe, Reach
from latentbo.training.replay import encoder_means
from latentbo.training.token_sets import TokenSet
from latentbo.types import Latents, Values

MOST_POINTS = 300  # that the watch fits hyperparameters to: four numbers do not need more


@dataclass(frozen=True, eq=False)
class Labelled:
    """Rows with standardised values, which of them the head learns from, and the box that is the unit of z."""

    rows: TokenSet
    values: Values
    learnt: Int[Tensor, " l"]
    bounds: Float[Tensor, "2 d"]

    @classmethod
    def of(
        cls, rows: TokenSet, values: Values, learnt: Int[Tensor, " l"], bounds: Float[Tensor, "2 d"]
    ) -> Labelled:
        """Standardises by the values that are learnt from; equal ones have no unit and are only centred."""
        known = values[learnt].double()
        spread = known.std() if len(known) > 1 and known.std() > 0 else torch.ones(())
        return cls(rows, (values.double() - known.mean()) / spread, learnt, bounds)

    def units(self, z: Latents) -> Latents:
        """Latent points in units of the box, in double precision."""
        low, high = self.bounds
        units: Latents = (z.double() - low) / (high - low)
        return units


class HeadTerm:
    """N of some labelled rows, a function of the encoder's weights. Its one state is t, fitted every round."""

    def __init__(self, vae: VAE, labelled: Labelled, recipe: FineTuneRecipe) -> None:
        self.vae, self.labelled, self.recipe = vae, labelled, recipe
        self._t: Hyperparameters | None = None
        self._calls = 0

    def __call__(self, points: Int[Tensor, " n"], generator: torch.Generator) -> Tensor:
        """N in nats per point; NaN, with a graph behind it, where the encoder's means are not finite."""
        with _gradients_reach(self.vae, self.recipe.reach):
            mean, log_variance = self.vae.encode(self.labelled.rows.batch(points).tokens)
        with torch.autocast(mean.device.type, enabled=False):
            if not torch.isfinite(mean).all():
                return mean.sum() * torch.nan
            # A head that has to bear the posterior's noise cannot tell objects apart by a hair.
            spread = self.recipe.gp_noise * (0.5 * log_variance.detach()).exp()
            u = self.labelled.units(mean + spread * torch.randn(mean.shape, generator=generator))
            y = self.labelled.values[points]
            if self._t is None or self._calls % self.recipe.round_steps == 0:
                self._t = fit_hyperparameters(u, y)
            self._calls += 1
            return negative_log_marginal(u, y, self._t)


class Watch:
    """How well a head predicts labelled objects that N never saw, and the weights it did so best under."""

    def __init__(self, vae: VAE, labelled: Labelled, watched: Int[Tensor, " w"]) -> None:
        self.vae, self.labelled, self.watched = vae, labelled, watched
        self.history: list[float] = []
        self._best: dict[str, Tensor] = {}
        self()

    def __call__(self) -> float:
        """Negative log predictive density of the watched objects now, nats per point; added to `history`."""
        nll = _density(self.labelled, encoder_means(self.vae, self.labelled.rows.tokens), self.watched)
        if not self.history or nll < min(self.history):
            self._best = {name: value.detach().clone() for name, value in self.vae.state_dict().items()}
        self.history.append(nll)
        return nll

    def restore_best(self) -> int:
        """Give the network its best weights back, and say from which round: 0 for those it came with."""
        self.vae.load_state_dict(self._best)
        return self.history.index(min(self.history))


def _density(labelled: Labelled, z: Latents, watched: Int[Tensor, " w"]) -> float:
    u, y, learnt = labelled.units(z), labelled.values, labelled.learnt
    some = learnt[:: -(-len(learnt) // MOST_POINTS)]
    t = fit_hyperparameters(u[some], y[some])
    return calibration(*predict(u[learnt], y[learnt], t, u[watched]), y[watched, 0]).nll


@contextmanager
def _gradients_reach(vae: VAE, reach: Reach) -> Iterator[None]:
    """Within the block, gradients of means go through the whole encoder, or stop below its last layer."""
    if reach == "encoder":
        yield
        return
    hook = vae.encoder.get_submodule("mean").register_forward_pre_hook(
        lambda _, inputs: (inputs[0].detach(),)
    )
    try:
        yield
    finally:
        hook.remove()
