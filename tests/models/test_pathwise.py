"""Features must give the kernel back, and depend on a row alone."""

from __future__ import annotations

import pytest
import torch
from botorch.sampling.pathwise.features import gen_kernel_features
from torch import Tensor

from latentbo.models.kernels import MinMaxKernel, combined_kernel
from latentbo.models.pathwise import MinMaxFeatures
from latentbo.torch_rng import global_stream


def counts(n: int, p: int, rate: float = 1.5) -> Tensor:
    return torch.poisson(torch.full((n, p), rate).double(), generator=torch.Generator().manual_seed(0))


def test_features_of_counts_estimate_minmax() -> None:
    x = counts(8, 30)
    x[2:4] = 0.0
    x[4] = x[0]
    with global_stream(0):
        features = MinMaxFeatures(MinMaxKernel(), 30, 4096)
    phi = features(x)
    torch.testing.assert_close(phi @ phi.T, MinMaxKernel()(x, x).to_dense(), atol=4 / 64, rtol=0.0)
    torch.testing.assert_close(phi.square().sum(1), torch.ones(8, dtype=torch.float64))
    assert torch.equal(phi[4], phi[0])
    assert torch.equal(features(x[:, None]), phi[:, None]), "a row's features depend on its company"
    assert torch.equal(torch.cat([features(x[:1]), features(x[1:3]), features(x[3:])]), phi)
    assert features(x[:0]).shape == (0, 4096)


@pytest.mark.parametrize("descriptors", [0, 2])
def test_features_of_the_sum_estimate_the_sum(descriptors: int) -> None:
    kernel = combined_kernel(3, 30, descriptors=descriptors).double()
    for term, amplitude in zip(kernel.kernels, (0.7, 1.6, 0.4), strict=False):
        term.outputscale = amplitude
    generator = torch.Generator().manual_seed(1)
    z = torch.randn(8, 3 + descriptors, generator=generator, dtype=torch.float64)
    x = torch.cat([z, counts(8, 30)], dim=1)
    for outputs in (4096, 4098):
        with global_stream(0):
            features = gen_kernel_features(kernel, num_inputs=x.shape[1], num_outputs=outputs)
        phi = features(x)
        assert phi.shape == (8, outputs) == (8, features.num_outputs)
        torch.testing.assert_close(phi @ phi.T, kernel(x, x).to_dense(), atol=0.15, rtol=0.0)


def test_a_map_is_one_draw_and_draws_follow_torch_s_seed() -> None:
    x = counts(4, 10)
    maps = []
    for seed in (0, 0, 1):
        with global_stream(seed):
            maps.append(MinMaxFeatures(MinMaxKernel(), 10, 16))
    assert torch.equal(maps[0](x), maps[0](x))
    assert torch.equal(maps[0](x), maps[1](x))
    assert not torch.equal(maps[0](x), maps[2](x))
