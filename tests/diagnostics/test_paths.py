"""Paths end at their objects, keep to their line or arc, and say what they meet."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
import torch

from latentbo.chemistry.descriptors import tanimoto
from latentbo.data.measurements import Measurements
from latentbo.diagnostics.dead_zones import Gauge
from latentbo.diagnostics.paths import LINE, SPHERE, path
from latentbo.diagnostics.predictions import predictor
from latentbo.errors import InputError

ENDS = ("c1ccccc1O", "CN1CCOCC1")  # the first is not written canonically


@pytest.mark.parametrize("way", [LINE, SPHERE])
def test_the_ends_are_the_objects_own_latents(gauge: Gauge, way: str) -> None:
    found = path(gauge, ENDS, way, tanimoto, steps=5)
    model = gauge.model
    assert found.ends == ("Oc1ccccc1", "CN1CCOCC1")
    torch.testing.assert_close(found.decodes.z[[0, -1]], model.embed(model.codec.read(ENDS)), rtol=0, atol=0)
    assert found.share.tolist() == [0.0, 0.25, 0.5, 0.75, 1.0]
    assert found.decodes.objects == tuple(each.object for each in model.decode(found.decodes.z, width=1))
    assert found.likeness[0].tolist() == pytest.approx([1.0, tanimoto(*found.ends[:1], [found.ends[1]])[0]])
    assert found.likeness[-1, 1] == 1.0


@pytest.mark.parametrize("way", [LINE, SPHERE])
def test_ends_are_exact(gauge: Gauge, way: str) -> None:
    names = [name or "" for name in gauge.decode(gauge.known[:12]).objects]
    for first, last in pairwise(names):
        found = path(gauge, (first, last), way, tanimoto, steps=2)
        own = gauge.model.embed(gauge.model.codec.read([first, last]))
        assert torch.equal(found.decodes.z, own)


def test_a_line_is_straight_and_an_arc_keeps_its_distance_from_the_middle(gauge: Gauge) -> None:
    line, arc = (path(gauge, ENDS, way, tanimoto, steps=9).decodes.z for way in (LINE, SPHERE))
    steps = line.diff(dim=0)
    torch.testing.assert_close(steps, steps[:1].expand_as(steps))
    centre = gauge.model.prior.mean().double()
    radius = (arc - centre).norm(dim=1)
    ends = radius[[0, -1]]
    # Between ends of different distance the arc's distance is between them, or a little beyond; the chord's is not.
    assert (radius >= 0.97 * ends.min()).all()
    assert (radius <= 1.03 * ends.max()).all()
    assert (line - centre).norm(dim=1).min() < 0.97 * ends.min()


@pytest.mark.parametrize("way", [LINE, SPHERE])
def test_an_object_to_itself_stays_where_it_is(gauge: Gauge, way: str) -> None:
    found = path(gauge, ("CCO", "OCC"), way, tanimoto, steps=3)
    assert found.decodes.objects == ("CCO",) * 3
    assert not found.decodes.dead.any()


def test_predictions_are_of_what_is_decoded(gauge: Gauge) -> None:
    model = gauge.model
    names = tuple(each.object or "" for each in model.decode(gauge.known, width=1))
    values = torch.tensor([[float(len(name))] for name in names])
    head = model.surrogate(Measurements(names, values)).model
    predict = predictor(model, head)
    found = path(gauge, ENDS, LINE, tanimoto, steps=4, predict=predict).predicted
    assert found is not None
    assert (found.low < found.mean).all()
    assert (found.high - found.mean).tolist() == pytest.approx((1.96 * found.sd).tolist(), rel=1e-4)
    z = path(gauge, ENDS, LINE, tanimoto, steps=4).decodes
    posterior = head.posterior(model.inputs(z.readings))
    np.testing.assert_allclose(found.mean, posterior.mean.squeeze(-1).detach())
    nothing = predict(model.codec.read(["CCO", "C1CC"]))
    assert np.isnan(nothing.mean).tolist() == np.isnan(nothing.sd).tolist() == [False, True]


def test_what_cannot_be_walked_is_refused(gauge: Gauge) -> None:
    with pytest.raises(InputError, match="'C1CC' cannot be read \\(unparsable\\)"):
        path(gauge, ("CCO", "C1CC"), LINE, tanimoto)
    with pytest.raises(InputError, match="unknown way 'spher': did you mean 'sphere'"):
        path(gauge, ENDS, "spher", tanimoto)
    with pytest.raises(InputError, match="two ends and two steps at least, not 2 ends and 1 steps"):
        path(gauge, ENDS, LINE, tanimoto, steps=1)
    with pytest.raises(InputError, match="not 1 ends"):
        path(gauge, ENDS[:1], LINE, tanimoto)
