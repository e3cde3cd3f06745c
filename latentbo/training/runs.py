"""The folder that a model is made in: what was begun there, so that the same run goes on and another is refused."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from latentbo.errors import InputError
from latentbo.training.fit import FitReport, Progress
from latentbo.training.pretrain import Recipe

WORK, RUN = "pretraining", "run.json"
STAGES_SINCE_0_1 = {"train": "main", "finish": "anneal", "cycle": "self-training"}
"""What version 0.1 called the stages, and with them their checkpoints."""
BEFORE_0_2 = {"spelling": "selfies", "start_from": None}
"""What recipes of version 0.1 do not say, because there was no choice."""
Listener = Callable[[str, int, int, str], None]


def begin_run(work: Path, run: dict[str, Any], out: Path) -> None:
    """Note what is made here, or make sure it is the same that was begun. `run` is a recipe and data_sha256.

    Raises `InputError` where another run was begun.
    """
    work.mkdir(parents=True, exist_ok=True)
    if (work / RUN).exists():
        same_run(json.loads((work / RUN).read_text()), run, out)
        for old, new in STAGES_SINCE_0_1.items():
            if (begun := checkpoint_of(work, old)).exists():
                os.replace(begun, checkpoint_of(work, new))
        return
    part = work / f"{RUN}.part"
    part.write_text(json.dumps(run, indent=1) + "\n")
    os.replace(part, work / RUN)


def checkpoint_of(work: Path, stage: str) -> Path:
    """Where a stage keeps its state, so that it goes on after a stop."""
    return work / f"{stage}.safetensors"


def same_run(begun: dict[str, Any], run: dict[str, Any], out: Path) -> None:
    """Raises `InputError` where the folder holds what another recipe or other data have made."""
    new = run["recipe"]
    then = {name: value for name, value in BEFORE_0_2.items() if name in new}
    old = then | Recipe.renamed(begun["recipe"] or {})
    if old == new and begun["data_sha256"] == run["data_sha256"]:
        return
    differing = [
        f"{name} {old.get(name)!r} there, {new[name]!r} here" for name in new if old.get(name) != new[name]
    ]
    if begun["data_sha256"] != run["data_sha256"]:
        differing.insert(0, "another data file")
    raise InputError(f"{out} holds another run ({'; '.join(differing)}): name an empty folder, or delete it")


def run_of(card: dict[str, Any]) -> dict[str, Any]:
    """What a finished model's card says of the run that made it."""
    return {"recipe": card.get("recipe"), "data_sha256": card.get("data", {}).get("sha256")}


def heard(listener: Listener, stage: str) -> Callable[[Progress], None]:
    """What tells the listener of a stage's steps."""
    return lambda at: listener(stage, at.step, at.steps, _note(at))


def training_facts(reports: dict[str, FitReport]) -> dict[str, Any]:
    """What a card says of how each stage went."""
    return {
        name: {
            "steps": report.steps,
            "seconds": round(report.seconds),
            "held_out_loss": report.held_out[-1] if report.held_out else None,
        }
        for name, report in reports.items()
    }


def _note(at: Progress) -> str:
    return " ".join(f"{name} {value:.2f}" for name, value in at.terms.items())
