"""The classical way to propose: climb the acquisition in the latent trust region, then decode what was found.

Kept for comparison and for spaces without cheap edits. The surrogate must be latent-only: a structure term
has no gradient in z. Every optimum is decoded, sifted and predicted again at the point its object encodes to,
like everything else.
"""

from __future__ import annotations

import warnings

import torch
from botorch.acquisition import AcquisitionFunction
from botorch.exceptions.warnings import OptimizationWarning
from botorch.optim import optimize_acqf
from jaxtyping import Float
from torch import Tensor

from latentbo.acquisition.batch import sample_seed
from latentbo.acquisition.functions import MakeAcquisition
from latentbo.acquisition.pool import Candidate, Counts, Pool, Situation, sift
from latentbo.acquisition.propose import Batch, predict
from latentbo.codecs.base import Reading
from latentbo.errors import InputError
from latentbo.models.several import LatentGPs
from latentbo.rng import global_stream, stream

RESTARTS = 6
RAW_SAMPLES = 128
ITERATIONS = 50
TRIES = 12
DECODES = 8  # of the optimum and of points around it
JITTER = 0.05  # of the box


class Constrained(AcquisitionFunction):
    """An acquisition with log P(feasible | z) added: constrained EI for log EI (Gardner et al. 2014)."""

    def __init__(self, inner: AcquisitionFunction, situation: Situation) -> None:
        super().__init__(inner.model)
        self.inner = inner
        self.feasibility = situation.feasibility
        self.unit = 1.0 if getattr(inner, "_log", False) else situation.spread

    def forward(self, X: Float[Tensor, "*b q d"]) -> Float[Tensor, "*b"]:
        """Value at b x q x d; q points must all be feasible."""
        return self.inner(X) + self.unit * self.feasibility(X).clamp(min=1e-6).log().sum(-1)


def propose_gradient(n: int, situation: Situation, make: MakeAcquisition, seed: int) -> Batch:
    """n new objects by `optimize_acqf` in the box around the incumbent, one optimum after the other.

    An optimum that decodes to something known is jittered: by a twentieth of the box, and by as much again
    after each optimum that gave nothing new. With fewer than n objects after `TRIES` times n optima the batch
    is short.
    """
    if isinstance(situation.surrogate, LatentGPs):
        raise InputError("the gradient proposer climbs for one outcome: use the pool for several")
    if situation.surrogate.train_inputs[0].shape[-1] != situation.model.latent:
        raise InputError("the gradient proposer needs a latent-only surrogate: leave the structure term out")
    centre = situation.model.embed(situation.elites(1))[0]
    bounds = situation.surrogate.input_transform.bounds[:, : situation.model.latent]
    box = situation.region.box(centre, situation.surrogate.latent_lengthscales(), bounds)
    known, counts = set(situation.known), Counts()
    kept: list[Candidate] = []
    believing = situation
    fruitless = 0
    for turn in range(TRIES * n):
        if len(kept) == n:
            break
        optimum = _climb(make, believing, box, seed, turn)
        step = JITTER * (1 + fruitless) * (box[1] - box[0])
        decodes = _decodes(situation, optimum, step, stream(seed, "jitter", turn))
        fresh, lost = sift((("gradient", reading) for reading in decodes), known, situation.check)
        counts += lost
        fruitless = 0 if fresh else fruitless + 1
        if fresh:
            # Only the first: the others decode from the same place and stay free for a later optimum.
            known.difference_update(candidate.object for candidate in fresh[1:])
            kept.append(fresh[0])
            believing = believing.believing(situation.model.inputs([fresh[0].reading]))
    x = situation.model.inputs([candidate.reading for candidate in kept])
    return Batch(n, predict(situation, Pool(tuple(kept), x, torch.zeros(len(kept)))), counts)


def _climb(
    make: MakeAcquisition, situation: Situation, box: Float[Tensor, "2 d"], seed: int, turn: int
) -> Float[Tensor, "1 d"]:
    with warnings.catch_warnings(), global_stream(seed, "climb", turn):
        warnings.filterwarnings("ignore", category=OptimizationWarning)  # reaching the iteration cap is fine
        optimum, _ = optimize_acqf(
            Constrained(make(situation.surrogate, situation.best), situation),
            bounds=box,
            q=1,
            num_restarts=RESTARTS,
            raw_samples=RAW_SAMPLES,
            options={"maxiter": ITERATIONS, "seed": sample_seed(seed, "raw", turn)},
        )
    return optimum


def _decodes(
    situation: Situation, optimum: Float[Tensor, "1 d"], step: Float[Tensor, " d"], generator: torch.Generator
) -> list[Reading]:
    """What the optimum decodes to, followed by points around it."""
    noise = torch.randn(DECODES, optimum.shape[1], generator=generator, dtype=optimum.dtype)
    noise[0] = 0.0
    return situation.model.decode(optimum + step * noise)
