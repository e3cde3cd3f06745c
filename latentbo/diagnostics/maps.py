"""Two axes through a latent space, and objects placed on them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from jaxtyping import Float

from latentbo.errors import InputError

SHARE, LENGTHSCALE = "share", "lengthscale"


class Axis(NamedTuple):
    """A direction's name, and a figure for it: its share of the variance in [0, 1], or its lengthscale in units of the
    surrogate's box (about 3.5 standard deviations of the prior).
    """

    name: str
    kind: str
    figure: float


@dataclass(frozen=True, eq=False)
class Plane:
    """Two orthonormal directions about an origin; a direction that does not exist is zero."""

    origin: Float[np.ndarray, " d"]
    directions: Float[np.ndarray, "2 d"]
    axes: tuple[Axis, Axis]

    def place(self, z: Float[np.ndarray, "n d"]) -> Float[np.ndarray, "n 2"]:
        """Where points lie on the two axes, in latent units."""
        placed: Float[np.ndarray, "n 2"] = (z - self.origin) @ self.directions.T
        return placed


def principal(z: Float[np.ndarray, "n d"]) -> Plane:
    """The two directions of largest variance; those that fewer than two latents or rows lack are zero.

    The sign of an axis, which the decomposition leaves open, makes its largest loading positive.
    """
    origin = z.mean(axis=0) if z.size else np.zeros(z.shape[1])
    directions, shares = np.zeros((2, z.shape[1])), np.zeros(2)
    if z.size:
        _, singular, loadings = np.linalg.svd(z - origin, full_matrices=False)
        found = min(2, len(singular))
        signs = np.sign(loadings[np.arange(found), np.abs(loadings[:found]).argmax(axis=1)])
        directions[:found] = loadings[:found] * signs[:, None]
        if (total := float((singular**2).sum())) > 0:
            shares[:found] = singular[:found] ** 2 / total
    return Plane(origin, directions, (Axis("PC 1", SHARE, shares[0]), Axis("PC 2", SHARE, shares[1])))


def shortest(lengthscales: Float[np.ndarray, " d"]) -> Plane:
    """The two latent dimensions along which the surrogate says that the value changes fastest.

    Raises `InputError` for fewer than two.
    """
    d = len(lengthscales)
    if d < 2:
        raise InputError(f"two lengthscales at least are needed for two axes, not {d}: use principal axes")
    first, second = lengthscales.argsort(kind="stable")[:2].tolist()
    axes = (
        Axis(f"z{first}", LENGTHSCALE, float(lengthscales[first])),
        Axis(f"z{second}", LENGTHSCALE, float(lengthscales[second])),
    )
    return Plane(np.zeros(d), np.eye(d)[[first, second]], axes)


@dataclass(frozen=True, eq=False)
class LatentMap:
    """Objects on two axes, with a value each. `groups` names what an object is (start data, proposals ...).

    Raises `InputError` for lengths that differ and values that are not finite.
    """

    objects: tuple[str, ...]
    points: Float[np.ndarray, "n 2"]
    axes: tuple[Axis, Axis]
    values: Float[np.ndarray, " n"]
    groups: tuple[str, ...]

    def __post_init__(self) -> None:
        lengths = {len(self.objects), len(self.points), len(self.values), len(self.groups)}
        if len(lengths) > 1 or not np.isfinite(self.values).all():
            raise InputError(
                f"a map needs a point, a finite value and a group for each object, but has lengths {sorted(lengths)}"
            )
