"""What the paper measures, and what it leaves open, of one space of cards.

symbol   meaning                                            unit
rmse     root mean square error of the head's angle         degrees
ssim     structural similarity of two images (Wang et al.   1 where they are equal
         2004), as scikit-image computes it
"""

from __future__ import annotations

import numpy as np
import torch
from gpytorch.means import LinearMean
from skimage.metrics import structural_similarity

from benchmarks.cards.drawing import SUITS, Cards, render
from benchmarks.cards.settings import ASKED, BEYOND, GAP
from benchmarks.cards.spaces import angles, latents
from benchmarks.cards.target import see_cards
from benchmarks.heads import FITTED, given_all
from latentbo.codecs.image_files import pixels
from latentbo.diagnostics.calibration import calibration
from latentbo.models.dkl_vae import DKLVAE
from latentbo.models.surrogate import LatentGP, fit_surrogate, latent_box
from latentbo.rng import numpy_stream

ENDS = (GAP[0] - 2.0, GAP[1] + 2.0)  # degrees of the two cards that the way through the gap leads between
STEPS = 41  # points on that way


def head(model: DKLVAE, cards: Cards, points: int, *, linear: bool = False) -> LatentGP:
    """The GP on the space, fitted to the angles of so many cards; `linear`: with a mean that is linear in z."""
    rows = numpy_stream(0, "head").permutation(len(cards))[:points]
    y, z = angles(cards, rows).values, latents(model, cards.images[rows])
    mean = LinearMean(model.latent) if linear else None
    gp = LatentGP(z[:FITTED], y[:FITTED], bounds=latent_box(model.prior), mean_module=mean)
    return given_all(fit_surrogate(gp).model, z, y)


@torch.no_grad()
def read(gp: LatentGP, z: torch.Tensor) -> np.ndarray:
    """The angles that the head expects, degrees."""
    return np.concatenate([gp.posterior(part).mean[:, 0].numpy() for part in z.split(1000)])


def angle_rmse(gp: LatentGP, model: DKLVAE, cards: Cards) -> float:
    """Of cards that neither saw."""
    errors = read(gp, latents(model, cards.images)) - cards.angle
    return float(np.sqrt((errors**2).mean()))


def ssim_by_suit(model: DKLVAE, cards: Cards) -> dict[str, float]:
    """Mean similarity of cards and their reconstructions."""
    likeness = similarity(cards.images, decoded(model, latents(model, cards.images)))
    suits = np.asarray(cards.suit)
    return {suit: float(likeness[suits == suit].mean()) for suit in SUITS}


def decoded(model: DKLVAE, z: torch.Tensor) -> np.ndarray:
    """Images at latent points, n x h x w."""
    return pixels(reading.object or "" for reading in model.decode(z))


def similarity(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """SSIM of each pair of images."""
    return np.array([structural_similarity(x, y, data_range=255) for x, y in zip(a, b, strict=True)])


def across_the_gap(model: DKLVAE, gp: LatentGP) -> tuple[dict[str, float], np.ndarray]:
    """For each suit, the card decoded where the head reads `ASKED` on the straight way between two cards on either side
    of the gap: its similarity to the true card, and the angle that the oracle reads off it. And the cards, true ones
    below decoded ones.

    Nothing on the way was trained on, and the true card is not used to find it.
    """
    suits, count = tuple(SUITS), len(SUITS)
    upright = np.zeros(count), np.zeros((count, 2))  # no shear, no shift
    low, high = (latents(model, render(suits, np.full(count, angle), *upright)) for angle in ENDS)
    shares = torch.linspace(0.0, 1.0, STEPS, dtype=torch.float64)[:, None]
    found = []
    for a, b in zip(low, high, strict=True):
        way = torch.lerp(a, b, shares)
        found.append(way[np.abs(read(gp, way) - ASKED).argmin()])
    images = decoded(model, torch.stack(found))
    true = render(suits, np.full(count, ASKED), *upright)
    likeness, seen = similarity(images, true), see_cards(images)
    numbers = {f"gap7_ssim_{suit}": float(value) for suit, value in zip(suits, likeness, strict=True)}
    numbers |= {f"gap7_angle_{suit}": float(value) for suit, value in zip(suits, seen.angle, strict=True)}
    numbers["gap7_suits_right"] = float(np.mean([a == b for a, b in zip(suits, seen.suit, strict=True)]))
    return numbers, np.stack([images, true])


def beyond(model: DKLVAE, known: Cards, tests: Cards, points: int) -> dict[str, float]:
    """Errors at angles beyond all known ones, and how many lie in the 95 % interval: of a constant mean and of one that
    is linear in z.
    """
    far, _ = tests.split_angles(-90.0, BEYOND)
    z, true = latents(model, far.images), torch.from_numpy(far.angle)[:, None]
    found: dict[str, float] = {}
    for name, linear in (("constant", False), ("linear", True)):
        gp = head(model, known, points, linear=linear)
        with torch.no_grad():
            posterior = gp.posterior(z, observation_noise=True)
        honest = calibration(posterior.mean, posterior.variance.sqrt(), true)
        found |= {
            f"beyond_rmse_{name}": float((posterior.mean - true).square().mean().sqrt()),
            f"beyond_coverage_{name}": honest.coverage,
        }
    return found
