"""The classical way to propose: climb the acquisition in the latent trust region, then decode what was found.

Kept for comparison and for spaces without cheap edits. The surrogate must be latent-only: a structure term
has no gradient in z. Every optimum is decoded, filtered and predicted again at the point its object encodes to,
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

from latentbo.acquisition.candidates import Batch, Candidate, Counts, Pool, filter_candidates
from latentbo.acquisition.context import ProposalContext
from latentbo.acquisition.functions import MakeAcquisition, log_probability_weight
from latentbo.acquisition.picking import predict, sample_seed
from latentbo.codecs.base import Reading
from latentbo.errors import InputError
from latentbo.models.multi_output import MultiOutputLatentGP
from latentbo.torch_rng import global_stream, stream

RESTARTS = 6
RAW_SAMPLES = 128
ITERATIONS = 50
TRIES = 12
DECODES = 8  # of the optimum and of points around it
JITTER = 0.05  # of the box


class Constrained(AcquisitionFunction):
    """An acquisition with log P(feasible | z) added: constrained EI for log EI (Gardner et al. 2014)."""

    def __init__(self, inner: AcquisitionFunction, context: ProposalContext) -> None:
        super().__init__(inner.model)
        self.inner = inner
        self.feasibility = context.feasibility
        self.weight = log_probability_weight(inner, context.spread)

    def forward(self, X: Float[Tensor, "*b q d"]) -> Float[Tensor, "*b"]:
        """Value at b x q x d; q points must all be feasible."""
        value: Tensor = self.inner(X)
        return value + self.weight * self.feasibility(X).clamp(min=1e-6).log().sum(-1)


def propose_gradient(n: int, context: ProposalContext, make: MakeAcquisition, seed: int) -> Batch:
    """n new objects by `optimize_acqf` in the box around the incumbent, one optimum after the other.

    An optimum that decodes to something known is jittered: by a twentieth of the box, and by as much again
    after each optimum that gave nothing new. With fewer than n objects after `TRIES` times n optima the batch
    is short.
    """
    if isinstance(context.surrogate, MultiOutputLatentGP):
        raise InputError("the gradient proposer climbs for one outcome: use the pool for several")
    if context.surrogate.train_inputs[0].shape[-1] != context.model.latent:
        raise InputError("the gradient proposer needs a latent-only surrogate: leave the structure term out")
    centre = context.model.embed(context.elites(1))[0]
    bounds = context.surrogate.input_transform.bounds[:, : context.model.latent]
    box = context.region.box(centre, context.surrogate.latent_lengthscales(), bounds)
    known, counts = set(context.known), Counts()
    kept: list[Candidate] = []
    fantasised = context
    fruitless = 0
    for turn in range(TRIES * n):
        if len(kept) == n:
            break
        optimum = _climb(make, fantasised, box, seed, turn)
        step = JITTER * (1 + fruitless) * (box[1] - box[0])
        decodes = _decodes(context, optimum, step, stream(seed, "jitter", turn))
        fresh, lost = filter_candidates((("gradient", reading) for reading in decodes), known, context.check)
        counts += lost
        fruitless = 0 if fresh else fruitless + 1
        if fresh:
            # Only the first: the others decode from the same place and stay free for a later optimum.
            known.difference_update(candidate.object for candidate in fresh[1:])
            kept.append(fresh[0])
            fantasised = fantasised.with_fantasies(context.model.inputs([fresh[0].reading]))
    x = context.model.inputs([candidate.reading for candidate in kept])
    return Batch(n, predict(context, Pool(tuple(kept), x, torch.zeros(len(kept)))), counts)


def _climb(
    make: MakeAcquisition, context: ProposalContext, box: Float[Tensor, "2 d"], seed: int, turn: int
) -> Float[Tensor, "1 d"]:
    with warnings.catch_warnings(), global_stream(seed, "climb", turn):
        warnings.filterwarnings("ignore", category=OptimizationWarning)  # reaching the iteration cap is fine
        optimum: Tensor = optimize_acqf(
            Constrained(make(context.surrogate, context.best), context),
            bounds=box,
            q=1,
            num_restarts=RESTARTS,
            raw_samples=RAW_SAMPLES,
            options={"maxiter": ITERATIONS, "seed": sample_seed(seed, "raw", turn)},
        )[0]
    return optimum


def _decodes(
    context: ProposalContext,
    optimum: Float[Tensor, "1 d"],
    step: Float[Tensor, " d"],
    generator: torch.Generator,
) -> list[Reading]:
    """What the optimum decodes to, followed by points around it."""
    noise = torch.randn(DECODES, optimum.shape[1], generator=generator, dtype=optimum.dtype)
    noise[0] = 0.0
    return context.model.decode(optimum + step * noise)
