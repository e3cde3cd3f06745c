"""Laws 4, 7 and 10 in a whole campaign: one sign, remedies that are on record, and never fewer objects without a word."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pandas as pd
import pytest
import torch
from botorch.exceptions import ModelFittingError

from latentbo.campaign.campaign import Campaign
from latentbo.data.measurements import Measurements
from latentbo.errors import FitError
from latentbo.models import surrogate
from latentbo.models.dkl_vae import DKLVAE
from latentbo.training.gates import Retrained
from tests.laws.small import VALUES, favourites, known

Begin = Callable[..., Campaign]
Tell = Callable[..., None]


@pytest.fixture
def failing(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """The first so many fits fail."""

    def fail(times: int) -> None:
        left, real = [times], surrogate.fit_gpytorch_mll

        def fit(*args: object, **kwargs: object) -> object:
            left[0] -= 1
            if left[0] >= 0:
                raise ModelFittingError("no way up")
            return real(*args, **kwargs)

        monkeypatch.setattr(surrogate, "fit_gpytorch_mll", fit)

    return fail


@pytest.mark.parametrize(
    ("failures", "steps"),
    [
        (0, ["lbfgs"]),
        (1, ["lbfgs failed: no way up", "lbfgs_noisier"]),
        (2, ["lbfgs failed: no way up", "lbfgs_noisier failed: no way up", "prior_modes"]),
    ],
)
def test_every_remedy_is_in_the_record_of_its_round(
    begin: Begin, failing: Callable[[int], None], failures: int, steps: list[str]
) -> None:
    campaign = begin()
    known(campaign)
    failing(failures)
    assert len(campaign.ask(1)) == 1
    assert campaign.history.rounds[-1].surrogate["steps"] == steps
    assert begin().history.rounds[-1].surrogate["steps"] == steps


def test_a_start_without_a_surrogate_is_in_the_record(begin: Begin) -> None:
    campaign = begin()
    campaign.ask(1)
    assert campaign.history.rounds[-1].surrogate["steps"] == ["none: too few values"]


def test_where_nothing_fits_nothing_is_proposed(begin: Begin, monkeypatch: pytest.MonkeyPatch) -> None:
    """An error, and no draw from the prior in its place."""

    def broken(*_: object, **__: object) -> None:
        raise FitError("no surrogate could be fitted")

    campaign = begin()
    known(campaign)
    before = campaign.history
    monkeypatch.setattr("latentbo.models.dkl_vae.fit_surrogate", broken)
    with pytest.raises(FitError, match="no surrogate"):
        campaign.ask(1)
    assert campaign.history == before


@pytest.mark.parametrize("minimise", [False, True])
def test_the_encoder_is_retrained_towards_what_is_wanted(begin: Begin, tell: Tell, minimise: bool) -> None:
    """Law 4: larger is better for whoever retrains, whatever the user's own sign is."""
    seen: list[Measurements] = []

    def watched(model: DKLVAE, data: Measurements, *, seed: int) -> Retrained:
        seen.append(data)
        return Retrained(model, False, ("worse",), {}, {}, 0.0)

    campaign = begin(settings={"minimise": minimise}, retrainer=watched)
    tell(campaign, VALUES)
    campaign.retrain()
    (data,) = seen
    found = dict(zip(data.objects, data.values[:, 0].tolist(), strict=True))
    assert found == {name: -value if minimise else value for name, value in VALUES.items()}
    best = campaign.history.best().object
    assert data.objects[int(data.values.argmax())] == best
    assert best == (min if minimise else max)(VALUES, key=VALUES.__getitem__)


def only(*names: str) -> Callable[[Sequence[str]], list[str | None]]:
    return lambda objects: [None if name in names else "other" for name in objects]


@pytest.mark.parametrize("way", ["start", "pool"])
def test_fewer_than_asked_is_a_shortfall_with_counts(begin: Begin, way: str) -> None:
    """Law 10: what was made and not proposed is in the record, by reason, and it adds up."""
    campaign = begin(check=only("CCN", "CCC", "CCOCC"), proposers={"mine": favourites})
    if way == "pool":
        known(campaign)
    frame = campaign.ask(4)
    round_ = campaign.history.rounds[-1]
    assert (round_.asked, round_.proposed) == (4, len(frame))
    assert 0 < len(frame) < 4
    assert frame.attrs["shortfall"].startswith(f"{4 - len(frame)} of 4 missing: {round_.counts['made']} made")
    lost = sum(round_.counts["invalid"].values()) + sum(round_.counts["filtered"].values())
    assert round_.counts["made"] == lost + round_.counts["duplicate"] + len(frame)
    assert round_.counts["filtered"]["other"] > 0


def test_as_many_as_asked_is_no_shortfall(begin: Begin) -> None:
    campaign = begin()
    known(campaign)
    for n in (1, 3, 7):
        frame = campaign.ask(n)
        assert (len(frame), len(set(frame["smiles"])), frame.attrs) == (n, n, {})
        assert campaign.history.rounds[-1].proposed == n


def test_ranks_and_units_do_not_turn_the_sign(begin: Begin) -> None:
    """Law 4 where values are transformed: the best stays the best, both ways."""
    names = ["C" * n for n in range(1, 25)]
    values = [0.0] * 22 + [1e-30, 1e-3]
    for minimise, sign in ((False, 1.0), (True, -1.0)):
        campaign = begin(f"{minimise}.db", {"minimise": minimise})
        campaign.tell(pd.DataFrame({"smiles": names, "value": [sign * value for value in values]}))
        data = campaign.knowledge().outcomes[0].data
        assert data.objects[int(data.values.argmax())] == names[-1] == campaign.history.best().object
        assert torch.isfinite(data.values).all()
