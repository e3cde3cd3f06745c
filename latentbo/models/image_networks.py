"""Encoder and decoder networks over grey images.

symbol   meaning                                             shape
x        tokens: grey levels 0..255 plus `SPECIAL`           n x t, t = height * width
y        the same as brightness within 0 and 1               n x t
z        latent points                                       n x d
"""

from __future__ import annotations

from itertools import pairwise

from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional as F

from latentbo.codecs.vocabulary import LEVELS, SPECIAL
from latentbo.errors import InputError
from latentbo.types import Latents, Tokens

PER_HALVING = (
    1,
    2,
    4,
)  # channels of the convolutions, each of which halves the sides, in units of the first's


def brightness(x: Tokens, pixels: int) -> Float[Tensor, "n t"]:
    """y of x. Raises `InputError` for images of another size."""
    if x.shape[1] != pixels:
        raise InputError(f"this network reads images of {pixels} pixels, but these have {x.shape[1]}")
    return (x - SPECIAL).float() / (LEVELS - 1)


class ImageEncoder(nn.Module):
    """Tokens to the mean and log-variance of q(z | x), by way of `body`, which turns y into `hidden` features."""

    def __init__(self, body: nn.Module, *, pixels: int, hidden: int, latent: int) -> None:
        super().__init__()
        self.pixels, self.body = pixels, body
        self.mean = nn.Linear(hidden, latent)
        self.log_variance = nn.Linear(hidden, latent)

    def forward(self, x: Tokens) -> tuple[Latents, Latents]:
        seen = self.body(brightness(x, self.pixels))
        return self.mean(seen).float(), self.log_variance(seen).float().clamp(-12.0, 4.0)


class Convolutions(nn.Module):
    """y to features: convolutions that halve the sides, then one layer over what is left of them."""

    def __init__(self, height: int, width: int, *, channels: int, hidden: int) -> None:
        super().__init__()
        self.shape, grid, unit = (height, width), coarse(height, width), 2 ** len(PER_HALVING)
        self.missing = (0, grid[1] * unit - width, 0, grid[0] * unit - height)
        widths = (1, *(channels * factor for factor in PER_HALVING))
        steps = [part for a, b in pairwise(widths) for part in (nn.Conv2d(a, b, 4, 2, 1), nn.SiLU())]
        self.layers = nn.Sequential(
            *steps, nn.Flatten(), nn.Linear(widths[-1] * grid[0] * grid[1], hidden), nn.SiLU()
        )

    def forward(self, y: Float[Tensor, "n t"]) -> Tensor:
        features: Tensor = self.layers(F.pad(y.view(-1, 1, *self.shape), self.missing))
        return features


class Deconvolutions(nn.Module):
    """z to the logits of the brightness: the way of `Convolutions` back."""

    def __init__(self, height: int, width: int, *, channels: int, hidden: int, latent: int) -> None:
        super().__init__()
        self.shape, self.grid = (height, width), coarse(height, width)
        widths = (*(channels * factor for factor in reversed(PER_HALVING)), 1)
        self.start = nn.Sequential(
            nn.Linear(latent, hidden),
            nn.SiLU(),
            nn.Linear(hidden, widths[0] * self.grid[0] * self.grid[1]),
            nn.SiLU(),
        )
        steps = [part for a, b in pairwise(widths) for part in (nn.ConvTranspose2d(a, b, 4, 2, 1), nn.SiLU())]
        self.layers = nn.Sequential(*steps[:-1])  # no bend after the last: these are logits

    def forward(self, z: Latents) -> Tensor:
        height, width = self.shape
        coarse_ = self.start(z).unflatten(1, (-1, *self.grid))
        pixels: Tensor = self.layers(coarse_)[:, 0, :height, :width]
        return pixels.flatten(1)


def perceptron(widths: tuple[int, ...], *, bend_last: bool) -> nn.Sequential:
    """Fully connected layers with tanh between them, as in the cards' paper."""
    layers = [part for a, b in pairwise(widths) for part in (nn.Linear(a, b), nn.Tanh())]
    return nn.Sequential(*(layers if bend_last else layers[:-1]))


def coarse(height: int, width: int) -> tuple[int, int]:
    """Rows and columns that are left after the halvings, of sides filled up to a multiple."""
    unit = 2 ** len(PER_HALVING)
    return -(-height // unit), -(-width // unit)
