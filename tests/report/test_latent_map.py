"""The map: its words, its axes, and the size at which marks become an image."""

from __future__ import annotations

import numpy as np
import pytest

from latentbo.diagnostics.maps import LatentMap, principal, shortest
from latentbo.report import style
from latentbo.report.latent_map import PROPOSALS, START_DATA, latent_map


def found(values: list[float], groups: list[str], latents: np.ndarray) -> LatentMap:
    plane = principal(latents)
    return LatentMap(("C",) * len(values), plane.place(latents), plane.axes, np.array(values), tuple(groups))


def test_map_names_its_axes_its_best_and_its_kinds() -> None:
    latents = np.array([[4.0, 0.0, 0.0], [-4.0, 0.0, 0.0], [0.0, 2.0, 0.0], [0.0, -2.0, 0.0]])
    groups = [START_DATA, PROPOSALS, PROPOSALS, PROPOSALS]
    drawn = latent_map(found([0.5, -7.25, 0.0, 0.25], groups, latents), "binding")
    assert "PC 1, latent units (80\u00a0% of variance)" in drawn.svg
    assert "PC 2, latent units (20\u00a0% of variance)" in drawn.svg
    assert "best (0.5000)" in drawn.svg
    assert drawn.svg.count(">binding</text>") == 1
    assert "start data" in drawn.svg
    assert "hold 100\u00a0% of" in drawn.caption
    assert 'aria-label="4 measured molecules in the latent space, coloured by binding."' in drawn.svg
    one = latent_map(found([1.0], [PROPOSALS], np.ones((1, 2))), "y").svg
    assert "start data" not in one
    assert "1 measured molecule in" in one


def test_map_on_lengthscales_says_so_and_has_a_star_only_where_larger_is_better() -> None:
    plane = shortest(np.array([1.0, 0.25, 0.5]))
    latents = np.arange(6.0).reshape(2, 3)
    placed = LatentMap(("C", "N"), plane.place(latents), plane.axes, np.array([1.0, 2.0]), ("molecules",) * 2)
    drawn = latent_map(placed, "distance", best=False, noun="molecule")
    assert "z1, latent units (lengthscale 0.25 of the box)" in drawn.svg
    assert "z2, latent units (lengthscale 0.50 of the box)" in drawn.svg
    assert "changes fastest" in drawn.caption
    assert "best" not in drawn.svg


@pytest.mark.parametrize("width", [1, 2, 40])
def test_map_of_any_width_and_of_equal_values(width: int) -> None:
    latents = np.random.default_rng(0).normal(size=(7, width))
    drawn = latent_map(found([3.0] * 7, [PROPOSALS] * 7, latents), "y")
    assert "nan" not in drawn.svg.lower()
    assert "best (3.000)" in drawn.svg


def test_a_map_of_nothing_says_so() -> None:
    assert "no measured molecule yet" in latent_map(found([], [], np.zeros((0, 5))), "y").svg


def test_many_marks_become_one_image() -> None:
    rng = np.random.default_rng(0)
    for n, images in ((style.MANY, 1), (20 * style.MANY, 2)):  # one is the bar of colours
        placed = found(rng.normal(size=n).tolist(), [PROPOSALS] * n, rng.normal(size=(n, 3)))
        svg = latent_map(placed, "y").svg
        assert svg.count("<image") == images
    assert len(svg) < 900_000
