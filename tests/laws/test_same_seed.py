"""Law 9: the same seed proposes the same and makes the same encoder, in another process and whatever else was drawn."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import latentbo
from latentbo.acquisition import gradient
from latentbo.campaign.campaign import Campaign
from latentbo.models.pretrained import save_model
from tests.laws.life import Life
from tests.laws.small import proposals, quick_gradient, retrainer


@pytest.fixture(scope="module")
def elsewhere(life: Life, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What another process proposes, in which sets and dicts of strings have another order."""
    folder = tmp_path_factory.mktemp("elsewhere")
    life.copied("before", folder)
    shutil.copy(life.folder / "later.db", folder / "after.db")
    save_model(life.base, folder / "model")
    roots = [str(Path(latentbo.__file__).parents[1]), str(Path(__file__).parents[2])]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(roots), "PYTHONHASHSEED": "1"}
    command = [sys.executable, "-m", "tests.laws.small", str(folder)]
    done = subprocess.run(command, env=environment, cwd=roots[1], check=True, capture_output=True, text=True)
    return json.loads(done.stdout.splitlines()[-1])


@pytest.fixture(scope="module")
def here(life: Life, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    folder = tmp_path_factory.mktemp("here")
    life.copied("before", folder)
    shutil.copy(life.folder / "later.db", folder / "after.db")
    torch.manual_seed(12345)  # whatever else has happened in this process
    with pytest.MonkeyPatch.context() as patch:
        for name, value in quick_gradient().items():
            patch.setattr(gradient, name, value)
        return proposals(life.base, folder)


@pytest.mark.parametrize("way", ["start", "pool", "pending", "thompson", "gradient"])
def test_the_same_seed_proposes_the_same_in_another_process(
    here: dict[str, Any], elsewhere: dict[str, Any], way: str
) -> None:
    """Law 9, to the last digit of each prediction."""
    assert here[way] == elsewhere[way]
    assert here[way]


def test_the_same_retrain_makes_the_same_encoder_in_another_process(
    life: Life, here: dict[str, Any], elsewhere: dict[str, Any]
) -> None:
    assert here["retrain"] == elsewhere["retrain"] == life.event.encoder


def test_a_roll_back_in_another_process_proposes_what_it_did_here(
    life: Life, here: dict[str, Any], elsewhere: dict[str, Any]
) -> None:
    assert here["rolled back"] == elsewhere["rolled back"] == life.old


def test_proposing_and_retraining_leave_the_global_generators_alone(life: Life, tmp_path: Path) -> None:
    """Law 9: randomness is an argument; what the user draws beside it stays the user's."""

    def states() -> tuple[list[int], list[int]]:
        return torch.get_rng_state().tolist(), np.random.get_state()[1].tolist()  # noqa: NPY002

    before = states()
    with Campaign(life.copied("before", tmp_path), model=life.base, retrainer=retrainer()) as campaign:
        campaign.ask(2)
        campaign.retrain()
        campaign.ask(1)
    assert states() == before
