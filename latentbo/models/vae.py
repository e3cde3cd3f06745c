"""Variational autoencoders (Kingma & Welling 2014): what they have in common, and the one of sequences (on molecules
Gomez-Bombarelli et al. 2018).
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, NamedTuple

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn
from torch.nn import functional as F

from latentbo.codecs.vocabulary import END, PAD
from latentbo.models.beam import Hypotheses, beam_search, likeliest_rows
from latentbo.models.networks import SequenceDecoder, SequenceEncoder
from latentbo.torch_rng import normal, uniform
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


class VAE(nn.Module, ABC):
    """Tokens <-> latent points, with an optional linear head that reads known properties off z.

    The head (`properties` outputs) is for co-training on cheap descriptors: distances in z then reflect them. It plays no
    part in encoding or decoding. `arguments` make the same network anew, `vocabulary` is how many tokens it knows, and the
    encoder's last layer is its linear `mean`.
    """

    arguments: dict[str, Any]
    vocabulary: int
    latent: int
    encoder: nn.Module
    head: nn.Linear | None

    def encode(self, x: Tokens) -> Gaussian:
        """q(z | x); its mean is what `embed` returns."""
        return Gaussian(*self.encoder(x))

    @abstractmethod
    def log_likelihood(
        self, z: Latents, x: Tokens, dropout: float = 0.0, generator: torch.Generator | None = None
    ) -> Tensor:
        """log p(x | z) of each object in nats, summed over its tokens; shape n.

        With `dropout`, a decoder that reads the tokens before has that share of them blanked, so that it must rely on z.
        """

    @abstractmethod
    def decode_tokens(
        self,
        z: Latents,
        *,
        max_tokens: int,
        width: int,
        temperature: float,
        generator: torch.Generator | None,
    ) -> Tokens:
        """The likeliest tokens at each point, n x t, as far as a search of this `width` finds them; drawn ones at a
        positive temperature.
        """

    def hypotheses(self, z: Latents, *, max_tokens: int, width: int, margin: float) -> Hypotheses | None:
        """The `width` likeliest rows at each point, none `margin` nats less likely than the best; None from a network that
        has one answer at a point.
        """
        return None

    def completions(
        self,
        z: Latents,
        prefix: Int[Tensor, "n p"],
        *,
        max_tokens: int,
        temperature: Float[Tensor, " n"],
        generator: torch.Generator | None,
        instead_of: Int[Tensor, " n"],
    ) -> Tokens | None:
        """Rows that begin with the tokens of `prefix` (n x p, right-padded) and go on as the decoder would at each point;
        where `instead_of` is not PAD, by another token than that, and then by the likeliest ones. None from a network that
        writes all of a row at once.
        """
        return None

    @abstractmethod
    def token_hits(self, z: Latents, x: Tokens) -> tuple[int, int]:
        """How many tokens are the most likely one given z (and the true ones before, where the decoder reads them); and
        how many there are.
        """

    @abstractmethod
    def entropy(self, z: Latents, x: Tokens) -> Float[Tensor, " n"]:
        """How undecided the decoder is at each z, in nats a token: the entropy of what may stand at a place of x, given z
        (and the tokens before, where the decoder reads them), averaged over the places. x is what `decode_tokens` wrote at z.

        0 where nothing else could stand anywhere; log V where all V tokens are alike everywhere.
        """


class SequenceVAE(VAE):
    """Sequences of any length; the decoder writes one token after the other."""

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
        self.vocabulary, self.latent = vocabulary, latent
        self.encoder = SequenceEncoder(
            vocabulary, embedding=embedding, hidden=encoder_hidden, layers=encoder_layers, latent=latent
        )
        self.decoder = SequenceDecoder(vocabulary, embedding=embedding, hidden=decoder_hidden, latent=latent)
        self.head = nn.Linear(latent, properties) if properties else None

    def log_likelihood(
        self, z: Latents, x: Tokens, dropout: float = 0.0, generator: torch.Generator | None = None
    ) -> Tensor:
        """As in `VAE`; the END is one of the tokens."""
        shown = x
        if dropout:
            shown = x.masked_fill(uniform(x.shape, generator, x.device) < dropout, PAD)
        logits = self.decoder(z, shown).float()
        losses = F.cross_entropy(logits.transpose(1, 2), _answers(x), ignore_index=PAD, reduction="none")
        return -losses.sum(1)

    def decode_tokens(
        self,
        z: Latents,
        *,
        max_tokens: int,
        width: int,
        temperature: float,
        generator: torch.Generator | None,
    ) -> Tokens:
        """As in `VAE`, padded after each END: by a beam of `width`, or one token at a time (1 is greedy)."""
        if temperature or width == 1:
            return self.decoder.generate(
                z, max_tokens=max_tokens, temperature=temperature, generator=generator
            )
        return beam_search(self.decoder, z, max_tokens=max_tokens, width=width)

    def hypotheses(self, z: Latents, *, max_tokens: int, width: int, margin: float) -> Hypotheses | None:
        """As in `VAE`."""
        return likeliest_rows(self.decoder, z, max_tokens=max_tokens, width=width, margin=margin, kept=width)

    def completions(
        self,
        z: Latents,
        prefix: Int[Tensor, "n p"],
        *,
        max_tokens: int,
        temperature: Float[Tensor, " n"],
        generator: torch.Generator | None,
        instead_of: Int[Tensor, " n"],
    ) -> Tokens | None:
        """As in `VAE`."""
        return self.decoder.generate(
            z,
            max_tokens=max_tokens,
            temperature=temperature,
            generator=generator,
            prefix=prefix,
            instead_of=instead_of,
        )

    @torch.no_grad()
    def token_hits(self, z: Latents, x: Tokens) -> tuple[int, int]:
        """As in `VAE`; the END is one of the tokens."""
        answers, logits = _answers(x), self.decoder(z, x)
        counted = answers != PAD
        return int((logits.argmax(-1) == answers)[counted].sum()), int(counted.sum())

    @torch.no_grad()
    def entropy(self, z: Latents, x: Tokens) -> Float[Tensor, " n"]:
        """As in `VAE`; x has its END, which is one of the places."""
        written = x != PAD
        shares = torch.softmax(self.decoder.answerable(self.decoder(z, x)[:, :-1]), -1)
        places: Tensor = torch.special.entr(shares).sum(-1) * written
        return places.sum(1) / written.sum(1).clamp(min=1)


def _answers(x: Tokens) -> Int[Tensor, "n t+1"]:
    """What the decoder must say: the row, then END; n x (t + 1)."""
    return F.pad(x, (0, 1), value=PAD).scatter(1, (x != PAD).sum(1)[:, None], END)
