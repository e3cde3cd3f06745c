"""What differs between kinds of objects: rules are those of the kind, or none."""

from __future__ import annotations

import json
import math

import pytest

from latentbo.campaign.kinds import check_of, proposers_of, settled
from latentbo.campaign.settings import Settings
from latentbo.codecs.base import KINDS
from latentbo.errors import InputError


def test_the_rules_of_molecules_are_spelled_out_as_json_gives_them_back() -> None:
    given = Settings(seed=3, rules={"elements": ("C", "N"), "windows": {"logp": (-1, math.inf)}})
    stored = settled(given, "molecules")
    assert stored.rules["elements"] == ["C", "N"]
    assert stored.rules["windows"] == {"logp": [-1, None]}
    assert stored.rules["radicals"] is False
    again = Settings.from_dict(json.loads(json.dumps(stored.to_dict(), allow_nan=False)))
    assert settled(again, "molecules") == stored == again


def test_a_rule_that_the_kind_does_not_have_is_refused() -> None:
    with pytest.raises(InputError, match="did you mean 'heavy_atoms'"):
        settled(Settings(rules={"heavy_atms": (1, 2)}), "molecules")
    with pytest.raises(InputError, match="no rules for images, but the settings name heavy_atoms"):
        settled(Settings(rules={"heavy_atoms": (1, 2)}), "images")
    assert settled(Settings(), "images").rules == {}


def test_molecules_are_checked_and_edited_and_images_are_not() -> None:
    assert check_of(settled(Settings(), "molecules"), "molecules")(["CCO", "C[CH]C"]) == [None, "radical"]
    assert check_of(Settings(), "images")(["a", "b"]) == [None, None]
    assert set(proposers_of("molecules")) - set(proposers_of("images")) == {"graph"}
    assert set(KINDS) == {"molecules", "images"}
