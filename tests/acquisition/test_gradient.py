"""Climbing in the box: the same laws as the pool, for one latent-only surrogate."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest
import torch
from botorch.acquisition import qLogExpectedImprovement

from latentbo.acquisition import gradient
from latentbo.acquisition.context import ProposalContext
from latentbo.acquisition.functions import BY_NAME, make_acquisition
from latentbo.acquisition.gradient import Constrained, propose_gradient
from latentbo.acquisition.region import TrustRegion
from latentbo.errors import InputError


@pytest.fixture(autouse=True)
def _little_effort(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gradient, "RESTARTS", 2)
    monkeypatch.setattr(gradient, "RAW_SAMPLES", 8)
    monkeypatch.setattr(gradient, "ITERATIONS", 5)


def own(model: object, best: float) -> qLogExpectedImprovement:
    return qLogExpectedImprovement(model, best)


@pytest.mark.parametrize("make", [*BY_NAME.values(), own], ids=[*BY_NAME, "own"])
def test_new_objects_decided_by_the_seed(context_of: Callable[..., ProposalContext], make: object) -> None:
    context = context_of(failed=True)
    torch.manual_seed(1)
    batch = propose_gradient(2, context, make, seed=1)
    torch.manual_seed(2)
    assert propose_gradient(2, context, make, seed=1) == batch
    objects = [proposal.object for proposal in batch.proposals]
    assert len(set(objects)) == len(objects) == 2
    assert not set(objects) & context.known
    assert {proposal.proposer for proposal in batch.proposals} == {"gradient"}


def test_each_is_predicted_where_its_object_encodes_to(context: ProposalContext) -> None:
    batch = propose_gradient(2, context, make_acquisition("ei"), seed=0)
    x = context.model.inputs(context.model.codec.read([p.object for p in batch.proposals]))
    with torch.no_grad():
        posterior = context.surrogate.posterior(x)
    assert [p.mean for p in batch.proposals] == pytest.approx(posterior.mean[:, 0].tolist())
    assert [p.sd for p in batch.proposals] == pytest.approx(posterior.variance[:, 0].sqrt().tolist())


def test_only_what_the_rules_admit(context_of: Callable[..., ProposalContext]) -> None:
    def no_nitrogen(objects: Sequence[str]) -> list[str | None]:
        return ["nitrogen" if "N" in text or "n" in text else None for text in objects]

    batch = propose_gradient(2, context_of(check=no_nitrogen), make_acquisition("ei"), seed=0)
    assert batch.proposals
    assert not any("N" in proposal.object for proposal in batch.proposals)


def test_a_shortfall_is_counted(
    context_of: Callable[..., ProposalContext], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gradient, "TRIES", 2)

    def never(objects: Sequence[str]) -> list[str | None]:
        return ["never"] * len(objects)

    batch = propose_gradient(2, context_of(check=never), make_acquisition("ei"), seed=0)
    assert batch.shortfall == 2
    counts = batch.counts
    assert counts.made == 2 * 2 * gradient.DECODES
    assert counts.made == counts.duplicate + sum(counts.invalid.values()) + sum(counts.filtered.values())


def test_it_climbs_inside_the_box(context: ProposalContext, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[torch.Tensor] = []
    climb = gradient._climb

    def watched(*args: object) -> torch.Tensor:
        asked.append(torch.cat([climb(*args), args[2]]))
        return asked[-1][:1]

    monkeypatch.setattr(gradient, "_climb", watched)
    small = TrustRegion(length=0.1)
    propose_gradient(2, ProposalContext(**{**vars(context), "region": small}), make_acquisition("ei"), seed=0)
    centre = context.model.embed(context.elites(1))[0]
    for optimum, low, high in asked:
        torch.testing.assert_close((low + high) / 2, centre)
        assert (low - 1e-9 <= optimum).all()
        assert (optimum <= high + 1e-9).all()
        width = context.surrogate.input_transform.bounds.diff(dim=0)[0]
        relative = (high - low) / width
        assert float(relative.log().mean().exp()) == pytest.approx(0.1, rel=1e-4)


def test_what_it_climbs_is_the_constrained_acquisition(context_of: Callable[..., ProposalContext]) -> None:
    context = context_of(failed=True)
    x = torch.cat([context.feasibility.z[-4:], context.feasibility.z[:3] + 0.1])[:, None]
    p = context.feasibility(x)[:, 0]
    assert p.min() < 0.7
    ei = make_acquisition("ei")(context.surrogate, context.best)
    torch.testing.assert_close(Constrained(ei, context)(x), ei(x) + p.log())
    ucb = make_acquisition("ucb")(context.surrogate, context.best)
    torch.testing.assert_close(Constrained(ucb, context)(x), ucb(x) + context.spread * p.log())
    x.requires_grad_(True)
    Constrained(ei, context)(x).sum().backward()
    assert x.grad.abs().sum() > 0


def test_a_structure_term_is_refused(context_of: Callable[..., ProposalContext]) -> None:
    with pytest.raises(InputError, match="latent-only"):
        propose_gradient(1, context_of(structure=True), make_acquisition("ei"), seed=0)
