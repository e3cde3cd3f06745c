"""Streams are found by name, and leave no other stream changed."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from latentbo.rng import derive, draw, fresh_seed, numpy_stream, pick
from latentbo.torch_rng import global_stream, normal, stream, uniform

CPU = torch.device("cpu")


def test_a_stream_is_its_name() -> None:
    paths = [
        (0,),
        (1,),
        (0, "ask"),
        (0, "tell"),
        (0, "ask", 0),
        (0, "ask", 1),
        (0, "ask", 10),
        (0, "as", "k"),
    ]
    assert len({derive(*path) for path in paths}) == len(paths)
    assert all(0 <= derive(*path) < 2**63 for path in paths)
    assert torch.equal(
        torch.rand(5, generator=stream(0, "ask", 7)), torch.rand(5, generator=stream(0, "ask", 7))
    )
    assert not torch.equal(
        torch.rand(5, generator=stream(0, "ask", 7)), torch.rand(5, generator=stream(0, "ask", 8))
    )


def test_numbers_of_a_seed_do_not_change_between_versions() -> None:
    """A stored campaign must go on with the numbers it began with."""
    assert derive(0, "ask", 7) == 5046910429885826102


def test_numpy_streams_follow_their_names() -> None:
    draws = [numpy_stream(0, name).normal(size=4) for name in ("a", "a", "b")]
    np.testing.assert_array_equal(draws[0], draws[1])
    assert not np.array_equal(draws[0], draws[2])


def test_a_global_stream_ends_with_its_block() -> None:
    torch.manual_seed(5)
    untouched = torch.rand(3)
    torch.manual_seed(5)
    with global_stream(1, "sobol"):
        first = torch.rand(3)
    assert torch.equal(torch.rand(3), untouched), "the block changed the numbers after it"
    with global_stream(1, "sobol"):
        assert torch.equal(torch.rand(3), first)
    assert torch.equal(first, torch.rand(3, generator=stream(1, "sobol")))


def test_a_global_stream_ends_with_an_error_too() -> None:
    state = torch.random.get_rng_state()
    try:
        with global_stream(1):
            torch.rand(3)
            raise RuntimeError
    except RuntimeError:
        pass
    assert torch.equal(torch.random.get_rng_state(), state)


def test_noise_is_the_generator_s_own() -> None:
    for ours, plain in ((normal, torch.randn), (uniform, torch.rand)):
        assert torch.equal(ours((3, 2), stream(0), CPU), plain(3, 2, generator=stream(0)))
        with global_stream(4):
            unseeded = ours((2,), None, CPU)
        assert torch.equal(unseeded, plain(2, generator=stream(4)))
        assert ours((0, 2), stream(0), CPU).shape == (0, 2)


def test_fresh_seeds_differ() -> None:
    seeds = {fresh_seed() for _ in range(20)}
    assert len(seeds) > 15
    assert all(0 <= seed < 2**31 for seed in seeds)


def test_draws_follow_the_weights() -> None:
    rng = np.random.default_rng(0)
    drawn = [draw(rng, {"a": 3.0, "never": 0.0, "b": 1.0}) for _ in range(4_000)]
    assert set(drawn) == {"a", "b"}
    assert drawn.count("a") == pytest.approx(3_000, abs=4 * (4_000 * 0.75 * 0.25) ** 0.5)
    assert {pick(rng, "xyz") for _ in range(50)} == set("xyz")
