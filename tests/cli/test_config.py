"""Configuration: TOML and options to one frozen object, everything unknown refused."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from latentbo.cli.config import Given, checked, given, recipe
from latentbo.errors import InputError
from latentbo.training.pretrain import Recipe

Write = Callable[..., Path]


def test_options_alone() -> None:
    options = {"objective": "qed", "seed": 3, "out": None, "minimise": False}
    assert given(None, options) == Given(objective="qed", settings={"seed": 3, "minimise": False})


def test_a_file_says_the_same_as_options(write: Write) -> None:
    file = write("c.toml", 'objective = "qed"\nbudget = 50\nseed = 3\nretrain = false\nacquisition = "ts"\n')
    options = {"objective": "qed", "budget": 50, "seed": 3, "retrain": False, "acquisition": "ts"}
    assert given(file, {}) == given(None, options)
    assert given(file, {}).settings == {"seed": 3, "acquisition": "ts", "retrain_every": None}


def test_options_override_the_file(write: Write) -> None:
    file = write(
        "c.toml", "budget = 50\nseed = 3\nretrain = false\nretrain_every = 40\n[rules]\ncharge = [0, 0]\n"
    )
    found = given(file, {"budget": 60, "seed": None, "retrain": True})
    assert found.budget == 60
    assert found.settings == {"seed": 3, "retrain_every": 40, "rules": {"charge": [0, 0]}}
    assert given(None, {"retrain": True}).settings == {"retrain_every": 100}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("buget = 50", "unknown configuration key 'buget': did you mean 'budget'"),
        ("settings = 1", "unknown configuration key 'settings'"),
        ('budget = "50"', "budget must be a whole number, not '50'"),
        ("budget = 5.5", "budget must be a whole number, not 5.5"),
        ("budget = true", "budget must be a whole number, not True"),
        ("minimise = 1", "minimise must be true or false, not 1"),
        ("seed = 'a'", "seed must be a whole number, not 'a'"),
        ("rules = 3", "rules must be a table, not 3"),
        ("budget 50", "is not valid TOML"),
    ],
)
def test_mistakes_in_a_file(text: str, message: str, write: Write) -> None:
    with pytest.raises(InputError, match=message):
        given(write("c.toml", text), {})


def test_a_campaign_by_hand_has_no_budget(write: Write) -> None:
    with pytest.raises(InputError, match="unknown configuration key 'budget'"):
        given(write("c.toml", "budget = 50"), {}, by_hand=True)


def test_no_file(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot read the configuration"):
        given(tmp_path / "none.toml", {})
    (tmp_path / "latin.toml").write_bytes(b"objective = '\xe4'")
    with pytest.raises(InputError, match="cannot read the configuration"):
        given(tmp_path / "latin.toml", {})


def test_a_whole_number_may_stand_for_a_number() -> None:
    assert repr(checked({"beta": 1, "n": 1}, {"beta": float, "n": int})) == "{'beta': 1.0, 'n': 1}"
    with pytest.raises(InputError, match="beta must be a number, not True"):
        checked({"beta": True}, {"beta": float})


@pytest.mark.parametrize(
    ("items", "seed", "expected"),
    [
        ([], None, Recipe(epochs=4)),
        (["epochs=5", "beta=1"], None, Recipe(epochs=5, beta=1.0)),
        (["spelling='smiles'"], 1, Recipe(epochs=4, spelling="smiles", seed=1)),
        (["bf16 = false", "seed=1"], 2, Recipe(epochs=4, bf16=False, seed=2)),
    ],
)
def test_a_recipe(items: list[str], seed: int | None, expected: Recipe, write: Write) -> None:
    assert recipe(Recipe, write("r.toml", "epochs = 4"), items, seed) == expected


@pytest.mark.parametrize(
    ("items", "message"),
    [
        (["epoch=5"], "unknown recipe key 'epoch': did you mean 'epochs'"),
        (["epochs"], "KEY=VALUE was expected"),
        (["epochs=many"], "no number"),
        (["epochs=0"], "epochs must be at least 1"),
        (["spelling=1"], "spelling must be a text"),
        (["epochs='5'"], "epochs must be a whole number"),
    ],
)
def test_mistakes_in_a_recipe(items: list[Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        recipe(Recipe, None, items, None)


def test_a_recipe_of_the_version_before_is_understood(write: Write) -> None:
    file = write("r.toml", "cycle_epochs = 2\nfinish_epochs = 3\n")
    found = recipe(Recipe, file, ["cycle_rate=0.01"], None)
    assert (found.self_training_epochs, found.anneal_epochs, found.self_training_rate) == (2, 3, 0.01)
