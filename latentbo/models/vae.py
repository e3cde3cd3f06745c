"""The sequence variational autoencoder (Kingma & Welling 2014; on molecules Gomez-Bombarelli et al. 2018)."""

from __future__ import annotations

from typing import Any, NamedTuple

import torch
from jaxtyping import Int
from torch import Tensor, nn
from torch.nn import functional as F

from latentbo.codecs.vocabulary import END, PAD
from latentbo.models.networks import SequenceDecoder, SequenceEncoder
from latentbo.rng import normal, uniform
from latentbo.types import Latents, Tokens


class Gaussian(NamedTuple):
    """A diagonal normal per row: q(z | x) of a batch."""

    mean: Latents
    log_variance: Latents

    def sample(self, generator: torch.Generator | None = None) -> Latents:
        """One draw a row (reparameterised: gradients reach mean and log-variance)."""
        return self.mean + torch.exp(0.5 * self.log_variance) * normal(
            self.mean.shape, generator, self.mean.device
        )


class SequenceVAE(nn.Module):
    """Tokens <-> latent points, with an optional linear head that reads known properties off z.

    The head (`properties` outputs) is for co-training on cheap descriptors: what it can read linearly,
    distances in z reflect. It plays no part in encoding or decoding.
    """

    def __init__(
        self,
        vocabulary: int,
        *,
        latent: int = 64,
        embedding: int = 128,
        encoder_hidden: int = 192,
        encoder_layers: int = 2,
        decoder_hidden: int = 512,
        properties: int = 0,
    ) -> None:
        super().__init__()
        self.arguments: dict[str, Any] = {
            "vocabulary": vocabulary,
            "latent": latent,
            "embedding": embedding,
            "encoder_hidden": encoder_hidden,
            "encoder_layers": encoder_layers,
            "decoder_hidden": decoder_hidden,
            "properties": properties,
        }
        self.latent = latent
        self.encoder = SequenceEncoder(
            vocabulary, embedding=embedding, hidden=encoder_hidden, layers=encoder_layers, latent=latent
        )
        self.decoder = SequenceDecoder(vocabulary, embedding=embedding, hidden=decoder_hidden, latent=latent)
        self.head = nn.Linear(latent, properties) if properties else None

    def encode(self, x: Tokens) -> Gaussian:
        """q(z | x); its mean is what `embed` returns."""
        return Gaussian(*self.encoder(x))

    def log_likelihood(
        self, z: Latents, x: Tokens, dropout: float = 0.0, generator: torch.Generator | None = None
    ) -> Tensor:
        """log p(x | z) per sequence in nats, summed over its tokens and its END; shape n.

        With `dropout`, that share of the tokens the decoder is shown is blanked, so that it must ask z.
        """
        shown = x
        if dropout:
            shown = x.masked_fill(uniform(x.shape, generator, x.device) < dropout, PAD)
        logits = self.decoder(z, shown).float()
        losses = F.cross_entropy(logits.transpose(1, 2), _answers(x), ignore_index=PAD, reduction="none")
        return -losses.sum(1)

    @torch.no_grad()
    def token_hits(self, z: Latents, x: Tokens) -> tuple[int, int]:
        """How many tokens (END included) are the most likely one given z and the true tokens before; and how
        many there are.
        """
        answers, logits = _answers(x), self.decoder(z, x)
        counted = answers != PAD
        return int((logits.argmax(-1) == answers)[counted].sum()), int(counted.sum())


def _answers(x: Tokens) -> Int[Tensor, "n t+1"]:
    """What the decoder must say: the row, then END; n x (t + 1)."""
    return F.pad(x, (0, 1), value=PAD).scatter(1, (x != PAD).sum(1)[:, None], END)
