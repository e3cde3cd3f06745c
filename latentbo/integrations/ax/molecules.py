"""The molecule travels with the trial: in its run metadata, and in the candidate metadata of what was proposed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ax.core.arm import Arm
from ax.core.base_trial import BaseTrial
from ax.core.runner import Runner
from ax.core.trial import Trial

from latentbo.errors import InputError

SMILES = "smiles"  # the key in either metadata, and the column of `summarize()`
PROPOSAL = "latentbo"  # the key of what was known when the molecule was proposed


def molecule_of(trial: BaseTrial, arm: Arm | None = None) -> str | None:
    """The SMILES of a trial's arm (its only one, if none is given); None where the trial names no molecule.

    Run metadata counts more: it says what was made. That of a trial with several arms maps their names to SMILES.
    """
    arm = arm or only_arm(trial)
    made = trial.run_metadata.get(SMILES)
    if isinstance(made, Mapping):
        made = made.get(arm.name)
    return made or candidate_metadata(trial, arm).get(SMILES)


def candidate_metadata(trial: BaseTrial, arm: Arm) -> Mapping[str, Any]:
    """What its proposer wrote down of an arm."""
    for run in trial.generator_runs:
        found = (run.candidate_metadata_by_arm_signature or {}).get(arm.signature)
        if found:
            return found
    return {}


def only_arm(trial: BaseTrial) -> Arm:
    """The arm of a trial that has one."""
    if len(trial.arms) != 1:
        raise InputError(f"trial {trial.index} has {len(trial.arms)} arms: say which is meant")
    return trial.arms[0]


class MoleculeRunner(Runner):
    """Puts the molecule into the run metadata when a trial starts, and so into a column of `summarize()`.

    It measures nothing. A runner of your own inherits from it, calls `super().run(trial)` for the molecule, and
    submits that.
    """

    @property
    def run_metadata_report_keys(self) -> list[str]:
        """What `summarize()` shows."""
        return [SMILES]

    def run(self, trial: BaseTrial) -> dict[str, Any]:
        """Run metadata with the molecule, or with those of all arms by name."""
        named = {arm.name: molecule_of(trial, arm) for arm in trial.arms}
        if None in named.values():
            raise InputError(f"trial {trial.index} names no molecule: attach it with `attach_molecule`")
        return {SMILES: next(iter(named.values())) if isinstance(trial, Trial) else named}
