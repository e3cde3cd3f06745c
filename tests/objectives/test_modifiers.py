"""The shapes and the mean against the formulas of the reference."""

from __future__ import annotations

import math

import pytest

from latentbo.objectives.modifiers import clipped, gaussian, geometric_mean, max_gaussian, min_gaussian

ONE_SIGMA, TWO_SIGMA = 0.6065306597126334, 0.1353352832366127  # exp(-1/2), exp(-2)


def test_gaussian_is_one_at_mu_and_symmetric():
    bell = gaussian(3.0, 0.5)
    assert bell(3.0) == 1.0
    assert bell(3.5) == bell(2.5) == pytest.approx(ONE_SIGMA, rel=1e-15)
    assert bell(4.0) == pytest.approx(TWO_SIGMA, rel=1e-15)


def test_min_gaussian_falls_above_mu_only():
    bell = min_gaussian(0.85, 0.1)
    assert bell(-5.0) == bell(0.85) == 1.0
    assert bell(0.95) == pytest.approx(ONE_SIGMA, rel=1e-12)


def test_max_gaussian_falls_below_mu_only():
    bell = max_gaussian(100.0, 10.0)
    assert bell(500.0) == bell(100.0) == 1.0
    assert bell(80.0) == pytest.approx(TWO_SIGMA, rel=1e-12)


@pytest.mark.parametrize(("x", "expected"), [(-1.0, 0.0), (0.0, 0.0), (0.3, 0.4), (0.75, 1.0), (0.9, 1.0)])
def test_clipped_rises_in_a_line_up_to_its_end(x, expected):
    assert clipped(0.75)(x) == pytest.approx(expected, rel=1e-15)


@pytest.mark.parametrize("values", [[0.5], [0.25, 1.0], [0.2, 0.3, 0.9], [2.0, 8.0]])
def test_geometric_mean_is_the_root_of_the_product(values):
    assert geometric_mean(values, len(values)) == pytest.approx(
        math.prod(values) ** (1 / len(values)), rel=1e-14
    )


def test_geometric_mean_does_not_underflow():
    assert geometric_mean([1e-100] * 4, 4) == pytest.approx(1e-100, rel=1e-12)


def test_geometric_mean_reads_nothing_after_a_zero():
    def values():
        yield 0.5
        yield 0.0
        raise AssertionError("read on after a 0")

    assert geometric_mean(values(), 3) == 0.0
