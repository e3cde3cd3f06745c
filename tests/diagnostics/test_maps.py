"""Planes: principal axes by another formula, lengthscales by hand, odd sizes."""

from __future__ import annotations

import numpy as np
import pytest

from latentbo.diagnostics.maps import LatentMap, principal, shortest
from latentbo.errors import InputError


def test_principal_axes_agree_with_the_covariance_and_are_centred() -> None:
    rng = np.random.default_rng(0)
    latents = rng.normal(size=(200, 5)) * [3.0, 2.0, 1.0, 0.5, 0.1] + 7.0
    plane = principal(latents)
    points = plane.place(latents)
    eigenvalues, vectors = np.linalg.eigh(np.cov(latents.T))
    expected = eigenvalues[-1] / eigenvalues.sum(), eigenvalues[-2] / eigenvalues.sum()
    assert [axis.figure for axis in plane.axes] == pytest.approx(expected)
    assert [axis.name for axis in plane.axes] == ["PC 1", "PC 2"]
    np.testing.assert_allclose(points.var(0, ddof=1), eigenvalues[:-3:-1])
    np.testing.assert_allclose(
        np.abs(points), np.abs((latents - latents.mean(0)) @ vectors[:, :-3:-1]), atol=1e-9
    )
    for sign in (
        1.0,
        -1.0,
    ):  # an axis points where its largest latent grows, whatever the decomposition chose
        towards = (sign * latents[:, :2] * principal(sign * latents).place(sign * latents)).mean(0)
        assert (towards > 0).all()


@pytest.mark.parametrize("shape", [(0, 3), (0, 0), (1, 4), (2, 1), (5, 1), (3, 2), (4, 0)])
def test_there_are_two_axes_at_odd_sizes(shape: tuple[int, int]) -> None:
    latents = np.random.default_rng(0).normal(size=shape)
    plane = principal(latents)
    points, shares = plane.place(latents), [axis.figure for axis in plane.axes]
    assert points.shape == (shape[0], 2)
    assert np.isfinite(points).all()
    assert sum(shares) == pytest.approx(1.0 if shape[0] > 1 and shape[1] > 0 else 0.0)
    assert (shares[1] > 0) == (shape == (3, 2))


def test_equal_rows_have_no_variance() -> None:
    plane = principal(np.ones((6, 3)))
    assert [axis.figure for axis in plane.axes] == [0.0, 0.0]
    assert (plane.place(np.ones((6, 3))) == 0).all()


def test_the_shortest_lengthscales_are_the_axes() -> None:
    plane = shortest(np.array([3.0, 0.5, 2.0, 0.25]))
    assert plane.axes == (("z3", "lengthscale", 0.25), ("z1", "lengthscale", 0.5))
    assert plane.place(np.array([[1.0, 2.0, 3.0, 4.0]])).tolist() == [[4.0, 2.0]]
    with pytest.raises(InputError, match="two lengthscales at least"):
        shortest(np.ones(1))


@pytest.mark.usefixtures("unchecked")
def test_a_map_has_a_finite_value_for_each_object() -> None:
    axes = principal(np.zeros((2, 2))).axes
    for values in (np.ones(3), np.array([1.0, np.nan])):
        with pytest.raises(InputError, match="a finite value and a group for each object"):
            LatentMap(("a", "b"), np.zeros((2, 2)), axes, values, ("", ""))
