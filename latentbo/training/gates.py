"""A retrain: fine-tuning, then the gates that its result must pass before it goes live.

    fine-tune   training of encoder and decoder, or of either, on what was measured (`training.finetune`)
    retrain     a campaign's decision: fine-tune, test, and keep the new model or the old one

A retrained model goes live only if nothing that a campaign lives by got worse (law 8 of the design): it still rebuilds held-out
objects, it writes the campaign's best objects where it encodes them, what it would propose near them is worth no less
(`training.proposal_value`), and a surrogate of its latents alone predicts measured objects about as well as before.

Fine-tuning that moves the encoder never sees the objects of this last gate. It pulls labelled objects to where their values
fit, so that a surrogate tested on labels that the encoder has seen would look excellent. Which objects are withheld depends on
the object alone (`replay.withheld`) and not on the round. With a fresh split each time, the present encoder would be tested
on labels that it has seen, and its successor not. Where the encoder stands still, no label can leak, and all objects are
learnt from. The live surrogate is fitted to all measured objects.
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
from latentbo.diagnostics.evaluation import share_that_comes_back, share_written_at_once
from latentbo.errors import FitError, InputError
from latentbo.models.dkl_vae import DKLVAE
from latentbo.models.surrogate import LatentGP
from latentbo.training.finetune import fine_tune
from latentbo.training.proposal_value import BEST, Judge, proposal_measures
from latentbo.training.recipes import FineTuneRecipe
from latentbo.training.replay import withheld
from latentbo.training.token_sets import TokenSet

GATE_SHARE = 0.2


@dataclass(frozen=True)
class Gates:
    """How much worse a retrained model may be in each of `measures`.

    reconstruction_drop   in the share of held-out objects that are written greedily where they are encoded
    best_drop             in the share of the campaign's best objects that come back from encode - decode
    value_drop            in what proposals near the best are worth, standard deviations of the measured values
    realism_drop          in the share of those proposals, near realistic ones, that are realistic
    nll_rise              in the negative log predictive density of withheld measured objects, nats per point, by a
                          surrogate of latents alone

    The allowances are about twice what chance does. What was not measured (see `proposal_measures`) is not judged.
    """

    reconstruction_drop: float = 0.03
    best_drop: float = 0.0
    value_drop: float = 0.15
    realism_drop: float = 0.1
    nll_rise: float = 0.05

    def reasons(self, before: dict[str, float], after: dict[str, float]) -> tuple[str, ...]:
        """What speaks against the retrained model; none if it may go live. A NaN speaks against it."""
        drops = {
            "exact_match": ("exact match of held-out objects", self.reconstruction_drop),
            "best_come_back": ("the share of the best that come back", self.best_drop),
            "proposal_value": ("the value of proposals near the best", self.value_drop),
            "realistic": ("the share of proposals that are realistic", self.realism_drop),
        }
        found = [
            f"{what} fell from {before[name]:.3f} to {after[name]:.3f}"
            for name, (what, drop) in drops.items()
            if name in before and name in after and not after[name] >= before[name] - drop
        ]
        if not after["nll"] <= before["nll"] + self.nll_rise:
            found.append(
                f"held-out NLL of the latent term rose from {before['nll']:.3f} to {after['nll']:.3f}"
            )
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
        both = (name for name in self.after if name in self.before)
        changes = (f"{name} {self.before[name]:.3f} -> {self.after[name]:.3f}" for name in both)
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
    before: dict[str, float] = {}
    after: dict[str, float] = {}
    new = model
    try:
        comparison = Comparison.of(model, data, held_out, recipe.seed)
        before = measures(model, comparison)
        new = fine_tune(model, comparison.learnt if recipe.moves_encoder else data, replay, recipe).model
        if new.id == model.id:
            reasons: tuple[str, ...] = ("no round of training predicted the watched objects better",)
        else:
            after = measures(new, comparison)
            reasons = gates.reasons(before, after)
    except FitError as error:
        reasons = (str(error),)
    accepted = not reasons
    return Retrained(new if accepted else model, accepted, reasons, before, after, time.monotonic() - began)


@dataclass(frozen=True, eq=False)
class Comparison:
    """What models are compared on: the same for the present one and its successor.

    held_out          objects that should come back
    best              the campaign's best objects, as the codec reads them
    judge             says what proposals are worth; None where the surrogate has nothing but latents (`Judge.of`)
    learnt, kept_out  measured objects for a surrogate to learn from, and those it is tested on
    """

    held_out: Sequence[Reading]
    best: Sequence[Reading]
    judge: Judge | None
    learnt: Measurements
    kept_out: Measurements
    seed: int

    @classmethod
    def of(cls, model: DKLVAE, data: Measurements, held_out: Sequence[Reading], seed: int) -> Comparison:
        """Raises `InputError` for too little data, `FitError` where the judge cannot be fitted."""
        learnt, kept_out = (_part(data, rows) for rows in withheld(data.objects, GATE_SHARE, "gate"))
        best = model.codec.read(data.best(BEST))
        return cls(held_out, best, Judge.of(model, data), learnt, kept_out, seed)


def measures(model: DKLVAE, comparison: Comparison) -> dict[str, float]:
    """What the gates look at, and the error beside it.

    exact_match                share of held-out objects that the network writes greedily where it encodes them
    best_come_back             share of the campaign's best objects that come back from encode - decode
    proposal_value, realistic  of `proposal_measures`; not there without a judge
    nll, rmse                  of the surrogate of latents alone, fitted to `learnt`, on `kept_out`; in units of the standard
                               deviation of `learnt`. Terms of the object itself would hide what became of the latents.
    """
    found = {
        "exact_match": share_written_at_once(model, comparison.held_out),
        "best_come_back": share_that_comes_back(model, comparison.best),
    }
    if comparison.judge is not None:
        found |= proposal_measures(model, comparison.judge, seed=comparison.seed)
    nll, rmse = _held_out_error(model.latents_only, comparison.learnt, comparison.kept_out)
    return {**found, "nll": nll, "rmse": rmse}


def _held_out_error(model: DKLVAE, learnt: Measurements, kept_out: Measurements) -> tuple[float, float]:
    """NLL and RMSE on `kept_out` of the surrogate fitted to `learnt`."""
    head = model.surrogate(learnt).model
    mean, sd = _predictions(head, model.inputs(model.codec.read(kept_out.objects)))
    unit = learnt.values.double().std()  # the head's own, as both encoders are tested on the same objects
    errors = kept_out.values.double().squeeze(-1) - mean
    nll = calibration(mean / unit, sd / unit, (errors + mean) / unit).nll
    return nll, float(errors.square().mean().sqrt() / unit)


@torch.no_grad()
def _predictions(head: LatentGP, x: Float[Tensor, "n dp"]) -> tuple[Float[Tensor, " n"], Float[Tensor, " n"]]:
    """Mean and standard deviation of a measurement at each x, its noise included."""
    posterior = head.posterior(x, observation_noise=True)
    return posterior.mean.squeeze(-1), posterior.variance.sqrt().squeeze(-1)


def _part(data: Measurements, rows: Int[Tensor, " n"]) -> Measurements:
    return Measurements(tuple(data.objects[i] for i in rows.tolist()), data.values[rows])
