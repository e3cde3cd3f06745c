"""The same objects in several spaces: before and after a retrain, or at checkpoints of a training.

What turns, mirrors or shifts a space as a whole changes no distance in it, and so neither what a kernel sees nor what a
neighbour is. It is taken out before anything is called motion (orthogonal Procrustes: Schoenemann 1966).

symbol   meaning                                     shape
A, B     centred latents of the objects              n x d
R        rotation that brings A nearest to B         d x d

    min_R |A R - B|^2, R^T R = I:    R = U V^T,  where A^T B = U S V^T
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from latentbo.diagnostics.maps import Axis, principal
from latentbo.diagnostics.predictions import read_all
from latentbo.errors import InputError
from latentbo.models.dkl_vae import DKLVAE

Points = Float[np.ndarray, "n d"]


def matched(z: Points, to: Points) -> Points:
    """`z` after the rotation, reflection and shift that bring it nearest to `to`, row by row.

    Raises `InputError` for clouds of different shapes.
    """
    if z.shape != to.shape:
        raise InputError(f"the same objects in spaces of one width are needed, not {z.shape} and {to.shape}")
    if not z.size:
        return z
    centre = to.mean(axis=0)
    left, _, right = np.linalg.svd((z - z.mean(axis=0)).T @ (to - centre))
    moved: Points = (z - z.mean(axis=0)) @ (left @ right) + centre
    return moved


@dataclass(frozen=True, eq=False)
class Motion:
    """Objects under one model and under another, matched, in the plane where the first spreads them most.

    `moved` is how far each went in all dimensions, in units of `spread`: their root mean squared distance from their mean
    under the first model, so that 1 is as far as a typical object lies from the middle.
    """

    objects: tuple[str, ...]
    axes: tuple[Axis, Axis]
    before: Float[np.ndarray, "n 2"]
    after: Float[np.ndarray, "n 2"]
    moved: Float[np.ndarray, " n"]

    @property
    def mean_moved(self) -> float:
        return float(self.moved.mean())


def motion(before: DKLVAE, after: DKLVAE, objects: Sequence[str]) -> Motion:
    """Each object once. Raises `InputError` for none, one that cannot be read, or models of different widths."""
    names, (old, new) = _embedded([before, after], objects)
    new = matched(new, old)
    plane = principal(old)
    spread = float(np.sqrt(np.square(old - old.mean(axis=0)).sum(axis=1).mean()))
    # One object alone (or all at one point) has no spread, and matching leaves no motion either.
    moved = np.linalg.norm(new - old, axis=1) / (spread if spread > 0 else 1.0)
    return Motion(names, plane.axes, plane.place(old), plane.place(new), moved)


@dataclass(frozen=True, eq=False)
class Strip:
    """Objects at several states of a model, each state matched to the one after it, in the last one's main plane."""

    objects: tuple[str, ...]
    axes: tuple[Axis, Axis]
    frames: Float[np.ndarray, "f n 2"]


def strip(models: Sequence[DKLVAE], objects: Sequence[str]) -> Strip:
    """Each object once, under each model in turn; one model is one frame.

    Raises `InputError` as `motion` does, and for no model.
    """
    if not models:
        raise InputError("a strip needs one model at least, but there is none")
    names, clouds = _embedded(models, objects)
    for i in range(len(clouds) - 2, -1, -1):
        clouds[i] = matched(clouds[i], clouds[i + 1])
    plane = principal(clouds[-1])
    return Strip(names, plane.axes, np.stack([plane.place(cloud) for cloud in clouds]))


def _embedded(models: Sequence[DKLVAE], objects: Sequence[str]) -> tuple[tuple[str, ...], list[Points]]:
    """Canonical objects, each once, and their latents under each model, which reads them by its own codec."""
    if not objects:
        raise InputError("there are no objects to follow: give one at least")
    names = tuple(dict.fromkeys(reading.object or "" for reading in read_all(models[0].codec, objects)))
    return names, [model.embed(read_all(model.codec, names)).numpy() for model in models]
