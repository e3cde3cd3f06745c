"""MinMax against a triple loop, and the sum of kernels against its own formula."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from latentbo.models import kernels
from latentbo.models.kernels import MinMaxKernel, amplitudes, combined_kernel, latent_kernel


def counts(*shape: int, seed: int = 0, rate: float = 0.8, dtype: torch.dtype = torch.float64) -> Tensor:
    return torch.poisson(torch.full(shape, rate, dtype=dtype), generator=torch.Generator().manual_seed(seed))


def loop(x: Tensor, y: Tensor) -> Tensor:
    out = torch.zeros(len(x), len(y), dtype=torch.float64)
    for i, a in enumerate(x.tolist()):
        for j, b in enumerate(y.tolist()):
            low = sum(min(p, q) for p, q in zip(a, b, strict=True))
            high = sum(max(p, q) for p, q in zip(a, b, strict=True))
            out[i, j] = low / high if high else 1.0
    return out


rows = st.lists(st.lists(st.integers(0, 6), min_size=4, max_size=4), min_size=1, max_size=6)


@given(rows, rows)
@settings(max_examples=120, deadline=None)
def test_minmax_is_the_triple_loop(a: list[list[int]], b: list[list[int]]) -> None:
    x, y = torch.tensor(a, dtype=torch.float64), torch.tensor(b, dtype=torch.float64)
    torch.testing.assert_close(MinMaxKernel()(x, y).to_dense(), loop(x, y))


@given(rows)
@settings(max_examples=80, deadline=None)
def test_minmax_is_positive_semidefinite_with_a_unit_diagonal(a: list[list[int]]) -> None:
    x = torch.tensor(a, dtype=torch.float64)
    gram = MinMaxKernel()(x, x).to_dense()
    torch.testing.assert_close(gram.diagonal(), torch.ones(len(x), dtype=torch.float64))
    torch.testing.assert_close(gram, gram.T)
    assert float(torch.linalg.eigvalsh(gram).min()) > -1e-10


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("rate", [0.05, 3.0, 40.0])
def test_products_of_unary_codes_are_sums_of_minima(dtype: torch.dtype, rate: float) -> None:
    x, y = counts(7, 200, rate=rate, dtype=dtype), counts(5, 200, seed=1, rate=rate, dtype=dtype)
    low = torch.minimum(x[:, None], y[None]).sum(-1)
    high = torch.maximum(x[:, None], y[None]).sum(-1)
    found = MinMaxKernel()(x, y).to_dense()
    assert found.dtype == dtype
    torch.testing.assert_close(found, low / high)


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ((4, 6), (3, 6)),
        ((2, 4, 6), (2, 3, 6)),
        ((2, 4, 6), (3, 6)),
        ((4, 6), (2, 3, 6)),
        ((2, 1, 4, 6), (5, 3, 6)),
    ],
)
def test_batches_are_broadcast(left: tuple[int, ...], right: tuple[int, ...]) -> None:
    x, y = counts(*left), counts(*right, seed=1)
    found = MinMaxKernel()(x, y).to_dense()
    batch = torch.broadcast_shapes(left[:-2], right[:-2])
    expected = torch.minimum(x[..., :, None, :], y[..., None, :, :]).sum(-1) / torch.maximum(
        x[..., :, None, :], y[..., None, :, :]
    ).sum(-1)
    assert found.shape == (*batch, left[-2], right[-2])
    torch.testing.assert_close(found, expected)


def test_the_diagonal_is_that_of_the_whole() -> None:
    x, y = counts(3, 5, 6), counts(3, 5, 6, seed=1)
    x[0, 2] = y[0, 2] = 0.0
    kernel = MinMaxKernel()
    torch.testing.assert_close(kernel(x, y, diag=True), kernel(x, y).to_dense().diagonal(dim1=-2, dim2=-1))


def test_empty_rows_are_alike_and_unlike_all_others() -> None:
    x = torch.cat([torch.zeros(2, 4), torch.ones(1, 4)]).double()
    assert MinMaxKernel()(x, x).to_dense().tolist() == [[1.0, 1.0, 0.0], [1.0, 1.0, 0.0], [0.0, 0.0, 1.0]]
    assert MinMaxKernel()(x[:0], x).to_dense().shape == (0, 3)


def test_counts_have_no_gradient() -> None:
    x = counts(3, 6).requires_grad_()
    z = torch.randn(3, 2, dtype=torch.float64).requires_grad_()
    kernel = combined_kernel(2, 6).double()
    kernel(torch.cat([z, x], dim=1)).to_dense()[0, 1].backward()
    assert z.grad is not None
    assert z.grad[0].abs().sum() > 0
    assert x.grad is None or not x.grad.any()


def test_one_column_at_a_time_is_refused() -> None:
    with pytest.raises(NotImplementedError, match="whole count vectors"):
        MinMaxKernel().forward(counts(2, 3), counts(2, 3), last_dim_is_batch=True)


@pytest.mark.parametrize("batch", [(), (3,)])
def test_the_sum_is_a_z_rbf_plus_a_c_minmax(batch: tuple[int, ...]) -> None:
    latent, structure = 2, 5
    kernel = combined_kernel(latent, structure, torch.Size(batch)).double()
    generator = torch.Generator().manual_seed(0)
    lengths = 0.5 + torch.rand(*batch, 1, latent, generator=generator, dtype=torch.float64)
    a_z, a_c = torch.rand(2, *batch, generator=generator, dtype=torch.float64) + 0.1
    latent_term, structure_term = kernel.kernels
    latent_term.base_kernel.lengthscale = lengths
    latent_term.outputscale, structure_term.outputscale = a_z, a_c
    z = torch.randn(*batch, 6, latent, generator=generator, dtype=torch.float64)
    c = counts(*batch, 6, structure)
    distance = (z[..., :, None, :] - z[..., None, :, :]) / lengths[..., None, :]
    rbf = (-0.5 * distance.square().sum(-1)).exp()
    low = torch.minimum(c[..., :, None, :], c[..., None, :, :]).sum(-1)
    high = torch.maximum(c[..., :, None, :], c[..., None, :, :]).sum(-1)
    minmax = torch.where(high > 0, low / high.clamp(min=1), 1.0)
    expected = a_z[..., None, None] * rbf + a_c[..., None, None] * minmax
    x = torch.cat([z, c], dim=-1)
    torch.testing.assert_close(kernel(x, x).to_dense(), expected)
    torch.testing.assert_close(kernel(x, x, diag=True), expected.diagonal(dim1=-2, dim2=-1))
    assert amplitudes(kernel) == pytest.approx((float(a_z.mean()), float(a_c.mean())))


def test_descriptors_stand_between_latents_and_counts() -> None:
    generator = torch.Generator().manual_seed(0)
    z, u = torch.randn(2, 6, 3, generator=generator, dtype=torch.float64)
    c = counts(6, 5)
    whole = combined_kernel(3, 5, descriptors=3).double()
    described = whole.kernels[1]
    described.outputscale, described.base_kernel.lengthscale = (
        0.7,
        torch.tensor([0.5, 1.0, 2.0], dtype=torch.float64),
    )
    distance = (u[:, None] - u[None]) / described.base_kernel.lengthscale.detach()
    rbf = (-0.5 * distance.square().sum(-1)).exp()
    latent = latent_kernel(3).double()
    latent.lengthscale = whole.kernels[0].base_kernel.lengthscale.detach()
    expected = 0.2 * latent(z).to_dense() + 0.7 * rbf + 0.5 * MinMaxKernel().double()(c).to_dense()
    torch.testing.assert_close(whole(torch.cat([z, u, c], 1)).to_dense(), expected)
    assert amplitudes(whole)[1] == pytest.approx(0.7)
    only = combined_kernel(3, 0, descriptors=3).double()
    assert len(only.kernels) == 2
    assert only(torch.cat([z, u], 1)).shape == (6, 6)


def test_a_remembered_answer_is_only_given_to_the_same_question() -> None:
    kernel = MinMaxKernel().double()
    x, y = counts(5, 12), counts(4, 12) + 1.0
    changed = x.clone()
    changed[2, 3] += 1.0
    for a, b in ((x, x), (x, x), (x, y), (y, x), (changed, changed), (x[:4], y), (x, x)):
        torch.testing.assert_close(kernel(a, b).to_dense(), MinMaxKernel().double()(a, b).to_dense())
    assert kernel(x.float(), x.float()).to_dense().dtype == torch.float32


def test_training_inputs_are_coded_once_for_all_posteriors(monkeypatch: pytest.MonkeyPatch) -> None:
    train, tests = counts(7, 12), [counts(3, 12, seed=seed) for seed in (1, 2, 3)]
    kernel, coded = MinMaxKernel().double(), []
    of = kernels._Unary.of
    monkeypatch.setattr(kernels._Unary, "of", lambda x: coded.append(len(x)) or of(x))
    for x in tests:  # as a posterior asks: its points with themselves, and with the training inputs
        kernel(x, x).to_dense()
        kernel(x, train).to_dense()
    assert coded == [3, 7, 3, 3]


def test_structure_leads_at_the_start_and_latents_can_lead_later() -> None:
    kernel = combined_kernel(4, 5)
    latent_term, structure_term = kernel.kernels
    assert amplitudes(kernel) == pytest.approx((0.2, 1.0))
    assert float(latent_term.outputscale_prior.scale) > float(structure_term.outputscale_prior.scale)
    assert float(latent_term.outputscale_prior.loc.exp()) == pytest.approx(0.2)


def test_a_bare_latent_kernel_has_one_lengthscale_a_dimension() -> None:
    kernel = latent_kernel(3)
    assert kernel.lengthscale.shape == (1, 3)
    assert amplitudes(kernel) == (1.0,)
    wide = latent_kernel(48).lengthscale.detach()
    torch.testing.assert_close(
        wide[0, 0] / kernel.lengthscale[0, 0].detach(), torch.tensor(4.0)
    )  # sqrt(48 / 3)
