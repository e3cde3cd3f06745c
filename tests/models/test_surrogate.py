"""The contract: `LatentGP` is what stock BoTorch expects, its posterior the textbook's, and fits are honest."""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest
import torch
from botorch.acquisition import (
    AcquisitionFunction,
    LogExpectedImprovement,
    UpperConfidenceBound,
    qKnowledgeGradient,
    qLogExpectedImprovement,
    qLogNoisyExpectedImprovement,
)
from botorch.acquisition.thompson_sampling import PathwiseThompsonSampling
from botorch.exceptions import ModelFittingError
from botorch.generation import MaxPosteriorSampling
from botorch.models import ModelListGP, SingleTaskGP
from botorch.optim import optimize_acqf
from botorch.sampling import SobolQMCNormalSampler
from botorch.sampling.pathwise import draw_matheron_paths
from gpytorch.mlls import ExactMarginalLogLikelihood
from torch import Tensor

from latentbo.diagnostics.calibration import Calibration, calibration
from latentbo.errors import FitError, InputError
from latentbo.models import surrogate
from latentbo.models.kernels import amplitudes
from latentbo.models.priors import GaussianMixture
from latentbo.models.surrogate import LatentGP, SurrogateFit, fit_surrogate, latent_box
from latentbo.torch_rng import global_stream

D, P, N = 3, 12, 14
BOX = torch.tensor([[-2.0] * D, [4.0] * D], dtype=torch.float64)


def inputs(structure: int, *shape: int, seed: int = 0) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    z = 1.0 + torch.randn(*shape, D, generator=generator, dtype=torch.float64)
    c = torch.poisson(torch.full((*shape, structure), 0.7).double(), generator=generator)
    return torch.cat([z, c], dim=-1)


def values(x: Tensor) -> Tensor:
    """A smooth function of z and of the counts, far from standardised."""
    return 50.0 + 10.0 * (torch.sin(x[..., :1]) + 0.3 * x[..., 1:2] + 0.2 * x[..., D:].sum(-1, keepdim=True))


def untrained(structure: int = 0, *batch: int, n: int = N, noise: float | None = None) -> LatentGP:
    x = inputs(structure, *batch, n)
    y = values(x)
    return LatentGP(
        x, y, bounds=BOX, structure=structure, train_Yvar=None if noise is None else torch.full_like(y, noise)
    )


@pytest.fixture(scope="module", params=[0, P], ids=["latent", "structure"])
def fit(request: pytest.FixtureRequest) -> SurrogateFit:
    return fit_surrogate(untrained(request.param))


@pytest.fixture
def model(fit: SurrogateFit) -> LatentGP:
    return fit.model


@pytest.fixture
def structure(model: LatentGP) -> int:
    return model.train_inputs[0].shape[-1] - D


def textbook(model: LatentGP, x: Tensor, y: Tensor, at: Tensor) -> tuple[Tensor, Tensor]:
    """Mean and variance of an exact GP from its hyperparameters (Rasmussen & Williams 2006, algorithm 2.1)."""
    scaled, at = ((part - 0.0).clone() for part in (x, at))
    for part in (scaled, at):
        part[:, :D] = (part[:, :D] - BOX[0]) / (BOX[1] - BOX[0])
    kernel = model.covar_module
    terms = list(getattr(kernel, "kernels", [kernel]))
    lengths = getattr(terms[0], "base_kernel", terms[0]).lengthscale.detach()

    def k(a: Tensor, b: Tensor) -> Tensor:
        rbf = (-0.5 * ((a[:, None, :D] - b[None, :, :D]) / lengths).square().sum(-1)).exp()
        if len(terms) == 1:
            return rbf
        low = torch.minimum(a[:, None, D:], b[None, :, D:]).sum(-1)
        high = torch.maximum(a[:, None, D:], b[None, :, D:]).sum(-1)
        minmax = torch.where(high > 0, low / high.clamp(min=1), 1.0)
        return terms[0].outputscale.detach() * rbf + terms[1].outputscale.detach() * minmax

    centre, scale = y.mean(), y.std()
    constant = model.mean_module.constant.detach()
    gram = k(scaled, scaled) + model.likelihood.noise.detach() * torch.eye(len(x), dtype=x.dtype)
    cross = k(at, scaled)
    weights = torch.linalg.solve(gram, (y[:, 0] - centre) / scale - constant)
    mean = centre + scale * (constant + cross @ weights)
    variance = k(at, at).diagonal() - (cross @ torch.linalg.solve(gram, cross.T)).diagonal()
    return mean, variance * scale**2


def test_the_posterior_is_the_textbook_s(model: LatentGP, structure: int) -> None:
    x = inputs(structure, N)
    at = inputs(structure, 9, seed=1)
    mean, variance = textbook(model, x, values(x), at)
    posterior = model.posterior(at)
    torch.testing.assert_close(posterior.mean[:, 0].detach(), mean, rtol=1e-6, atol=1e-6)
    torch.testing.assert_close(posterior.variance[:, 0].detach(), variance, rtol=1e-5, atol=1e-6)
    noise = model.likelihood.noise.detach() * values(x).var()
    noisy = model.posterior(at, observation_noise=True).variance[:, 0].detach()
    torch.testing.assert_close(noisy, variance + noise, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("batch", [(), (5,)])
def test_covariances_with_the_data_are_those_of_gpytorch(
    model: LatentGP, structure: int, batch: tuple[int, ...]
) -> None:
    model.posterior(inputs(structure, 1))  # makes what only the data decide
    asked = {"train_inputs": model.train_inputs, "test_inputs": [inputs(structure, *batch, 4, seed=1)]}
    found = model._get_test_prior_mean_and_covariances(**asked)
    expected = SingleTaskGP._get_test_prior_mean_and_covariances(model, **asked)
    assert found[3:] == expected[3:]
    for own, theirs in zip(found[1:3], expected[1:3], strict=True):
        torch.testing.assert_close(own.to_dense(), theirs.to_dense(), rtol=0.0, atol=1e-14)
    torch.testing.assert_close(found[0], expected[0])


@pytest.mark.parametrize("batch", [(), (1,), (5,), (2, 3), (1, 1)])
@pytest.mark.parametrize("q", [1, 4])
def test_a_batch_is_its_parts(model: LatentGP, structure: int, batch: tuple[int, ...], q: int) -> None:
    x = inputs(structure, *batch, q, seed=2)
    posterior = model.posterior(x)
    assert posterior.mean.shape == posterior.variance.shape == (*batch, q, 1)
    assert posterior.mean.dtype == torch.float64
    assert posterior.rsample(torch.Size([3])).shape == (3, *batch, q, 1)
    for part, mean, variance in zip(
        x.reshape(-1, q, x.shape[-1]),
        posterior.mean.reshape(-1, q, 1),
        posterior.variance.reshape(-1, q, 1),
        strict=True,
    ):
        alone = SingleTaskGP.posterior(model, part)
        torch.testing.assert_close(mean, alone.mean, rtol=1e-8, atol=1e-8)
        torch.testing.assert_close(variance, alone.variance, rtol=1e-6, atol=1e-8)


def test_single_points_have_the_gradients_and_samples_of_single_points(
    model: LatentGP, structure: int
) -> None:
    """Of what `posterior` computes jointly: nothing of the other points may show."""
    x = inputs(structure, 6, 1, seed=3)
    found = []
    for posterior in (model.posterior, lambda X: SingleTaskGP.posterior(model, X)):
        leaf = x.clone().requires_grad_()
        out = posterior(leaf)
        (out.mean.sum() + out.variance.sum()).backward()
        draws = SobolQMCNormalSampler(torch.Size([8]), seed=0)(posterior(x))
        found.append((leaf.grad[..., :D], draws, out.distribution.covariance_matrix))
    for ours, plain in zip(*found, strict=True):
        assert ours.shape == plain.shape
        torch.testing.assert_close(ours, plain, rtol=1e-5, atol=1e-6)


def stock(model: LatentGP, structure: int) -> dict[str, AcquisitionFunction]:
    baseline = inputs(structure, N)
    sampler = SobolQMCNormalSampler(torch.Size([16]), seed=0)
    return {
        "qlogei": qLogExpectedImprovement(model, best_f=60.0, sampler=sampler),
        "qlognei": qLogNoisyExpectedImprovement(model, baseline, sampler=sampler, prune_baseline=True),
    }


def analytic(model: LatentGP) -> dict[str, AcquisitionFunction]:
    return {"logei": LogExpectedImprovement(model, best_f=60.0), "ucb": UpperConfidenceBound(model, beta=2.0)}


@pytest.mark.parametrize("b", [1, 5])
def test_stock_acquisitions_take_it(model: LatentGP, structure: int, b: int) -> None:
    single, joint = inputs(structure, b, 1, seed=4), inputs(structure, b, 3, seed=4)
    for name, acquisition in (analytic(model) | stock(model, structure)).items():
        for x in [single] if name in ("logei", "ucb") else [single, joint]:
            x = x.clone().requires_grad_()
            score = acquisition(x)
            assert score.shape == (b,), name
            assert torch.isfinite(score).all(), name
            score.sum().backward()
            assert x.grad is not None
            assert x.grad[..., :D].abs().sum() > 0, name


def test_expected_improvement_is_the_integral(model: LatentGP, structure: int) -> None:
    x = inputs(structure, 4, 1, seed=5)
    posterior = model.posterior(x)
    mean, sd = posterior.mean.squeeze().detach(), posterior.variance.sqrt().squeeze().detach()
    best = float(mean.median())
    nodes = torch.linspace(-9, 9, 20_001, dtype=torch.float64)
    density = (-0.5 * nodes.square()).exp() / math.sqrt(2 * math.pi)
    improvement = (mean[:, None] + sd[:, None] * nodes - best).clamp(min=0)
    expected = torch.trapezoid(improvement * density, nodes)
    found = LogExpectedImprovement(model, best_f=best)(x).exp()
    torch.testing.assert_close(found.detach(), expected, rtol=1e-4, atol=1e-8)


def test_knowledge_gradient_fantasises_with_it(model: LatentGP, structure: int) -> None:
    sampler = SobolQMCNormalSampler(torch.Size([4]), seed=0)
    acquisition = qKnowledgeGradient(model, num_fantasies=4, sampler=sampler)
    x = inputs(structure, 2, 1 + 4, seed=6)
    assert acquisition(x).shape == (2,)
    found = (
        acquisition.evaluate(x[:, :1], bounds=BOX, num_restarts=1, raw_samples=4) if not structure else None
    )
    assert found is None or torch.isfinite(found).all()


@pytest.mark.parametrize("shape", [(7, 1), (7, 2)])
def test_pathwise_thompson_sampling_takes_it(model: LatentGP, structure: int, shape: tuple[int, int]) -> None:
    x = inputs(structure, *shape, seed=7).requires_grad_()
    with global_stream(0):
        acquisition = PathwiseThompsonSampling(model)
        score = acquisition(x)
    assert score.shape == (7,)
    assert torch.equal(acquisition(x), score), "a draw is one function"
    score.sum().backward()
    assert x.grad is not None
    assert x.grad[..., :D].abs().sum() > 0


def test_paths_have_the_posterior_s_moments(model: LatentGP, structure: int) -> None:
    x = inputs(structure, 6, seed=8)
    with global_stream(1):
        drawn = draw_matheron_paths(model, torch.Size([2000]))(x).detach()
    posterior = model.posterior(x)
    mean, sd = posterior.mean[:, 0].detach(), posterior.variance[:, 0].sqrt().detach()
    assert drawn.shape == (2000, 6)
    assert ((drawn.mean(0) - mean) / sd).abs().max() < 0.15
    torch.testing.assert_close(drawn.std(0), sd, rtol=0.15, atol=0.0)
    joint = posterior.distribution.covariance_matrix.detach()
    torch.testing.assert_close(torch.cov(drawn.T), joint, atol=0.15 * float(joint.max()), rtol=0.0)


def test_posterior_sampling_picks_from_a_pool(model: LatentGP, structure: int) -> None:
    pool = inputs(structure, 40, seed=9)
    with global_stream(2):
        picked = MaxPosteriorSampling(model, replacement=False)(pool, num_samples=5)
    assert picked.shape == (5, pool.shape[1])
    assert all((pool == row).all(1).any() for row in picked)
    assert len(picked.unique(dim=0)) == 5


def test_optimisers_climb_it() -> None:
    model = fit_surrogate(untrained()).model
    acquisition = UpperConfidenceBound(model, beta=1.0)
    with global_stream(3):
        best, score = optimize_acqf(acquisition, BOX, q=1, num_restarts=2, raw_samples=16)
    rival = acquisition(BOX[0] + (BOX[1] - BOX[0]) * torch.rand(200, 1, D, dtype=torch.float64))
    assert best.shape == (1, D)
    assert ((best >= BOX[0]) & (best <= BOX[1])).all()
    rival = rival.detach()
    assert float(score) >= float(rival.max()) - 0.05 * float(rival.max() - rival.min())


def test_knowledge_gradient_is_optimised_jointly() -> None:
    model = fit_surrogate(untrained()).model
    with global_stream(4):
        best, score = optimize_acqf(
            qKnowledgeGradient(model, num_fantasies=2),
            BOX,
            q=1,
            num_restarts=1,
            raw_samples=4,
            options={"maxiter": 3},
        )
    assert best.shape == (1, D)
    assert torch.isfinite(score)


def test_model_lists_take_it(model: LatentGP, structure: int) -> None:
    other = fit_surrogate(untrained(structure)).model
    pair = ModelListGP(model, other)
    x = inputs(structure, 4, 2, seed=10)
    posterior = pair.posterior(x)
    assert posterior.mean.shape == (4, 2, 2)
    torch.testing.assert_close(posterior.mean[..., :1], model.posterior(x).mean)
    torch.testing.assert_close(pair.subset_output([1]).posterior(x).mean, other.posterior(x).mean)


def test_one_output_is_all_of_it(model: LatentGP, structure: int) -> None:
    assert model.num_outputs == 1
    assert model.batch_shape == torch.Size()
    x = inputs(structure, 3, seed=11)
    only = model.subset_output([0])
    assert isinstance(only, LatentGP)
    torch.testing.assert_close(only.posterior(x).mean, model.posterior(x).mean)
    for idcs in ([], [1], [0, 0]):
        with pytest.raises(InputError, match="output 0 only"):
            model.subset_output(idcs)


def test_conditioning_is_a_refit_with_the_same_hyperparameters(model: LatentGP, structure: int) -> None:
    x, more, at = (inputs(structure, n, seed=seed) for n, seed in ((N, 0), (3, 12), (5, 13)))
    extended = model.condition_on_observations(more, values(more))
    # Standardised with the first data's mean and deviation, which is what conditioning keeps.
    y = torch.cat([values(x), values(more)])
    rebuilt = LatentGP(torch.cat([x, more]), y, bounds=BOX, structure=structure)
    rebuilt.load_state_dict(model.state_dict())
    targets, _ = model.outcome_transform(y)
    rebuilt.set_train_data(targets=targets[:, 0], strict=False)
    rebuilt.eval()
    found, expected = extended.posterior(at), rebuilt.posterior(at)
    torch.testing.assert_close(found.mean, expected.mean, rtol=1e-5, atol=1e-5)
    torch.testing.assert_close(found.variance, expected.variance, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("b", [2, 7])
def test_candidates_beside_one_baseline_are_their_parts(model: LatentGP, structure: int, b: int) -> None:
    """What differs in the last point only is computed jointly: nothing of the other candidates may show."""
    baseline, each = inputs(structure, 4, seed=3), inputs(structure, b, 1, seed=4)
    at = torch.cat([baseline.expand(b, -1, -1), each], dim=-2)
    for fantasise in (False, True):
        asked = model.with_fantasies(inputs(structure, 2, seed=12)) if fantasise else model
        together = asked.posterior(at)
        assert together.mean.shape == (b, 5, 1)
        for place in range(b):
            alone = asked.posterior(at[place])
            torch.testing.assert_close(together.mean[place], alone.mean)
            torch.testing.assert_close(
                together.distribution.covariance_matrix[place], alone.distribution.covariance_matrix
            )
    at.requires_grad_()
    (gradient,) = torch.autograd.grad(model.posterior(at).mean.sum(), at)
    assert bool((gradient[..., :D] != 0).any(-1).all())  # each of the equal points has its own


@pytest.mark.parametrize("shape", [(5,), (5, 1), (4, 2), (1, 1)])
def test_fantasies_condition_on_the_models_own_mean(
    model: LatentGP, structure: int, shape: tuple[int, ...]
) -> None:
    fantasies, at = inputs(structure, 3, seed=12), inputs(structure, *shape, seed=13)
    expected = model.condition_on_observations(fantasies, model.posterior(fantasies).mean)
    after = model.with_fantasies(fantasies[:1]).with_fantasies(fantasies[1:])
    for options in ({}, {"observation_noise": True}):
        found, conditioned = after.posterior(at, **options), expected.posterior(at, **options)
        assert found.mean.shape == conditioned.mean.shape == (*shape, 1)
        torch.testing.assert_close(found.mean, conditioned.mean, rtol=1e-6, atol=1e-6)
        torch.testing.assert_close(found.variance, conditioned.variance, rtol=1e-4, atol=1e-5)
    joint = after.posterior(at).distribution.covariance_matrix
    torch.testing.assert_close(
        joint, expected.posterior(at).distribution.covariance_matrix, rtol=1e-4, atol=1e-5
    )
    assert (model.posterior(at).variance > after.posterior(at).variance).all()  # the model itself has none


def test_what_is_measured_after_fantasies_counts_too(model: LatentGP, structure: int) -> None:
    fantasies, more, at = (inputs(structure, n, seed=seed) for n, seed in ((2, 12), (3, 14), (5, 13)))
    both = torch.cat([fantasies, more])
    y = torch.cat([model.posterior(fantasies).mean, values(more)])
    found = model.with_fantasies(fantasies).condition_on_observations(more, values(more)).posterior(at)
    expected = model.condition_on_observations(both, y).posterior(at)
    torch.testing.assert_close(found.mean, expected.mean, rtol=1e-5, atol=1e-5)
    torch.testing.assert_close(found.variance, expected.variance, rtol=1e-4, atol=1e-5)


def test_fantasies_where_the_noise_was_given(structure: int) -> None:
    model = fit_surrogate(untrained(structure, noise=4.0)).model
    fantasies, at = inputs(structure, 2, seed=12), inputs(structure, 5, seed=13)
    noise = 4.0 / model.outcome_transform.stdvs.square().expand(2, 1)  # BoTorch takes it standardised
    expected = model.condition_on_observations(fantasies, model.posterior(fantasies).mean, noise=noise)
    torch.testing.assert_close(
        model.with_fantasies(fantasies).posterior(at).variance,
        expected.posterior(at).variance,
        rtol=1e-4,
        atol=1e-5,
    )


def test_a_fit_finds_which_axes_matter() -> None:
    """Of twelve axes one matters: in the few steps there are, the others' lengthscales must grow far beyond it."""
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(60, 12, generator=generator, dtype=torch.float64)
    box = torch.tensor([[-(3**0.5)] * 12, [3**0.5] * 12], dtype=torch.float64)
    model = fit_surrogate(LatentGP(x, torch.sin(2 * x[:, :1]), bounds=box)).model
    lengths = model.latent_lengthscales()
    assert lengths[1:].min() > 10 * lengths[0]
    new = torch.randn(40, 12, generator=generator, dtype=torch.float64)
    assert (model.posterior(new).mean - torch.sin(2 * new[:, :1])).square().mean() < 0.01


def test_fantasies_agree_with_the_model_on_average(model: LatentGP, structure: int) -> None:
    at, more = inputs(structure, 4, seed=14), inputs(structure, 2, seed=15)
    fantasies = model.fantasize(more, SobolQMCNormalSampler(torch.Size([256]), seed=0))
    posterior = fantasies.posterior(at)
    assert posterior.mean.shape == (256, 4, 1)
    now = model.posterior(at)
    assert ((posterior.mean.mean(0) - now.mean) / now.variance.sqrt()).abs().max() < 0.1
    assert (posterior.variance <= now.variance * (1 + 1e-6)).all()


def test_looking_changes_nothing(model: LatentGP, structure: int) -> None:
    """Law 3: `posterior` never trains anything."""
    before = {name: value.clone() for name, value in model.state_dict().items()}
    x = inputs(structure, 5, 2, seed=16)
    first = model.posterior(x).mean.detach().clone()
    for acquisition in (analytic(model) | stock(model, structure)).values():
        acquisition(x[:, :1])
    model.fantasize(x[0], SobolQMCNormalSampler(torch.Size([2]), seed=0))
    draw_matheron_paths(model, torch.Size([2]))(x[:, 0])
    after = model.state_dict()
    assert all(torch.equal(value, after[name]) for name, value in before.items())
    torch.testing.assert_close(model.posterior(x).mean.detach(), first)
    assert not model.training


@pytest.mark.parametrize("structure", [0, P])
@pytest.mark.parametrize("n", [1, 2, 5])
def test_few_points_are_enough(structure: int, n: int) -> None:
    found = fit_surrogate(untrained(structure, n=n))
    posterior = found.model.posterior(inputs(structure, 3, seed=1))
    assert torch.isfinite(posterior.mean).all()
    assert (posterior.variance > 0).all()


@pytest.mark.parametrize("structure", [0, P])
def test_models_fit_in_batches(structure: int) -> None:
    found = fit_surrogate(untrained(structure, 2))
    posterior = found.model.posterior(inputs(structure, 4, seed=1))
    assert posterior.mean.shape == (2, 4, 1)
    assert found.steps == ("lbfgs",)


def test_values_of_no_spread_are_fitted() -> None:
    x = inputs(0, 6)
    found = fit_surrogate(LatentGP(x, torch.full((6, 1), 3.0, dtype=torch.float64), bounds=BOX))
    torch.testing.assert_close(found.model.posterior(x).mean, torch.full((6, 1), 3.0, dtype=torch.float64))


def test_shapes_that_do_not_fit_are_refused() -> None:
    x = inputs(P, 4)
    with pytest.raises(
        InputError, match=rf"3 latent \+ 0 descriptor \+ 0 structure columns, but have {D + P}"
    ):
        LatentGP(x, values(x), bounds=BOX)
    with pytest.raises(InputError, match="at least one measured"):
        LatentGP(x[:0], values(x)[:0], bounds=BOX, structure=P)


def test_a_smooth_function_is_learnt() -> None:
    """Held out: better than the mean predictor by far, and honest about it."""
    x, at = inputs(0, 60), inputs(0, 200, seed=20)
    truth, clean = values(at), values(x)
    noise = torch.randn(60, 1, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    model = fit_surrogate(LatentGP(x, clean + 0.3 * noise, bounds=BOX)).model
    posterior = model.posterior(at)
    error = (posterior.mean.detach() - truth).square().mean()
    assert float(error) < 0.1 * float(truth.var())
    sd = posterior.variance.sqrt()
    ours = calibration(posterior.mean, sd, truth)
    flat = calibration(clean.mean().expand(200, 1), clean.std().expand(200, 1), truth)
    assert ours.nll < flat.nll - 0.5
    assert 0.8 < ours.coverage <= 1.0


def test_structure_helps_where_the_value_is_in_the_structure() -> None:
    x, at = inputs(P, 40), inputs(P, 100, seed=21)

    def y(x: Tensor) -> Tensor:
        return x[:, D : D + 4].sum(1, keepdim=True) - x[:, D + 4 : D + 8].sum(1, keepdim=True)

    errors = []
    for p in (0, P):
        model = fit_surrogate(LatentGP(x[:, : D + p], y(x), bounds=BOX, structure=p)).model
        errors.append(float((model.posterior(at[:, : D + p]).mean.detach() - y(at)).square().mean()))
    assert errors[1] < 0.6 * errors[0]


def test_fitting_raises_the_objective_from_the_priors_modes(fit: SurrogateFit, structure: int) -> None:
    def objective(model: LatentGP) -> float:
        model.train()
        mll = ExactMarginalLogLikelihood(model.likelihood, model)
        score = float(mll(model(model.train_inputs[0]), model.train_targets).detach())
        model.eval()
        return score

    assert objective(fit.model) > objective(untrained(structure)) + 0.05
    assert fit.steps == ("lbfgs",)
    assert fit.amplitudes == pytest.approx(amplitudes(fit.model.covar_module))
    assert fit.noise == pytest.approx(float(fit.model.likelihood.noise.detach()))


def test_hyperparameters_are_fitted_to_some_points_and_the_posterior_rests_on_all(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    seen: list[Tensor] = []
    real = surrogate.fit_gpytorch_mll

    def watched(mll: ExactMarginalLogLikelihood, **options: object) -> object:
        seen.append(mll.model.train_targets)
        assert mll.model.train_inputs[0].shape[0] == len(mll.model.train_targets)
        return real(mll, **options)

    monkeypatch.setattr(surrogate, "MOST_FITTED", 10)
    monkeypatch.setattr(surrogate, "fit_gpytorch_mll", watched)
    start = untrained(P, n=40)
    ranked = start.train_targets.sort(descending=True).values
    model = fit_surrogate(start).model
    (used,) = seen
    kept = used.sort(descending=True).values
    assert len(used) == 10
    torch.testing.assert_close(kept[:6], ranked[:6])
    torch.testing.assert_close(kept[-1], ranked[-1])
    x = inputs(P, 40)
    assert model.train_inputs[0].shape[0] == 40
    at = inputs(P, 5, seed=3)
    mean, variance = textbook(model, x, values(x), at)
    torch.testing.assert_close(model.posterior(at).mean[:, 0].detach(), mean)
    torch.testing.assert_close(model.posterior(at).variance[:, 0].detach(), variance)


def test_inputs_are_scaled_once_a_fit_and_raw_after_it(monkeypatch: pytest.MonkeyPatch) -> None:
    model, scaled = untrained(P), []
    x = model.train_inputs[0]
    scale = type(model.input_transform).forward
    monkeypatch.setattr(
        type(model.input_transform), "forward", lambda self, x: scaled.append(len(x)) or scale(self, x)
    )
    surrogate._maximise(model)
    assert scaled == [N]
    assert torch.equal(model.train_inputs[0], x)
    assert model.training
    model.eval()
    torch.testing.assert_close(model.train_inputs[0][:, :D], (x[:, :D] - BOX[0]) / (BOX[1] - BOX[0]))


def test_given_noise_is_fitted_with_all_points(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(surrogate, "MOST_FITTED", 10)
    found = fit_surrogate(untrained(P, n=40, noise=0.5))
    assert found.steps == ("lbfgs",)
    assert found.model.train_inputs[0].shape[0] == 40


Failure = Callable[[LatentGP], None]


def failing(times: int, error: Exception, seen: list[float]) -> Failure:
    """A fit that raises so many times, having spoilt the parameters, and then works."""
    real = surrogate._maximise

    def fit(model: LatentGP) -> None:
        seen.append(float(model.likelihood.noise.detach().mean()))
        if len(seen) <= times:
            with torch.no_grad():
                model.mean_module.raw_constant.fill_(torch.nan)
            raise error
        real(model)

    return fit


@pytest.mark.parametrize(
    "error", [ModelFittingError("no step\nmore"), RuntimeError("no step"), ValueError("no step")]
)
def test_the_second_step_starts_noisier(monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    seen: list[float] = []
    monkeypatch.setattr(surrogate, "_maximise", failing(1, error, seen))
    found = fit_surrogate(untrained())
    assert found.steps == ("lbfgs failed: no step", "lbfgs_noisier")
    assert seen[1] == pytest.approx(100 * seen[0])
    assert torch.isfinite(found.model.posterior(inputs(0, 2)).mean).all()


def test_the_last_step_is_the_priors_modes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(surrogate, "_maximise", failing(9, RuntimeError(""), []))
    found = fit_surrogate(untrained(P))
    assert found.steps == ("lbfgs failed: RuntimeError", "lbfgs_noisier failed: RuntimeError", "prior_modes")
    fresh = untrained(P).state_dict()
    assert all(torch.equal(value, fresh[name]) for name, value in found.model.state_dict().items())


def test_given_noise_is_never_changed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(surrogate, "_maximise", failing(9, RuntimeError("no step"), []))
    model = untrained(noise=4.0)
    given = model.likelihood.noise.clone()
    found = fit_surrogate(model)
    assert found.steps == ("lbfgs failed: no step", "prior_modes")
    assert torch.equal(found.model.likelihood.noise, given)
    assert found.noise == pytest.approx(4.0 / float(values(inputs(0, N)).var()))


def test_when_nothing_works_the_error_lists_the_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    def nowhere(self: LatentGP, X: Tensor) -> object:
        raise RuntimeError("not positive definite")

    monkeypatch.setattr(LatentGP, "posterior", nowhere)
    with pytest.raises(FitError) as caught:
        fit_surrogate(untrained())
    for step in ("lbfgs", "lbfgs_noisier", "prior_modes"):
        assert f"{step} failed: not positive definite" in str(caught.value)


def test_a_posterior_that_is_not_finite_is_a_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    def spoil(model: LatentGP) -> None:
        with torch.no_grad():
            model.mean_module.raw_constant.fill_(torch.nan)

    monkeypatch.setattr(surrogate, "_maximise", spoil)
    found = fit_surrogate(untrained())
    assert found.steps[-1] == "prior_modes"
    assert all("not finite" in step for step in found.steps[:-1])
    assert len(found.steps) == 3


@pytest.mark.parametrize("mode", ["train", "eval"])
def test_a_fit_is_checked_at_a_raw_training_point(monkeypatch: pytest.MonkeyPatch, mode: str) -> None:
    """In eval mode BoTorch keeps transformed inputs, which a posterior would transform a second time."""
    asked: list[Tensor] = []
    real = LatentGP.posterior

    def spy(self: LatentGP, X: Tensor) -> object:
        asked.append(X)
        return real(self, X)

    monkeypatch.setattr(LatentGP, "posterior", spy)
    model = untrained(P)
    getattr(model, mode)()
    fit_surrogate(model)
    assert all(torch.equal(x, inputs(P, N)[:1]) for x in asked)
    assert asked


def test_the_box_has_the_prior_s_mean_and_deviation() -> None:
    prior = GaussianMixture(
        torch.tensor([0.5, 0.5]), torch.tensor([[-1.0, 0.0], [3.0, 0.0]]), torch.eye(2).expand(2, 2, 2) * 2.0
    )
    low, high = latent_box(prior)
    assert low.dtype == torch.float64
    torch.testing.assert_close((low + high) / 2, torch.tensor([1.0, 0.0]).double())
    torch.testing.assert_close((high - low).square() / 12, torch.tensor([8.0, 4.0]).double())


def test_lengthscales_are_one_a_latent(model: LatentGP) -> None:
    lengths = model.latent_lengthscales()
    assert lengths.shape == (D,)
    assert int(lengths.argmax()) == 2, "the value does not depend on the third latent"


def test_calibration_of_honest_predictions() -> None:
    generator = torch.Generator().manual_seed(0)
    mean = torch.randn(20_000, generator=generator, dtype=torch.float64)
    sd = 0.5 + torch.rand(20_000, generator=generator, dtype=torch.float64)
    drawn = mean + sd * torch.randn(20_000, generator=generator, dtype=torch.float64)
    found = calibration(mean, sd, drawn)
    assert found.coverage == pytest.approx(0.95, abs=0.006)
    normal = torch.distributions.Normal(mean, sd)
    assert found.nll == pytest.approx(-float(normal.log_prob(drawn).mean()))
    assert calibration(mean, 2 * sd, drawn).coverage > 0.999
    assert calibration(mean, sd / 2, drawn).coverage < 0.7
    assert calibration(mean, 2 * sd, drawn).nll > found.nll < calibration(mean, sd / 2, drawn).nll


def test_calibration_of_one_point() -> None:
    zero, one = torch.zeros(1, 1), torch.ones(1, 1)
    assert calibration(zero, one, zero) == Calibration(float(torch.tensor(2 * math.pi).log() / 2), 1.0)
    assert calibration(zero, one, 1.9599 * one).coverage == 1.0
    assert calibration(zero, one, 1.9600 * one).coverage == 0.0


@pytest.mark.usefixtures("unchecked")
@pytest.mark.parametrize(
    ("mean", "sd", "message"),
    [
        (torch.zeros(3, 1), torch.ones(3), "one shape"),
        (torch.zeros(0), torch.ones(0), "at least one point"),
        (torch.zeros(3), torch.tensor([1.0, 0.0, 1.0]), "positive"),
        (torch.zeros(3), torch.tensor([1.0, float("nan"), 1.0]), "positive"),
    ],
)
def test_calibration_refuses(mean: Tensor, sd: Tensor, message: str) -> None:
    with pytest.raises(InputError, match=message):
        calibration(mean, sd, torch.zeros_like(sd))
