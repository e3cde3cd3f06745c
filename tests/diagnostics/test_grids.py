"""Grids: where their points lie, and what stands at their middle and corners."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from latentbo.chemistry.descriptors import tanimoto
from latentbo.diagnostics.dead_zones import Gauge
from latentbo.diagnostics.grids import convex_slice, neighbourhood
from latentbo.diagnostics.predictions import Prediction
from latentbo.errors import InputError
from latentbo.models.priors import spread

CORNERS = ("CCO", "c1ccccc1", "CN1CCOCC1")


def test_a_neighbourhood_is_a_square_grid_about_the_object(gauge: Gauge) -> None:
    found = neighbourhood(gauge, "OCC", tanimoto, seed=0, reach=2, step=0.5)
    assert found.centre == "CCO"
    assert found.offsets.tolist() == [-1.0, -0.5, 0.0, 0.5, 1.0]
    model = gauge.model
    home = model.embed(model.codec.read(["CCO"]))
    grid = ((found.decodes.z - home) / spread(model.prior)).reshape(5, 5, -1)
    first, second = grid[2, 4], grid[4, 2]  # one unit along either direction
    torch.testing.assert_close(
        torch.stack([first, second]) @ torch.stack([first, second]).T, torch.eye(2).double()
    )
    for row, b in enumerate(found.offsets):
        for column, a in enumerate(found.offsets):
            torch.testing.assert_close(grid[row, column], a * first + b * second, atol=1e-9, rtol=0)
    assert neighbourhood(gauge, "CCO", tanimoto, seed=0).offsets[-1] == pytest.approx(0.5 * 8**0.5)
    assert found.decodes.objects[12] == "CCO"
    assert found.likeness[12] == 1.0
    expected = [tanimoto("CCO", [name])[0] for name in found.decodes.objects if name is not None]
    assert found.likeness.tolist() == pytest.approx(expected)


def test_the_seed_decides_the_directions(gauge: Gauge) -> None:
    first, again, other = (
        neighbourhood(gauge, "CCO", tanimoto, seed, reach=1).decodes.z for seed in (0, 0, 1)
    )
    assert torch.equal(first, again)
    assert not torch.equal(first, other)


def test_a_slice_has_its_objects_at_its_corners(gauge: Gauge) -> None:
    found = convex_slice(gauge, CORNERS, steps=4)
    model = gauge.model
    assert found.weights.shape == (15, 3)
    assert len({tuple(row) for row in found.weights.tolist()}) == 15
    assert (found.weights >= 0).all()
    np.testing.assert_allclose(found.weights.sum(axis=1), 1.0)
    own = model.embed(model.codec.read(CORNERS))
    for corner in range(3):
        row = int(found.weights[:, corner].argmax())
        assert found.weights[row, corner] == 1.0
        torch.testing.assert_close(found.decodes.z[row], own[corner])
    middle = int(np.abs(found.weights - [0.5, 0.25, 0.25]).sum(axis=1).argmin())
    torch.testing.assert_close(found.decodes.z[middle], 0.5 * own[0] + 0.25 * own[1] + 0.25 * own[2])
    assert found.predicted is None


def test_a_slice_of_equal_objects_is_one_point(gauge: Gauge) -> None:
    found = convex_slice(gauge, ("CCO",) * 3, steps=2)
    assert set(found.decodes.objects) == {"CCO"}
    assert found.corners == ("CCO",) * 3


def test_a_slice_is_predicted_by_what_is_decoded(gauge: Gauge) -> None:
    def lengths(readings: object) -> Prediction:
        mean = np.array([len(each.object) for each in readings], dtype=float)  # type: ignore[attr-defined]
        return Prediction(mean, 0.0 * mean)

    found = convex_slice(gauge, CORNERS, steps=1, predict=lengths)
    assert found.predicted is not None
    assert found.predicted.mean.tolist() == [len(name or "") for name in found.decodes.objects]


def test_what_has_no_grid_is_refused(gauge: Gauge) -> None:
    with pytest.raises(InputError, match="'C1CC' cannot be read"):
        neighbourhood(gauge, "C1CC", tanimoto, 0)
    with pytest.raises(InputError, match=r"not 8, 0, 1\.0"):
        neighbourhood(gauge, "CCO", tanimoto, 0, reach=0, step=1.0)
    with pytest.raises(InputError, match="three corners and one step at least, not 2 and 5"):
        convex_slice(gauge, CORNERS[:2])
    with pytest.raises(InputError, match="'' cannot be read \\(empty\\)"):
        convex_slice(gauge, ("CCO", "", "CCC"))
