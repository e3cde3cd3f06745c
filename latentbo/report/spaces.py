"""Whose space a page of views shows: a model, objects in it with or without values, and what predicts the others.

As in a report, larger values are better: those of a minimised campaign are shown as "minus" what was told.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float

from latentbo.campaign.campaign import Campaign
from latentbo.codecs.base import brief
from latentbo.data.measurements import Measurements
from latentbo.data.outcome_transforms import IDENTITY, OutcomeTransform
from latentbo.data.tables import VALUE
from latentbo.diagnostics.predictions import Predict, predictor
from latentbo.kinds.files import read_objects
from latentbo.models.dkl_vae import DKLVAE
from latentbo.models.surrogate import LatentGP
from latentbo.report.latent_map import PROPOSALS, START_DATA

FEWEST = 10  # different values that a surrogate is fitted to here
MEASURED, UNMEASURED = "measured", "predicted"


@dataclass(frozen=True)
class Listed:
    """The objects of a file, each once, as the codec names them; NaN where no value is given. `problems` are the rows
    that could not be used.
    """

    objects: tuple[str, ...] = ()
    values: tuple[float, ...] = ()
    problems: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class Space:
    """A model and objects in its latent space.

    values              NaN where nothing was measured
    groups              what each object is (start data, proposals ...)
    head, seen          the surrogate, where there is enough to learn from, and the model that makes its inputs
    encoders            those that were live before this one, oldest first
    outcome_transform   of the values that the surrogate was fitted to
    """

    model: DKLVAE
    objects: tuple[str, ...]
    values: Float[np.ndarray, " n"]
    groups: tuple[str, ...]
    head: LatentGP | None
    seen: DKLVAE
    name: str
    facts: Mapping[str, str] = field(default_factory=dict)
    encoders: tuple[DKLVAE, ...] = ()
    outcome_transform: OutcomeTransform = IDENTITY

    @property
    def predict(self) -> Predict | None:
        """Predictions of the surrogate, where there is one."""
        return None if self.head is None else predictor(self.seen, self.head, self.outcome_transform)


def listed(
    file: Path, model: DKLVAE, object_column: str | None = None, value_column: str | None = None
) -> Listed:
    """A file of objects as their kind is written, or a table with the kind's column and perhaps `value`. Columns of other
    names are named. Raises `InputError` for what is neither.
    """
    table = read_objects(file, model.kind, object_column, value_column)
    if value_column is None and any(name.lower() == VALUE for row in table.rows[:1] for name in row.extra):
        table = read_objects(file, model.kind, object_column, VALUE)
    problems = [str(problem) for problem in table.problems]
    found: dict[str, float] = {}
    for row, reading in zip(table.rows, model.codec.read([row.object for row in table.rows]), strict=True):
        if reading.object is None:
            problems.append(f"line {row.line}: {brief(row.object)!r} cannot be used ({reading.reason})")
        elif row.value is not None or reading.object not in found:
            found[reading.object] = np.nan if row.value is None else row.value
    return Listed(tuple(found), tuple(found.values()), tuple(problems))


def space_of_model(model: DKLVAE, given: Listed, *, name: str = "value", minimise: bool = False) -> Space:
    """The space of a model and a file's objects; their values, where there are enough, teach a surrogate."""
    values = (-1.0 if minimise else 1.0) * np.array(given.values, dtype=float)
    name = f"minus {name}" if minimise else name
    known = np.isfinite(values)
    groups = tuple(np.where(known, MEASURED, UNMEASURED)) if known.any() else (model.kind.name,) * len(values)
    head: LatentGP | None = None
    outcome_transform: OutcomeTransform = IDENTITY
    if len(set(values[known].tolist())) >= FEWEST:
        measured = tuple(each for each, there in zip(given.objects, known, strict=True) if there)
        data = Measurements(measured, torch.tensor(values[known])[:, None])
        outcome_transform = data.outcome_transform
        head = model.surrogate(data.transformed(outcome_transform)).model
    return Space(
        model,
        given.objects,
        values,
        groups,
        head,
        model,
        name,
        {"encoder": model.id},
        outcome_transform=outcome_transform,
    )


def space_of_campaign(campaign: Campaign, given: Listed | None = None, *, name: str | None = None) -> Space:
    """A campaign's live space with what it measured, and a file's objects, whose own values are not read."""
    history = campaign.history
    rows = history.with_status("measured")
    label = name or campaign.settings.objective or "value"
    values = [history.sign * row.value for row in rows if row.value is not None]
    objects = [row.object for row in rows]
    groups = [PROPOSALS if row.round else START_DATA for row in rows]
    others = _new(given.objects if given else (), objects)
    head, seen = None, campaign.model
    if len(set(values)) >= 2:
        fitted = campaign.surrogate()
        head, seen = fitted.model, campaign.context(fitted).model
    return Space(
        campaign.model,
        (*objects, *others),
        np.array([*values, *[np.nan] * len(others)], dtype=float),
        (*groups, *[UNMEASURED] * len(others)),
        head,
        seen,
        f"minus {label}" if history.sign < 0 else label,
        {"encoder": campaign.model.id, "seed of the campaign": str(campaign.seed)},
        tuple(campaign.past_models()),
        campaign.outcome_transform,
    )


def _new(objects: Sequence[str], known: Sequence[str]) -> list[str]:
    there = set(known)
    return [each for each in objects if each not in there]
