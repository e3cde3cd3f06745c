"""A head fitted to some values predicts from all of them, in the units it was fitted in."""

from __future__ import annotations

import torch
from gpytorch.means import ZeroMean

from benchmarks.heads import given_all
from latentbo.models.surrogate import LatentGP, fit_surrogate

BOUNDS = torch.tensor([[-2.0, -2.0], [2.0, 2.0]], dtype=torch.float64)


def test_a_head_of_some_values_is_given_all() -> None:
    x = torch.rand(40, 2, generator=torch.Generator().manual_seed(0), dtype=torch.float64) * 4 - 2
    y = 100 + 10 * torch.sin(x.sum(1, keepdim=True))
    some = fit_surrogate(LatentGP(x[:15], y[:15], bounds=BOUNDS, mean_module=ZeroMean())).model
    before, noise = some.posterior(x).mean, some.likelihood.noise.item()
    after = given_all(some, x, y)
    assert (before - y)[15:].abs().max() > 1.0, "there is something left to learn"
    assert (after.posterior(x).mean - y).abs().max() < 0.3 * (before - y).abs().max()
    assert after.likelihood.noise.item() == noise, "the hyperparameters are what they were"
    again = given_all(after, x[:15], y[:15]).posterior(x).mean
    torch.testing.assert_close(again, before)
