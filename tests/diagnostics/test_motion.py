"""Matching takes out what changes no distance, and nothing else."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from latentbo.diagnostics.motion import matched, motion, strip
from latentbo.errors import InputError
from latentbo.models.dkl_vae import DKLVAE
from latentbo.models.vae import Gaussian
from latentbo.types import Latents

OBJECTS = ("CCO", "c1ccccc1", "CN1CCOCC1", "CC(=O)O", "C1CCNCC1", "OCC")


def rotation(d: int, seed: int = 0) -> np.ndarray:
    return np.linalg.qr(np.random.default_rng(seed).normal(size=(d, d)))[0]


def elsewhere(model: DKLVAE, move: object) -> DKLVAE:
    """The model with its encodings moved by a function of the latents."""

    class Moved(type(model)):  # type: ignore[misc]
        def encode(self, readings: object) -> Gaussian:
            mean, log_variance = super().encode(readings)
            return Gaussian(move(mean), log_variance)  # type: ignore[operator]

    return Moved(model.codec, model.vae, model.prior, model.structure, model.descriptors)


@pytest.mark.parametrize(("n", "d"), [(7, 3), (3, 7), (2, 2), (1, 4), (5, 1)])
def test_matching_removes_a_rotation_a_reflection_and_a_shift(n: int, d: int) -> None:
    z = np.random.default_rng(1).normal(size=(n, d))
    turned = z @ rotation(d) + 3.0
    np.testing.assert_allclose(matched(turned, z), z, atol=1e-9)
    np.testing.assert_allclose(matched(-turned, z), z, atol=1e-9)


def test_matching_leaves_every_distance_as_it_is() -> None:
    a, b = (np.random.default_rng(seed).normal(size=(6, 4)) for seed in (0, 1))
    found = matched(a, b)
    for i in range(6):
        np.testing.assert_allclose(np.linalg.norm(found - found[i], axis=1), np.linalg.norm(a - a[i], axis=1))
    assert np.square(found - b).sum() < np.square(a - b).sum()


def test_a_space_that_turned_has_not_moved(tiny_model: DKLVAE) -> None:
    turn = torch.as_tensor(rotation(8))
    found = motion(tiny_model, elsewhere(tiny_model, lambda z: z @ turn + 1.0), OBJECTS)
    assert found.objects == OBJECTS[:5]  # each once
    assert found.mean_moved == pytest.approx(0.0, abs=1e-6)
    np.testing.assert_allclose(found.before, found.after, atol=1e-6)


def test_a_space_that_grew_has_moved_by_so_much(tiny_model: DKLVAE) -> None:
    """Twice as wide: every object goes as far again from the middle as it was, one spread in the mean square."""

    def grown(z: Latents) -> Latents:
        return 2.0 * z

    found = motion(tiny_model, elsewhere(tiny_model, grown), OBJECTS)
    assert np.sqrt(np.square(found.moved).mean()) == pytest.approx(1.0)
    np.testing.assert_allclose(found.after, 2.0 * found.before, atol=1e-6)


@pytest.mark.parametrize("n", [1, 2])
def test_few_objects(tiny_model: DKLVAE, n: int) -> None:
    found = motion(tiny_model, elsewhere(tiny_model, lambda z: z + 5.0), OBJECTS[:n])
    assert found.before.shape == found.after.shape == (n, 2)
    assert found.mean_moved == pytest.approx(0.0, abs=1e-6)


def test_a_strip_shows_each_state_in_the_plane_of_the_last(tiny_model: DKLVAE) -> None:
    turn = torch.as_tensor(rotation(8))
    states = [
        elsewhere(tiny_model, lambda z: 3.0 * z @ turn),
        elsewhere(tiny_model, lambda z: -z),
        tiny_model,
    ]
    found = strip(states, OBJECTS)
    last = motion(tiny_model, tiny_model, OBJECTS).before
    assert found.frames.shape == (3, 5, 2)
    np.testing.assert_allclose(found.frames, np.stack([3.0 * last, last, last]), atol=1e-6)
    assert strip([tiny_model], OBJECTS).frames.shape == (1, 5, 2)


@pytest.mark.usefixtures("unchecked")
def test_what_cannot_be_followed_is_refused(tiny_model: DKLVAE) -> None:
    with pytest.raises(InputError, match="'C1CC' cannot be read"):
        motion(tiny_model, tiny_model, ["C1CC"])
    with pytest.raises(InputError, match="no objects to follow"):
        motion(tiny_model, tiny_model, [])
    with pytest.raises(InputError, match="one model at least"):
        strip([], OBJECTS)
    narrow = elsewhere(replace(tiny_model), lambda z: z[:, :3])
    with pytest.raises(InputError, match="in spaces of one width"):
        motion(tiny_model, narrow, OBJECTS)
