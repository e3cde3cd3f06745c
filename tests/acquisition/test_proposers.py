"""Proposers: as many as asked, decided by the seed, where the formulas say."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import Tensor

from latentbo.acquisition.proposers import (
    LATENT_PROPOSERS,
    Edits,
    Parents,
    mix,
    path,
    perturb,
    regrow,
    resample,
    substitute,
)
from latentbo.chemistry.edits import GraphEdits
from latentbo.codecs.vocabulary import END, PAD
from latentbo.models.dkl_vae import DKLVAE
from latentbo.models.drafts import HOT, Drafts

OBJECTS = ("Cc1ccccc1", "CCO", "CC(N)=O", "C1CCNCC1", "COc1ccccc1", "OC1CCCCC1")


def echoed(objects: Sequence[str], n: int, rng: np.random.Generator) -> list[str]:
    """An edit that shows what it was given."""
    return [*objects[: n - 1], f"C{rng.integers(9)}broken"]


WRITERS = ("regrow", "resample", "substitute")  # give drafts, not points
PROPOSERS = {**LATENT_PROPOSERS, "graph": Edits(GraphEdits())}


@pytest.fixture(scope="module")
def parents(tiny_model: DKLVAE) -> Parents:
    z = tiny_model.embed(tiny_model.codec.read(OBJECTS))
    spread = tiny_model.prior.covariance().diagonal().double().sqrt()
    return Parents(tiny_model, OBJECTS, z, 0.8, spread)


@pytest.mark.parametrize("name", PROPOSERS)
def test_the_seed_decides(parents: Parents, name: str) -> None:
    first, again, other = (PROPOSERS[name](parents, 12, seed) for seed in (1, 1, 2))
    if isinstance(first, Drafts):
        first, again, other = (
            [each.z.tolist(), each.prefixes, each.instead_of.tolist()] for each in (first, again, other)
        )
    if isinstance(first, Tensor):
        assert torch.equal(first, again)
        assert not torch.equal(first, other)
    else:
        assert first == again
        assert first != other


@pytest.mark.parametrize("name", [name for name in LATENT_PROPOSERS if name not in WRITERS])
def test_latent_proposers_give_as_many_as_asked(parents: Parents, name: str) -> None:
    for n in (1, 7):
        z = LATENT_PROPOSERS[name](parents, n, seed=0)
        assert z.shape == (n, parents.model.latent)
        assert z.dtype == torch.float64


@pytest.mark.parametrize("name", PROPOSERS)
def test_no_proposer_touches_the_global_generator(parents: Parents, name: str) -> None:
    torch.manual_seed(0)
    before = torch.get_rng_state()
    PROPOSERS[name](parents, 3, seed=0)
    assert torch.equal(torch.get_rng_state(), before)


def test_steps_grow_with_the_region_and_its_axes(parents: Parents) -> None:
    parents = replace(parents, z=torch.zeros_like(parents.z))  # so that the points are the steps
    wide = perturb(parents, 4000, seed=0)
    narrow = perturb(replace(parents, length=0.2), 4000, seed=0)
    torch.testing.assert_close(wide, 4 * narrow)
    stretched = perturb(replace(parents, axes=parents.axes * 3.0), 4000, seed=0)
    torch.testing.assert_close(stretched, 3 * wide)
    # Log-uniform from 0.1 L to L in units of an axis: mean square L^2 (1 - 0.1^2) / (2 ln 10).
    square = (wide / parents.axes).square().mean().sqrt() / parents.length
    assert float(square) == pytest.approx(math.sqrt((1 - 0.01) / (2 * math.log(10))), rel=0.1)
    # Part of the axes are left alone, but seldom all of them.
    still = (wide == 0).double().mean(1)
    assert 0.3 < still.mean() < 0.6


def test_a_smaller_region_changes_fewer_objects(parents: Parents) -> None:
    def unchanged(length: float) -> float:
        readings = parents.model.decode(perturb(replace(parents, length=length), 200, seed=0))
        return sum(reading.object in OBJECTS for reading in readings) / len(readings)

    assert unchanged(0.05) > unchanged(1.6) + 0.1


def test_paths_are_lines_and_arcs_between_two_parents(parents: Parents) -> None:
    centre = parents.model.prior.mean().double()
    radius, z = 2.0, torch.zeros(2, len(centre), dtype=torch.float64)
    z[0, 0] = z[1, 1] = radius
    pair = replace(parents, objects=OBJECTS[:2], z=centre + z)
    points = path(pair, 200, seed=3) - centre
    assert torch.allclose(points[:, 2:], torch.zeros(1, dtype=torch.float64))  # in the plane of both
    straight, curved = points[::2], points[1::2]
    torch.testing.assert_close(straight[:, 0] + straight[:, 1], torch.full((100,), radius).double())
    torch.testing.assert_close(curved.norm(dim=1), torch.full((100,), radius).double())
    # From one to the other, and up to a fifth beyond; some on either side.
    share = straight[:, 1] / radius
    assert share.min() >= -0.2 - 1e-9
    assert share.max() <= 1.2 + 1e-9
    assert ((share > 0.2) & (share < 0.8)).any()
    assert (share > 1).any()


def test_a_mix_has_each_axis_from_one_of_two_parents(parents: Parents) -> None:
    pair = replace(parents, objects=OBJECTS[:2], z=torch.stack([parents.z[0], parents.z[0] + 100.0]))
    points = mix(pair, 200, seed=0) - parents.z[0]
    step = 0.1 * parents.length * parents.axes
    from_second = points > 50.0
    torch.testing.assert_close(
        (points - 100.0 * from_second) / step, torch.zeros_like(points), atol=6.0, rtol=0
    )
    share = from_second.double().mean(1)
    assert ((share > 0.2) & (share < 0.8)).any()  # of both
    assert ((share == 0.0) | (share == 1.0)).any()  # and of one alone


def owners(parents: Parents, drafts: Drafts) -> list[int]:
    """Whose point each draft is written at."""
    return [int((parents.z == point).all(1).nonzero()) for point in drafts.z]


def test_what_is_regrown_begins_like_its_parent(parents: Parents) -> None:
    drafts = regrow(parents, 100, 0)
    tokens = [reading.tokens for reading in parents.model.codec.read(OBJECTS)]
    assert all(any(row[: len(prefix)] == prefix for row in tokens) for prefix in drafts.prefixes)
    assert len({len(prefix) for prefix in drafts.prefixes}) > 2
    pairs = zip(owners(parents, drafts), drafts.prefixes, strict=True)
    own = [tokens[i][: len(prefix)] == prefix for i, prefix in pairs]
    assert all(own[::2])
    assert not all(own[1::2])
    assert (drafts.temperature == HOT).all()
    assert (drafts.instead_of == PAD).all()


def test_what_is_resampled_is_drawn_from_the_first_token_on(parents: Parents) -> None:
    drafts = resample(parents, 30, 0)
    assert set(owners(parents, drafts)) == set(range(len(OBJECTS)))
    assert set(drafts.prefixes) == {()}
    assert (drafts.temperature == HOT).all()
    assert (drafts.instead_of == PAD).all()


def test_one_token_of_a_parent_is_replaced(parents: Parents) -> None:
    drafts = substitute(parents, 200, 0)
    tokens = [(*reading.tokens, END) for reading in parents.model.codec.read(OBJECTS)]
    instead_of = drafts.instead_of.tolist()
    for owner, prefix, token in zip(owners(parents, drafts), drafts.prefixes, instead_of, strict=True):
        assert tokens[owner][: len(prefix) + 1] == (*prefix, token)
    assert END in instead_of  # a parent goes on where it ended
    assert () in drafts.prefixes  # and begins otherwise
    assert (drafts.temperature == HOT).all()


def test_two_lists_of_parents_take_turns(parents: Parents) -> None:
    own = replace(parents, objects=OBJECTS[:2], z=parents.z[:2])
    both = own.joined(OBJECTS[2:], parents.z[2:])
    order = [0, 2, 1, 3, 4, 5]
    assert both.objects == tuple(OBJECTS[row] for row in order)
    assert torch.equal(both.z, parents.z[order])
    assert own.joined((), parents.z[:0]).objects == OBJECTS[:2]


def test_better_parents_are_picked_more_often(parents: Parents) -> None:
    rows = parents.pick(40_000, torch.Generator().manual_seed(0))
    weights = torch.tensor([1 / (rank + 3) for rank in range(len(OBJECTS))])
    found = torch.bincount(rows, minlength=len(OBJECTS)) / len(rows)
    torch.testing.assert_close(found, weights / weights.sum(), atol=0.01, rtol=0)


def test_edits_get_parents(parents: Parents) -> None:
    made = Edits(echoed)(parents, 20, seed=0)
    assert len(made) == 20
    assert set(made[:-1]) <= set(OBJECTS)


def test_graph_edits_make_new_molecules(parents: Parents) -> None:
    made = PROPOSERS["graph"](parents, 20, seed=0)
    assert len(set(made) - set(OBJECTS)) > 15
