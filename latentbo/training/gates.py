"""A retrain: fine-tuning, then the gates that its result must pass before it goes live.

    fine-tune   deep kernel learning of an encoder on what was measured (`training.finetune`)
    retrain     a campaign's decision: fine-tune, test, and keep the new encoder or the old one

A retrained encoder goes live only if it still rebuilds held-out objects, and if the surrogate on it predicts measured
objects about as well as before (law 8 of the design). Fine-tuning never sees the measured objects of this second gate. It
pulls labelled objects to where their values fit, so that a surrogate tested on labels that the encoder has seen would look
excellent. Which objects are withheld depends on the object alone (`replay.withheld`) and not on the round. With a fresh split
each time, the present encoder would be tested on labels that it has seen, and its successor not. The live surrogate is fitted
to all measured objects.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor

from latentbo.codecs.base import Reading
from latentbo.data.measurements import Measurements
from latentbo.diagnostics.calibration import calibration
from latentbo.errors import FitError, InputError
from latentbo.models.dkl_vae import DKLVAE
from latentbo.models.surrogate import LatentGP
from latentbo.training.finetune import fine_tune
from latentbo.training.recipes import FineTuneRecipe
from latentbo.training.replay import withheld
from latentbo.training.token_sets import TokenSet

GATE_SHARE = 0.2


@dataclass(frozen=True)
class Gates:
    """How much worse a retrained encoder may be.

    reconstruction_drop   in the share of held-out objects that come back from encode - decode
    nll_rise              in the negative log predictive density of withheld measured objects, nats per point
    """

    reconstruction_drop: float = 0.03
    nll_rise: float = 0.05

    def reasons(self, before: dict[str, float], after: dict[str, float]) -> tuple[str, ...]:
        """What speaks against the retrained encoder; none if it may go live. A NaN speaks against it."""
        found = []
        if not after["exact_match"] >= before["exact_match"] - self.reconstruction_drop:
            found.append(f"exact match fell from {before['exact_match']:.3f} to {after['exact_match']:.3f}")
        if not after["nll"] <= before["nll"] + self.nll_rise:
            found.append(f"held-out NLL rose from {before['nll']:.3f} to {after['nll']:.3f}")
        return tuple(found)


@dataclass(frozen=True, eq=False)
class Retrained:
    """The decision. `model` is the live one after it; `reasons` say why a retrained one was refused.

    `before` and `after` are `measures`, empty where training failed before there were any.
    """

    model: DKLVAE
    accepted: bool
    reasons: tuple[str, ...]
    before: dict[str, float]
    after: dict[str, float]
    seconds: float

    def summary(self) -> str:
        """One line for people."""
        if not self.accepted:
            return "refused: " + "; ".join(self.reasons)
        changes = (f"{name} {self.before[name]:.3f} -> {self.after[name]:.3f}" for name in self.after)
        return "accepted: " + ", ".join(changes)


def retrain(
    model: DKLVAE,
    data: Measurements,
    replay: TokenSet,
    held_out: Sequence[Reading],
    recipe: FineTuneRecipe,
    gates: Gates,
) -> Retrained:
    """Fine-tune `model` on what was measured and put the result through the gates.

    `held_out` are objects for the first gate, best such as no training has seen. Training that fails is a refusal and no
    error. Raises `InputError` for too little data.
    """
    began = time.monotonic()
    if not held_out:
        raise InputError("the reconstruction gate needs held-out objects, but there are none")
    learnt, kept_out = (_part(data, rows) for rows in withheld(data.objects, GATE_SHARE, "gate"))
    before: dict[str, float] = {}
    after: dict[str, float] = {}
    new = model
    try:
        before = measures(model, learnt, kept_out, held_out)
        new = fine_tune(model, learnt, replay, recipe).model
        if new.id == model.id:
            reasons: tuple[str, ...] = ("no round of training predicted the watched objects better",)
        else:
            after = measures(new, learnt, kept_out, held_out)
            reasons = gates.reasons(before, after)
    except FitError as error:
        reasons = (str(error),)
    accepted = not reasons
    return Retrained(new if accepted else model, accepted, reasons, before, after, time.monotonic() - began)


def measures(
    model: DKLVAE, learnt: Measurements, kept_out: Measurements, held_out: Sequence[Reading]
) -> dict[str, float]:
    """What the gates look at, and the error beside it.

    exact_match   share of held-out objects that come back from encode - decode
    nll, rmse     of the surrogate fitted to `learnt`, on `kept_out`; in units of the standard deviation of
                  `learnt`. It has the structure term where the model has one: it is the model that will be asked.
    """
    back = model.decode(model.embed(held_out))
    same = [a.object == b.object for a, b in zip(held_out, back, strict=True)]
    head = model.surrogate(learnt).model
    mean, sd = _predictions(head, model.inputs(model.codec.read(kept_out.objects)))
    unit = learnt.values.double().std()  # the head's own, as both encoders are tested on the same objects
    errors = kept_out.values.double().squeeze(-1) - mean
    nll = calibration(mean / unit, sd / unit, (errors + mean) / unit).nll
    return {
        "exact_match": sum(same) / len(same),
        "nll": nll,
        "rmse": float(errors.square().mean().sqrt() / unit),
    }


@torch.no_grad()
def _predictions(head: LatentGP, x: Float[Tensor, "n dp"]) -> tuple[Float[Tensor, " n"], Float[Tensor, " n"]]:
    """Mean and standard deviation of a measurement at each x, its noise included."""
    posterior = head.posterior(x, observation_noise=True)
    return posterior.mean.squeeze(-1), posterior.variance.sqrt().squeeze(-1)


def _part(data: Measurements, rows: Int[Tensor, " n"]) -> Measurements:
    return Measurements(tuple(data.objects[i] for i in rows.tolist()), data.values[rows])
