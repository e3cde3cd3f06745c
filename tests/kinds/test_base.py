"""What differs between kinds of objects is said by the kind: rules are its own, or there are none."""

from __future__ import annotations

import json
import math
from dataclasses import replace

import pytest

from latentbo.acquisition.proposers import proposers_of
from latentbo.campaign.settings import Settings
from latentbo.errors import InputError
from latentbo.kinds.base import Kind, text_similarity
from latentbo.kinds.known import find_kind


@pytest.fixture
def molecules() -> Kind:
    return find_kind("molecules")


@pytest.fixture
def images() -> Kind:
    return find_kind("images")


def spelled_out(settings: Settings, kind: Kind) -> Settings:
    return replace(settings, rules=kind.spelled_out(settings.rules))


def test_the_rules_of_molecules_are_spelled_out_as_json_gives_them_back(molecules: Kind) -> None:
    given = Settings(seed=3, rules={"elements": ("C", "N"), "windows": {"logp": (-1, math.inf)}})
    stored = spelled_out(given, molecules)
    assert stored.rules["elements"] == ["C", "N"]
    assert stored.rules["windows"] == {"logp": [-1, None]}
    assert stored.rules["radicals"] is False
    again = Settings.from_dict(json.loads(json.dumps(stored.to_dict(), allow_nan=False)))
    assert spelled_out(again, molecules) == stored == again


def test_a_rule_that_the_kind_does_not_have_is_refused(molecules: Kind, images: Kind) -> None:
    with pytest.raises(InputError, match="did you mean 'heavy_atoms'"):
        molecules.spelled_out({"heavy_atms": (1, 2)})
    with pytest.raises(InputError, match="no rules for images, but the settings name heavy_atoms"):
        images.spelled_out({"heavy_atoms": (1, 2)})
    assert images.spelled_out({}) == {}


def test_molecules_are_checked_and_edited_and_images_are_not(molecules: Kind, images: Kind) -> None:
    assert molecules.check(molecules.spelled_out({}))(["CCO", "C[CH]C"]) == [None, "radical"]
    assert images.check({})(["a", "b"]) == [None, None]
    assert set(proposers_of(molecules.edits)) - set(proposers_of(images.edits)) == {"graph"}


def test_texts_are_compared_letter_by_letter() -> None:
    assert text_similarity("ACGT", ["ACGT", "ACGA", "TTTT", ""]) == pytest.approx([1.0, 0.75, 0.25, 0.0])
