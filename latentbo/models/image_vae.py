"""The variational autoencoder of grey images: convolutional or fully connected, Bernoulli or Gaussian.

symbol   meaning                                             shape
x        tokens: grey levels 0..255 plus `SPECIAL`           n x t, t = height * width
y        the same as brightness within 0 and 1               n x t
m        what the decoder expects of y: sigmoid(logits)      n x t
s        standard deviation of y about m, learnt             scalar

log p(x | z) = sum_t y log m + (1 - y) log(1 - m)            Bernoulli: y is read as a probability
             = sum_t log N(y; m, s^2)                        Gaussian (Rybkin et al. 2021, arXiv:2006.13202)
"""

from __future__ import annotations

import math
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional as F

from latentbo.codecs.vocabulary import GREYS, LEVELS, SPECIAL
from latentbo.errors import InputError, unknown_name
from latentbo.models.image_networks import (
    Convolutions,
    Deconvolutions,
    ImageEncoder,
    brightness,
    perceptron,
)
from latentbo.models.vae import VAE
from latentbo.types import Latents, Tokens

SMALLEST_SD = 1.0 / LEVELS
NETWORKS = ("conv", "mlp")
LIKELIHOODS = ("bernoulli", "gaussian")


class ImageVAE(VAE):
    """Images of one size <-> latent points. The decoder writes all pixels at once and reads none.

    `channels` are those of the first convolution. The "mlp" has no channels, but two layers of `hidden` units either way.
    Raises `InputError` for an unknown network or likelihood.
    """

    def __init__(
        self,
        height: int,
        width: int,
        *,
        latent: int = 2,
        network: str = "conv",
        hidden: int = 256,
        channels: int = 32,
        likelihood: str = "bernoulli",
        properties: int = 0,
    ) -> None:
        super().__init__()
        for name, given, known in (("network", network, NETWORKS), ("likelihood", likelihood, LIKELIHOODS)):
            if given not in known:
                raise unknown_name(name, given, known)
        self.arguments: dict[str, Any] = {
            "height": height,
            "width": width,
            "latent": latent,
            "network": network,
            "hidden": hidden,
            "channels": channels,
            "likelihood": likelihood,
            "properties": properties,
        }
        self.vocabulary, self.latent, self.pixels = len(GREYS), latent, height * width
        body: nn.Module
        if network == "conv":
            body = Convolutions(height, width, channels=channels, hidden=hidden)
            self.decoder: nn.Module = Deconvolutions(
                height, width, channels=channels, hidden=hidden, latent=latent
            )
        else:
            body = perceptron((self.pixels, hidden, hidden), bend_last=True)
            self.decoder = perceptron((latent, hidden, hidden, self.pixels), bend_last=False)
        self.encoder = ImageEncoder(body, pixels=self.pixels, hidden=hidden, latent=latent)
        self.log_sd = nn.Parameter(torch.tensor(-1.0)) if likelihood == "gaussian" else None
        self.head = nn.Linear(latent, properties) if properties else None

    def log_likelihood(
        self, z: Latents, x: Tokens, dropout: float = 0.0, generator: torch.Generator | None = None
    ) -> Tensor:
        """As in `VAE`. The decoder is shown no pixel, so there is nothing to blank."""
        y, logits = brightness(x, self.pixels), self.decoder(z).float()
        if self.log_sd is None:
            return -F.binary_cross_entropy_with_logits(logits, y, reduction="none").sum(1)
        log_sd = self.log_sd.float().clamp(min=math.log(SMALLEST_SD))
        white = (y - torch.sigmoid(logits)) * torch.exp(-log_sd)
        return -(0.5 * white.square() + log_sd + 0.5 * math.log(2 * math.pi)).sum(1)

    @torch.no_grad()
    def decode_tokens(
        self,
        z: Latents,
        *,
        max_tokens: int,
        width: int,
        temperature: float,
        generator: torch.Generator | None,
    ) -> Tokens:
        """As in `VAE`: m, to the nearest grey level. Pixels are independent given z: a search of any width finds it."""
        if temperature:
            raise InputError("images are decoded to what is expected: the temperature must be 0")
        if max_tokens != self.pixels:
            raise InputError(
                f"this network writes {self.pixels} pixels, but the codec's images have {max_tokens}"
            )
        return (torch.sigmoid(self.decoder(z).float()) * (LEVELS - 1)).round().long() + SPECIAL

    @torch.no_grad()
    def token_hits(self, z: Latents, x: Tokens) -> tuple[int, int]:
        """As in `VAE`: pixels whose grey level is the one written."""
        written = self.decode_tokens(z, max_tokens=self.pixels, width=1, temperature=0.0, generator=None)
        return int((written == x).sum()), x.numel()

    @torch.no_grad()
    def entropy(self, z: Latents, x: Tokens) -> Float[Tensor, " n"]:
        """As in `VAE`, a pixel being a token: the Bernoulli's entropy, within 0 and log 2, or the Gaussian's, whose s is
        the same everywhere, so that it tells nothing apart.
        """
        if self.log_sd is None:
            m = torch.sigmoid(self.decoder(z).float())
            places: Tensor = torch.special.entr(m) + torch.special.entr(1 - m)
            return places.mean(1)
        log_sd = self.log_sd.float().clamp(min=math.log(SMALLEST_SD))
        return (log_sd + 0.5 * math.log(2 * math.pi * math.e)).expand(len(z))
