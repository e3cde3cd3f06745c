from __future__ import annotations

from typing import Any

import pytest

from latentbo.errors import InputError
from latentbo.training.recipes import FineTuneRecipe, Schedule


@pytest.mark.parametrize(
    ("schedule", "steps"),
    [
        ("vae", ["elbo", "elbo", "elbo", "elbo"]),
        ("joint", ["both", "both", "both", "both"]),
        ("sequential", ["elbo", "elbo", "head", "head"]),
        ("alternating", ["elbo", "head", "elbo", "head"]),
        ("decoder", ["neither", "neither", "neither", "neither"]),
    ],
)
def test_what_each_step_minimises(schedule: Schedule, steps: list[str]) -> None:
    recipe = FineTuneRecipe(schedule=schedule, steps=4, round_steps=2)
    names = {(True, False): "elbo", (False, True): "head", (True, True): "both", (False, False): "neither"}
    assert [names[recipe.wants(step)] for step in range(4)] == steps
    assert recipe.uses_head == (schedule not in ("vae", "decoder"))
    assert recipe.moves_encoder == (schedule != "decoder")


def test_a_weight_of_zero_switches_the_head_off() -> None:
    recipe = FineTuneRecipe(gp_loss_weight=0.0)
    assert recipe.wants(0) == (True, False)
    assert not recipe.uses_head


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"schedule": "jiont"}, "did you mean 'joint'"),
        ({"reach": "last"}, "did you mean 'last_layer'"),
        ({"steps": 0}, "steps must be at least 1"),
        ({"gp_points": 1}, "gp_points must be at least 2"),
        ({"steps": 25}, r"steps \(25\) must be a multiple of round_steps \(10\)"),
        ({"gp_loss_weight": -1.0}, "gp_loss_weight must lie within 0 and inf"),
        ({"gp_loss_weight": float("nan")}, "gp_loss_weight must lie within 0 and inf"),
        ({"decoder_noise": -0.1}, "decoder_noise must lie within 0 and inf"),
        ({"replay_share": 1.1}, r"replay_share must lie within 0 and 1\.0"),
        ({"watch_share": 0.6}, r"watch_share must lie within 0 and 0\.5"),
        ({"rank_weight": 0.0}, "must be positive"),
        ({"learning_rate": 0.0}, "must be positive"),
        ({"schedule": "sequential", "gp_loss_weight": 0.0}, "has steps of N alone"),
        ({"schedule": "alternating", "gp_loss_weight": 0.0}, "has steps of N alone"),
    ],
)
@pytest.mark.usefixtures("unchecked")
def test_a_recipe_that_means_nothing_is_refused(change: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        FineTuneRecipe(**change)
