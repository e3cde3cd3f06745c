"""The surrogate: an ordinary BoTorch model over latent points, exact and single-output.

symbol   meaning                                                   shape
X        latents z, then descriptors u and structure counts c       b x n x (d + q + p)
         where they are used
Y        measured values, larger is better                         b x n x 1
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from copy import copy, deepcopy
from dataclasses import dataclass
from typing import Any

import torch
from botorch.exceptions import ModelFittingError
from botorch.exceptions.warnings import OptimizationWarning
from botorch.fit import fit_gpytorch_mll
from botorch.models import SingleTaskGP
from botorch.models.transforms.input import Normalize
from botorch.posteriors import GPyTorchPosterior, Posterior
from botorch.utils.constraints import LogTransformedInterval
from gpytorch.distributions import MultivariateNormal
from gpytorch.kernels import AdditiveKernel
from gpytorch.likelihoods import GaussianLikelihood
from gpytorch.means import Mean
from gpytorch.mlls import ExactMarginalLogLikelihood
from gpytorch.priors import LogNormalPrior
from jaxtyping import Float, Int
from linear_operator import to_linear_operator
from linear_operator.utils.cholesky import psd_safe_cholesky
from torch import Tensor

import latentbo.models.pathwise  # noqa: F401  (registers feature maps for the combined kernel)
from latentbo.errors import FitError, InputError
from latentbo.models.kernels import amplitudes, combined_kernel, latent_kernel
from latentbo.models.priors import Prior, spread
from latentbo.types import LatentBatch

MOST_JOINT = 1024  # single points computed jointly: beyond, their own covariance costs more than the copies
MAX_ITERATIONS = 20  # of L-BFGS: beyond, the likelihood hardly grows
NOISE = (1e-4, 10.0)  # bounds of its variance, of standardised values
MOST_FITTED = 300  # points that hyperparameters are fitted to; the posterior rests on all


class LatentGP(SingleTaskGP):
    """Exact GP on (z, u, c): RBF-ARD on z, plus RBF-ARD on `descriptors` columns u, plus MinMax on `structure`
    counts c (`models.kernels`).

    The mean is a constant, or `mean_module` of all the scaled inputs: what is known of a trend (a linear mean goes on where
    the data end). Values are standardised inside; z is scaled by the prior's spread (`bounds`, 2 x d: the box that a unit
    cube of the same standard deviation would fill), so that the lengthscale prior means the same for every
    encoder. Everything in BoTorch that takes a `SingleTaskGP` takes this: acquisition, fantasies, pathwise
    sampling, `optimize_acqf`. Raises `InputError` for inputs of another width, or none at all.
    """

    fantasies: Float[Tensor, "k dp"] | None = None
    """Points where the model's own mean is taken for measured (`with_fantasies`)."""

    def __init__(
        self,
        train_X: Float[Tensor, "*b n dp"],
        train_Y: Float[Tensor, "*b n 1"],
        *,
        bounds: Float[Tensor, "2 d"],
        structure: int = 0,
        descriptors: int = 0,
        train_Yvar: Float[Tensor, "*b n 1"] | None = None,
        mean_module: Mean | None = None,
    ) -> None:
        latent = bounds.shape[-1]
        width = latent + descriptors + structure
        if train_X.shape[-1] != width:
            raise InputError(
                f"inputs need {latent} latent + {descriptors} descriptor + {structure} structure columns, "
                f"but have {train_X.shape[-1]}"
            )
        if train_X.shape[-2] == 0:
            raise InputError("a surrogate needs at least one measured object")
        batch = train_X.shape[:-2]
        kernel = (
            combined_kernel(latent, structure, batch, descriptors=descriptors)
            if descriptors or structure
            else latent_kernel(latent, batch)
        )
        super().__init__(
            train_X,
            train_Y,
            train_Yvar=train_Yvar,
            likelihood=_learnt_noise(batch) if train_Yvar is None else None,
            covar_module=kernel,
            mean_module=mean_module,
            input_transform=Normalize(width, indices=list(range(latent)), bounds=bounds.to(train_X)),
        )
        self.latent = latent

    def posterior(self, X: LatentBatch, *args: Any, **kwargs: Any) -> Posterior:
        """As in BoTorch. Many single points (b x 1 x d) are computed as one joint posterior of b points, and so are
        batches of q that differ in their last point only (candidates beside the same baseline; not where gradients are
        wanted, for equal points may still be different variables).

        The numbers are the same; what is saved is a copy of the training inputs for each of the b batches,
        which for 256 candidates and 2,048 structure counts is most of the time of a proposal.
        """
        asked_more = any(option is not None and option is not False for option in (*args, *kwargs.values()))
        if self.training or self.batch_shape or asked_more:
            return super(LatentGP, self._conditioned()).posterior(X, *args, **kwargs)
        batch = X.dim() == 3 and 1 < X.shape[0] <= MOST_JOINT
        single = batch and X.shape[-2] == 1
        if (
            batch
            and not single
            and not X.requires_grad
            and torch.equal(X[:, :-1], X[:1, :-1].expand_as(X[:, :-1]))
        ):
            return GPyTorchPosterior(self._beside(X[0, :-1], X[:, -1]))
        if not single and self.fantasies is None:
            return super().posterior(X)
        joint = self._joint(X.squeeze(-2) if single else X)
        if not single:
            return GPyTorchPosterior(joint)
        return GPyTorchPosterior(MultivariateNormal(joint.mean[:, None], joint.variance[:, None, None]))

    def with_fantasies(self, X: Float[Tensor, "k dp"]) -> LatentGP:
        """The model after its own posterior mean was measured at each row of X ("kriging believer": Ginsbourger et
        al. 2010): means stay, variances shrink.

        It shares everything with this one. Function draws (`draw_matheron_paths`) do without the fantasies: two draws
        differ anyway.
        """
        after = copy(self)
        after.fantasies = X if self.fantasies is None else torch.cat([self.fantasies, X])
        return after

    def condition_on_observations(self, X: LatentBatch, Y: Tensor, **kwargs: Any) -> LatentGP:
        """As in BoTorch, with the fantasies among the data."""
        model: LatentGP = super(LatentGP, self._conditioned()).condition_on_observations(X, Y, **kwargs)
        return model

    def _get_test_prior_mean_and_covariances(
        self, train_inputs: Sequence[Tensor], test_inputs: Sequence[Tensor], **kwargs: Any
    ) -> tuple[Any, ...]:
        """As in GPyTorch, which for this copies the training inputs and thousands of counts of each at every call."""
        (train,), (test,) = train_inputs, test_inputs
        if kwargs or train.shape[:-2] != test.shape[:-2]:
            answer: tuple[Any, ...] = super()._get_test_prior_mean_and_covariances(
                train_inputs=train_inputs, test_inputs=test_inputs, **kwargs
            )
            return answer
        mean, own, shared = self.mean_module(test), self.covar_module(test), self.covar_module(test, train)
        return mean, own, shared, test.shape[:-2], test.shape[-2:-1], MultivariateNormal

    def _joint(self, X: Float[Tensor, "*b q dp"]) -> MultivariateNormal:
        """The posterior of q points together, given fantasies at k more.

        V' = V - C (B + noise)^-1 C^T with V, B the covariances of either group and C the one between them.
        """
        if self.fantasies is None:
            return super().posterior(X).distribution
        q, fantasies = X.shape[-2], self.fantasies.expand(*X.shape[:-2], -1, -1)
        joint = super().posterior(torch.cat([X, fantasies], dim=-2)).distribution
        covariance = joint.covariance_matrix
        shared, own = covariance[..., :q, q:], covariance[..., q:, q:]
        noise = self.likelihood.noise.detach().mean() * self.outcome_transform.stdvs.square()
        factor = psd_safe_cholesky(own + noise * torch.eye(own.shape[-1]).to(own))
        gain = torch.linalg.solve_triangular(factor, shared.transpose(-1, -2), upper=False)
        left = covariance[..., :q, :q] - gain.transpose(-1, -2) @ gain
        return MultivariateNormal(joint.mean[..., :q], to_linear_operator(left))

    def _beside(self, shared: Float[Tensor, "r dp"], each: Float[Tensor, "b dp"]) -> MultivariateNormal:
        """The posteriors of b x (r + 1) points, of which the first r are the same in each batch."""
        joint = self._joint(torch.cat([shared, each]))
        r, b = len(shared), len(each)
        rows = torch.cat([torch.arange(r).expand(b, r), r + torch.arange(b)[:, None]], dim=1).to(each.device)
        covariance = joint.covariance_matrix[rows[:, :, None], rows[:, None, :]]
        return MultivariateNormal(joint.mean[rows], to_linear_operator(covariance))

    def _conditioned(self) -> LatentGP:
        """An ordinary model that has the fantasies among its data."""
        if self.fantasies is None:
            return self
        plain = copy(self)
        plain.fantasies = None
        return plain.condition_on_observations(self.fantasies, plain.posterior(self.fantasies).mean)

    def subset_output(self, idcs: list[int]) -> LatentGP:
        """A copy: there is one output. (BoTorch's own refuses models whose kernel was given.)"""
        if list(idcs) != [0]:
            raise InputError(f"a LatentGP has output 0 only, not {list(idcs)}")
        return deepcopy(self)

    def latent_lengthscales(self) -> Float[Tensor, " d"]:
        """ARD lengthscales of the latent term, in units of the box: short where the value changes fast."""
        kernel = (
            self.covar_module.kernels[0].base_kernel
            if isinstance(self.covar_module, AdditiveKernel)
            else self.covar_module
        )
        scales: Tensor = kernel.lengthscale.detach()
        return scales.reshape(-1)


def _learnt_noise(batch_shape: torch.Size) -> GaussianLikelihood:
    """BoTorch's own prior for the noise of standardised values, fitted on a log scale like everything else."""
    prior = LogNormalPrior(-4.0, 1.0)
    bounds = LogTransformedInterval(*NOISE)
    likelihood = GaussianLikelihood(noise_prior=prior, noise_constraint=bounds, batch_shape=batch_shape)
    likelihood.noise = torch.full((*batch_shape, 1), float(prior.mode))
    return likelihood


def latent_box(prior: Prior) -> Float[Tensor, "2 d"]:
    """Bounds whose uniform distribution has the prior's mean and standard deviation: mean -+ sqrt(3) sd."""
    mean, half = prior.mean().double(), 3**0.5 * spread(prior)
    return torch.stack([mean - half, mean + half])


@dataclass(frozen=True, eq=False)
class SurrogateFit:
    """A fitted model and how it came about; `steps` names every remedy needed (none: `("lbfgs",)`).

    `amplitudes` and `noise` (a variance) are in units of the standardised values.
    """

    model: LatentGP
    steps: tuple[str, ...]
    amplitudes: tuple[float, ...]
    noise: float


def fit_surrogate(model: LatentGP) -> SurrogateFit:
    """Maximise the marginal likelihood with the priors; a failure climbs a fixed ladder, recorded in `steps`.

    The ladder: L-BFGS; once more with a hundred times the noise to start from (left out where the noise was
    given); the priors' modes without a fit. Raises `FitError` if not even those give a posterior.
    """
    defaults = {name: value.detach().clone() for name, value in model.state_dict().items()}
    learns_noise = isinstance(model.likelihood, GaussianLikelihood)
    steps: list[str] = []
    for step in ("lbfgs", "lbfgs_noisier", "prior_modes") if learns_noise else ("lbfgs", "prior_modes"):
        model.train()  # the inputs are the raw ones again, and caches of a failed step are gone
        model.load_state_dict(defaults)
        raw = model.train_inputs[0]
        try:
            if step == "lbfgs_noisier":
                model.likelihood.noise = model.likelihood.noise.detach() * 100
            if step != "prior_modes":
                _maximise(model)
            model.eval()
            with torch.no_grad():  # a graph of it would stay as long as the model does
                check = model.posterior(raw[..., :1, :])
            if not torch.isfinite(check.mean).all() or not (check.variance > 0).all():
                raise RuntimeError("the posterior at a training point is not finite")
        except (ModelFittingError, RuntimeError, ValueError) as error:
            steps.append(f"{step} failed: {(str(error).splitlines() or [type(error).__name__])[0][:120]}")
            continue
        noise = float(model.likelihood.noise.detach().mean())
        return SurrogateFit(model, (*steps, step), tuple(amplitudes(model.covar_module)), noise)
    raise FitError("no surrogate could be fitted: " + "; ".join(steps))


def _maximise(model: LatentGP) -> None:
    """Fit the hyperparameters, in training mode, to at most `MOST_FITTED` of the points."""
    x, y = model.train_inputs[0], model.train_targets
    # A noise that was given belongs to its points, and those of a batch would each have rows of their own.
    may_leave_out = isinstance(model.likelihood, GaussianLikelihood) and not model.batch_shape
    rows = _rows_to_fit(y) if may_leave_out else slice(None)
    scale = model.input_transform
    model.set_train_data(scale(x)[..., rows, :], y[..., rows], strict=False)
    del model.input_transform  # scaled already: not again at each step
    try:
        with warnings.catch_warnings():
            # Reaching the iteration cap is what the cap is for.
            warnings.filterwarnings("ignore", category=OptimizationWarning)
            fit_gpytorch_mll(
                ExactMarginalLogLikelihood(model.likelihood, model),
                optimizer_kwargs={"options": {"maxiter": MAX_ITERATIONS}},
                max_attempts=1,
            )
    finally:
        model.input_transform = scale
        model.train()
        model.set_train_data(x, y, strict=False)


def _rows_to_fit(y: Float[Tensor, " n"]) -> Int[Tensor, " m"]:
    """Rows that hyperparameters are fitted to: half of them are the best ones, where the search goes on; the others are
    spread evenly over the remaining ranks.
    """
    order = y.argsort(descending=True, stable=True)
    if len(y) <= MOST_FITTED:
        return order.sort().values
    best = MOST_FITTED // 2
    rest = torch.linspace(best, len(y) - 1, MOST_FITTED - best).round().long()
    return order[torch.cat([torch.arange(best), rest])].sort().values
