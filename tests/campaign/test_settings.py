"""Settings are checked where they are made, and the same after JSON."""

from __future__ import annotations

import json

import pytest

from latentbo.campaign.settings import Settings
from latentbo.errors import InputError


def test_they_survive_json() -> None:
    settings = Settings(seed=3, acquisition="ucb", rules={"elements": ["C", "N"]})
    again = Settings.from_dict(json.loads(json.dumps(settings.to_dict(), allow_nan=False)))
    assert again == settings


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        ({"acquisition": "eu"}, "unknown acquisition 'eu': did you mean 'ei'"),
        ({"acquisition": ["ei"]}, "unknown acquisition"),
        ({"proposer": "pol"}, "did you mean 'pool'"),
        ({"initial": 0}, "initial must be a whole number of at least 1"),
        ({"pool_size": "200"}, "pool_size must be a whole number"),
        ({"pool_rounds": 2.5}, "pool_rounds must be a whole number"),
        ({"retrain_every": 0}, "retrain_every"),
        ({"retrain_from": True}, "retrain_from"),
        ({"minimise": "no"}, "minimise must be true or false"),
        ({"seed": 0.5}, "seed must be a whole number"),
        ({"edit_share": 1.5}, "edit_share must be a share within 0 and 1, not 1.5"),
        ({"edit_share": True}, "edit_share must be a share"),
        ({"edit_share": "half"}, "edit_share must be a share"),
        ({"edit_share": float("nan")}, "edit_share must be a share"),
        ({"rules": "none"}, "rules must map"),
        ({"sede": 1}, "unknown setting 'sede': did you mean 'seed'"),
    ],
)
def test_mistakes_are_named(bad: dict[str, object], message: str) -> None:
    with pytest.raises(InputError, match=message):
        Settings.from_dict(bad)
