"""Law 2 where it is learnt from: what has a value passed, what has a reason failed, and never the other way round."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch

from latentbo.acquisition.feasibility import Feasibility, learn_feasibility
from latentbo.campaign.campaign import Campaign
from latentbo.models.dkl_vae import DKLVAE
from latentbo.models.priors import spread
from tests.acquisition.conftest import FAILED
from tests.laws.small import VALUES, known

Begin = Callable[..., Campaign]
Tell = Callable[..., None]


@pytest.fixture
def expected(tiny_model: DKLVAE) -> Feasibility:
    """The formula, written down from what was told."""
    tried = (*FAILED, *VALUES)
    z = tiny_model.embed(tiny_model.codec.read(tried))
    passed = torch.tensor([name in VALUES for name in tried], dtype=torch.float64)
    return learn_feasibility(z, passed, float(spread(tiny_model.prior).mean()))


def test_feasibility_is_high_where_values_are_and_low_where_failures_are(
    begin: Begin, tiny_model: DKLVAE, expected: Feasibility
) -> None:
    campaign = begin()
    known(campaign)
    found = campaign.feasibility()
    passed, failed = (tiny_model.embed(tiny_model.codec.read(names)) for names in ((*VALUES,), FAILED))
    assert found(passed).mean() > 0.8 > found(failed).mean()
    for z in (passed, failed):
        torch.testing.assert_close(found(z), expected(z), atol=1e-6, rtol=1e-6)


def test_a_proposal_carries_the_probability_of_where_its_object_lies(
    begin: Begin, tiny_model: DKLVAE, expected: Feasibility
) -> None:
    campaign = begin()
    known(campaign)
    asked = campaign.ask(4)
    z = tiny_model.embed(tiny_model.codec.read(asked["smiles"].tolist()))
    assert asked["p_feasible"].tolist() == pytest.approx(expected(z).tolist(), abs=1e-5)


def test_what_is_pending_says_nothing_and_a_value_ends_a_failure(begin: Begin, tell: Tell) -> None:
    campaign = begin()
    known(campaign)
    before = campaign.feasibility()
    campaign.queue(["CCOCC", "CCNCC"])
    campaign.ask(2)
    after = campaign.feasibility()
    assert torch.equal(after.z, before.z)
    assert torch.equal(after.passed, before.passed)
    tell(campaign, {FAILED[0]: 3.0})  # measured after all
    assert campaign.feasibility().passed.tolist().count(0.0) == len(FAILED) - 1


def test_a_failure_never_becomes_a_value(begin: Begin, tell: Tell) -> None:
    """No number stands for it, neither in what the surrogate learns from nor among the best."""
    campaign = begin(settings={"minimise": True})
    tell(campaign, VALUES, FAILED)
    for outcome in campaign.knowledge().outcomes:
        assert outcome.data.objects == tuple(VALUES)
        assert set((-outcome.data.values[:, 0]).tolist()) == set(VALUES.values())
    assert campaign.surrogate().model.train_targets.shape == (len(VALUES),)
    assert campaign.history.best().object == min(VALUES, key=VALUES.__getitem__)
