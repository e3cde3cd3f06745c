"""What the GP head thinks of the encoder: its negative log marginal likelihood, with gradients in z.

    symbol   meaning                                                   shape
    z        latent points of labelled objects                         n x d
    y        their measured values, larger is better                   n x 1
    t        the head's lengthscales, constant mean and noise s2
    K        RBF-ARD Gram matrix of z, in units of the prior's box     n x n

    N(z, t) = - 1/n log N(y; m 1, K + s2 I)

t maximises the marginal likelihood (with the priors of `LatentGP`) at the z of the moment, by L-BFGS. At such a t the
derivative of the profile likelihood min_t N(z, t) is the partial derivative in z (envelope theorem), so t needs no
learning rate, and BoTorch's constraints, which a plain Adam step leaves (pytorch/botorch#2542), are kept.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from jaxtyping import Float, Int
from torch import Tensor

from latentbo.data.dataset import TokenSet
from latentbo.errors import FitError
from latentbo.models.surrogate import LatentGP, calibration, fit_surrogate
from latentbo.models.vae import SequenceVAE
from latentbo.training.recipes import Reach, RefineRecipe
from latentbo.training.replay import encoder_means
from latentbo.types import Latents, Values


def fit_head(z: Latents, values: Values, bounds: Float[Tensor, "2 d"]) -> LatentGP:
    """A head on z alone, fitted, then held fixed. `FitError` where z is not finite or nothing fits.

    Without the structure term on purpose: what structure counts explain, z would not have to learn.
    """
    if not torch.isfinite(z).all():
        raise FitError("the encoder gives latent points that are not finite: lower the learning rate")
    head = fit_surrogate(LatentGP(z.detach().double(), values.double(), bounds=bounds)).model
    return head.requires_grad_(False)


def negative_log_marginal(head: LatentGP, z: Latents, values: Values) -> Tensor:
    """N(z, t) under the head's fixed t, in nats per point of standardised value; the points need not be those of the fit.

    NaN where z is not finite, still with a graph behind it, so that the training loop can leave the step out.
    """
    if not torch.isfinite(z).all():
        return z.sum() * torch.nan
    head.train()
    head.outcome_transform.eval()  # in training mode it would standardise by these values instead of its own
    targets, _ = head.outcome_transform(values.double())
    # `forward`, not `__call__`: it does not insist on the inputs of the fit, and caches nothing.
    return -head.likelihood(head.forward(z.double())).log_prob(targets.squeeze(-1)) / len(z)


def predictive_nll(head: LatentGP, x: Float[Tensor, "n dp"], values: Values) -> tuple[float, float]:
    """Negative log predictive density of points the head has not seen, noise of a measurement included, and the RMSE.

    In nats per point and in standard deviations: values are measured in the unit of the head's own standardisation.
    """
    head.eval()
    with torch.no_grad():
        posterior = head.posterior(x.double(), observation_noise=True)
        unit = head.outcome_transform.stdvs.squeeze()
        mean, sd = posterior.mean.squeeze(-1) / unit, posterior.variance.sqrt().squeeze(-1) / unit
    values = values.double().squeeze(-1) / unit
    return calibration(mean, sd, values).nll, float((values - mean).square().mean().sqrt())


class HeadTerm:
    """N of labelled rows, a function of the encoder's weights. Its one state is the head, fitted every `refit_every` calls."""

    def __init__(
        self,
        vae: SequenceVAE,
        rows: TokenSet,
        values: Values,
        bounds: Float[Tensor, "2 d"],
        recipe: RefineRecipe,
    ) -> None:
        self.vae, self.rows, self.values, self.bounds, self.recipe = vae, rows, values, bounds, recipe
        self._head: LatentGP | None = None
        self._calls = 0

    def __call__(self, points: Int[Tensor, " n"], generator: torch.Generator) -> Tensor:
        with _gradients_reach(self.vae, self.recipe.reach):
            mean, log_variance = self.vae.encode(self.rows.batch(points).tokens)
        with torch.autocast(mean.device.type, enabled=False):
            # A head that must bear the posterior's noise cannot tell objects apart by a hair.
            spread = self.recipe.gp_noise * (0.5 * log_variance.detach()).exp()
            z = mean + spread * torch.randn(mean.shape, generator=generator)
            if self._head is None or self._calls % self.recipe.refit_every == 0:
                self._head = fit_head(z, self.values[points], self.bounds)
            self._calls += 1
            return negative_log_marginal(self._head, z, self.values[points])


class Watch:
    """How well the head predicts labelled objects that N never saw, and the weights under which it did so best."""

    def __init__(
        self,
        vae: SequenceVAE,
        rows: TokenSet,
        values: Values,
        bounds: Float[Tensor, "2 d"],
        learnt: Int[Tensor, " n"],
        watched: Int[Tensor, " m"],
    ) -> None:
        self.vae, self.rows, self.values, self.bounds = vae, rows, values, bounds
        self.learnt, self.watched = learnt, watched
        self.history: list[float] = []
        self._best: dict[str, Tensor] = {}
        self()

    def __call__(self) -> float:
        """The negative log predictive density of the watched objects now, in nats per point; added to `history`."""
        z = encoder_means(self.vae, self.rows.tokens)
        head = fit_head(z[self.learnt], self.values[self.learnt], self.bounds)
        nll, _ = predictive_nll(head, z[self.watched], self.values[self.watched])
        if not self.history or nll < min(self.history):
            self._best = {name: value.detach().clone() for name, value in self.vae.state_dict().items()}
        self.history.append(nll)
        return nll

    def restore_best(self) -> int:
        """Give the network its best weights back, and say from which round: 0 for those it came with."""
        self.vae.load_state_dict(self._best)
        return self.history.index(min(self.history))


@contextmanager
def _gradients_reach(vae: SequenceVAE, reach: Reach) -> Iterator[None]:
    """Within the block, gradients of encoder means go back through the whole encoder, or stop below its last layer."""
    if reach == "encoder":
        yield
        return
    hook = vae.encoder.mean.register_forward_pre_hook(lambda _, inputs: (inputs[0].detach(),))
    try:
        yield
    finally:
        hook.remove()
