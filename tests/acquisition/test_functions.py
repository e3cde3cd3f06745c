"""Acquisition functions by name against their formulas."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable

import pytest
import torch
from botorch.acquisition import UpperConfidenceBound, qLogExpectedImprovement
from linear_operator.utils.warnings import NumericalWarning
from torch import Tensor

from latentbo.acquisition.context import ProposalContext
from latentbo.acquisition.functions import BY_NAME, make_acquisition, small_jitter
from latentbo.errors import InputError


@pytest.fixture(scope="module")
def points(context: ProposalContext) -> Tensor:
    """Some latent points, b x 1 x d."""
    return context.model.prior.sample(7, torch.Generator().manual_seed(0)).double()[:, None]


def moments(context: ProposalContext, points: Tensor) -> tuple[Tensor, Tensor]:
    with torch.no_grad():
        posterior = context.surrogate.posterior(points[:, 0])
    return posterior.mean[:, 0], posterior.variance[:, 0].sqrt()


def test_ei_is_the_log_of_the_closed_form(context: ProposalContext, points: Tensor) -> None:
    mean, sd = moments(context, points)
    best = float(mean.median())
    u = (mean - best) / sd
    density = torch.exp(-0.5 * u.square()) / math.sqrt(2 * math.pi)
    improvement = sd * (density + u * 0.5 * (1 + torch.erf(u / math.sqrt(2))))
    found = make_acquisition("ei")(context.surrogate, best)(points)
    torch.testing.assert_close(found, improvement.log(), rtol=1e-4, atol=1e-4)


def test_ucb_draws_its_weight_anew(context: ProposalContext, points: Tensor) -> None:
    mean, sd = moments(context, points)
    torch.manual_seed(0)
    drawn = [make_acquisition("ucb")(context.surrogate, 0.0) for _ in range(200)]
    betas = torch.tensor([float(each.beta) for each in drawn])
    assert isinstance(drawn[0], UpperConfidenceBound)
    torch.testing.assert_close(drawn[0](points), mean + betas[0].double().sqrt() * sd)
    assert betas.min() >= 0.01
    assert betas.max() <= 1.0
    # log10 of beta is uniform on (-2, 0).
    assert float(betas.log10().mean()) == pytest.approx(-1.0, abs=0.15)
    assert float(betas.log10().std()) == pytest.approx(2 / math.sqrt(12), abs=0.1)
    torch.manual_seed(0)
    assert float(make_acquisition("ucb")(context.surrogate, 0.0).beta) == float(betas[0])


def test_a_thompson_sample_is_one_function(context: ProposalContext, points: Tensor) -> None:
    torch.manual_seed(0)
    sample, other = (make_acquisition("ts")(context.surrogate, 0.0) for _ in range(2))
    whole = sample(points)
    assert whole.shape == (7,)
    torch.testing.assert_close(sample(points), whole)
    # However the points are dealt out in batches.
    torch.testing.assert_close(torch.cat([sample(part) for part in points.split(3)]), whole)
    torch.testing.assert_close(sample(points[:6].reshape(2, 3, 1, -1)), whole[:6].reshape(2, 3))
    assert not torch.allclose(other(points), whole)
    torch.manual_seed(0)
    torch.testing.assert_close(make_acquisition("ts")(context.surrogate, 0.0)(points), whole)


def test_thompson_samples_spread_like_the_posterior(context: ProposalContext, points: Tensor) -> None:
    mean, sd = moments(context, points)
    torch.manual_seed(0)
    with torch.no_grad():
        draws = torch.stack([make_acquisition("ts")(context.surrogate, 0.0)(points) for _ in range(40)])
    torch.testing.assert_close(draws.mean(0), mean, atol=4 * float(sd.max()) / 40**0.5, rtol=0)
    torch.testing.assert_close(draws.std(0), sd, atol=0, rtol=0.5)


@pytest.mark.parametrize("name", BY_NAME)
@pytest.mark.parametrize("structure", [False, True])
def test_they_work_with_and_without_structure(
    context_of: Callable[..., ProposalContext], name: str, structure: bool
) -> None:
    context = context_of(structure=structure)
    x = context.model.inputs(context.elites(4))[:, None]
    with torch.no_grad():
        values = make_acquisition(name)(context.surrogate, context.best)(x)
    assert values.shape == (4,)
    assert torch.isfinite(values).all()


def test_a_callable_is_taken_as_it_is() -> None:
    def own(model: object, best: float) -> qLogExpectedImprovement:
        return qLogExpectedImprovement(model, best)

    assert make_acquisition(own) is own


def test_an_unknown_name_is_answered_with_the_nearest() -> None:
    with pytest.raises(InputError, match="unknown acquisition 'ubc': did you mean 'ucb'"):
        make_acquisition("ubc")


def test_only_a_small_jitter_is_quiet() -> None:
    with small_jitter():
        for size in ("1.0e-08", "1.0e-07", "1.0e-06"):
            warnings.warn(
                f"A not p.d., added jitter of {size} to the diagonal", NumericalWarning, stacklevel=1
            )
    with small_jitter(), pytest.warns(NumericalWarning, match="1.0e-05"):
        warnings.warn("A not p.d., added jitter of 1.0e-05 to the diagonal", NumericalWarning, stacklevel=1)
