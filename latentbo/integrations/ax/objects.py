"""The object travels with the trial: in its run metadata, and in the candidate metadata of what was proposed.

The key in either, and the column of `summarize()`, is what tables call the column of such objects (`Kind.column`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ax.core.arm import Arm
from ax.core.base_trial import BaseTrial
from ax.core.generator_run import GeneratorRun
from ax.core.runner import Runner
from ax.core.trial import Trial

from latentbo.errors import InputError

SMILES = "smiles"  # the column of molecules; experiments stored before there were other kinds know no other
PROPOSAL = "latentbo"  # the key of what was known when the object was proposed


def object_of(trial: BaseTrial, arm: Arm | None = None, column: str = SMILES) -> str | None:
    """The object of a trial's arm, as the trial writes it; None where the trial names none.

    Run metadata counts more: it says what was made. That of a trial with several arms maps their names to objects.
    Raises `InputError` where no arm is given and the trial has not exactly one.
    """
    arm = arm or only_arm(trial)
    made = trial.run_metadata.get(column)
    if isinstance(made, Mapping):
        made = made.get(arm.name)
    return made or candidate_metadata(trial, arm).get(column)


def candidate_metadata(trial: BaseTrial, arm: Arm) -> Mapping[str, Any]:
    """What its proposer wrote down of an arm."""
    for run in trial.generator_runs:
        found: Mapping[str, Any] | None = (run.candidate_metadata_by_arm_signature or {}).get(arm.signature)
        if found:
            return found
    return {}


def with_metadata(
    run: GeneratorRun, arms: list[Arm], metadata: Sequence[dict[str, Any]], *, node: str, generator: str
) -> GeneratorRun:
    """The run with these arms, and what is written down of each. Predictions are left out: they were for the arms that it
    had. `node` and `generator` are their names in Ax.
    """
    return GeneratorRun(
        arms,
        run.weights,
        optimization_config=run.optimization_config,
        search_space=run.search_space,
        best_arm_predictions=run.best_arm_predictions,
        fit_time=run.fit_time,
        gen_time=run.gen_time,
        generator_key=generator,
        gen_metadata=run.gen_metadata,
        # Private, as Ax 1.3 has no public way: without it a Sobol sequence would begin again at each call.
        generator_state_after_gen=run._generator_state_after_gen,
        candidate_metadata_by_arm_signature={
            arm.signature: each for arm, each in zip(arms, metadata, strict=True)
        },
        generation_node_name=node,
        suggested_experiment_status=run.suggested_experiment_status,
    )


def only_arm(trial: BaseTrial) -> Arm:
    """The arm of a trial that has one.

    Raises `InputError` for any other trial.
    """
    if len(trial.arms) != 1:
        raise InputError(f"trial {trial.index} has {len(trial.arms)} arms: say which is meant")
    return trial.arms[0]


class ObjectRunner(Runner):
    """Puts the object into the run metadata when a trial starts, and so into a column of `summarize()`.

    It measures nothing. A runner of your own inherits from it, calls `super().run(trial)` for the object, and submits
    that. `column` must stay an attribute of that name: Ax stores a runner as the arguments of its constructor, and
    reads them off the attributes.
    """

    def __init__(self, column: str = SMILES) -> None:
        self.column = column

    @property
    def run_metadata_report_keys(self) -> list[str]:
        """What `summarize()` shows."""
        return [self.column]

    def run(self, trial: BaseTrial) -> dict[str, Any]:
        """Run metadata with the object, or with those of all arms by name.

        Raises `InputError` for a trial with an arm that names no object.
        """
        named = {arm.name: object_of(trial, arm, self.column) for arm in trial.arms}
        if None in named.values():
            raise InputError(f"trial {trial.index} names no {self.column}: attach it with `attach_object`")
        return {self.column: next(iter(named.values())) if isinstance(trial, Trial) else named}
