"""What decides how a model is fine-tuned: flat numbers and names."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal, get_args

from latentbo.errors import InputError, unknown_name

Schedule = Literal["vae", "sequential", "joint", "alternating", "decoder"]
Reach = Literal["last_layer", "encoder"]


@dataclass(frozen=True)
class FineTuneRecipe:
    """Everything that decides what fine-tuning makes, apart from model and data. N is the loss of the GP head.

    schedule         "vae": the ELBO alone. "sequential": the ELBO for the first half of the steps, then N
                     alone. "joint": their sum. "alternating": the ELBO on even steps, N on odd ones. N trains
                     the encoder only: in a step without the ELBO the decoder stands still. "decoder": the
                     decoder's likelihood alone (`training.decoder`); the encoder stands still, and so does
                     every latent point.
    reach            how far N's gradients go: into the "last_layer" of the encoder's mean, or all the "encoder"
    gp_loss_weight   how many nats of ELBO one nat of N is worth
    steps            optimiser steps, a multiple of `round_steps`
    round_steps      steps between fits of the head's hyperparameters, and between looks at the watched objects
    batch_size       rows of the ELBO's batches
    gp_points        labelled objects N is computed on in one step, at most
    gp_noise         posterior standard deviations of noise on their z
    decoder_noise    the same on the z that the decoder is trained at, where it is trained alone
    watch_share      share of labelled objects kept out of N and watched; 0: the last weights are kept
    learning_rate    AdamW's peak, after a warm-up over a tenth of the steps; then a cosine to zero
    beta             weight of the KL term
    token_dropout    share of the decoder's input tokens blanked
    property_weight  weight of the descriptor term, where the VAE has a descriptor head
    replay_share     share of replayed rows in the ELBO's batches
    rank_weight      k of `replay.rank_weights`: small trains on the best few, large on all alike
    bf16             use bfloat16 products where the hardware has them

    Raises `InputError` for values that mean nothing.
    """

    schedule: Schedule = "joint"
    reach: Reach = "last_layer"
    gp_loss_weight: float = 10.0
    steps: int = 60
    round_steps: int = 10
    batch_size: int = 64
    gp_points: int = 64
    gp_noise: float = 1.0
    decoder_noise: float = 0.0
    watch_share: float = 0.2
    learning_rate: float = 5e-4
    beta: float = 0.1
    token_dropout: float = 0.1
    property_weight: float = 0.1
    replay_share: float = 0.5
    rank_weight: float = 1e-2
    seed: int = 0
    bf16: bool = True

    def __post_init__(self) -> None:
        for name, known in (("schedule", get_args(Schedule)), ("reach", get_args(Reach))):
            if getattr(self, name) not in known:
                raise unknown_name(name, getattr(self, name), known)
        for name, least in (("steps", 1), ("round_steps", 1), ("batch_size", 1), ("gp_points", 2)):
            if getattr(self, name) < least:
                raise InputError(f"{name} must be at least {least}, not {getattr(self, name)}")
        if self.steps % self.round_steps:
            raise InputError(f"steps ({self.steps}) must be a multiple of round_steps ({self.round_steps})")
        shares = {"replay_share": 1.0, "watch_share": 0.5, "token_dropout": 0.9}
        others = dict.fromkeys(
            ("gp_loss_weight", "gp_noise", "decoder_noise", "beta", "property_weight"), math.inf
        )
        for name, most in (shares | others).items():
            if not 0.0 <= getattr(self, name) <= most:
                raise InputError(f"{name} must lie within 0 and {most}, not {getattr(self, name)}")
        if not self.rank_weight > 0.0 or not self.learning_rate > 0.0:
            given = f"{self.rank_weight} and {self.learning_rate}"
            raise InputError(f"rank_weight and learning_rate must be positive, not {given}")
        if self.gp_loss_weight == 0.0 and self.schedule in ("sequential", "alternating"):
            raise InputError(
                f"schedule {self.schedule!r} has steps of N alone: use 'vae' instead of a gp_loss_weight of 0"
            )

    @property
    def uses_head(self) -> bool:
        """Whether any step minimises N."""
        return self.schedule not in ("vae", "decoder") and self.gp_loss_weight > 0.0

    @property
    def moves_encoder(self) -> bool:
        """Whether latent points change: labels may then leak into them."""
        return self.schedule != "decoder"

    def wants(self, step: int) -> tuple[bool, bool]:
        """Whether this step minimises the ELBO loss, and whether N."""
        match self.schedule:
            case "vae":
                return True, False
            case "decoder":
                return False, False
            case "joint":
                return True, self.uses_head
            case "sequential":
                return step < self.steps / 2, step >= self.steps / 2
            case "alternating":
                return step % 2 == 0, step % 2 == 1
