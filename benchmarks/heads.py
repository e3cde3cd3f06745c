"""Heads of a benchmark on many values: hyperparameters from some of them, predictions from all."""

from __future__ import annotations

from typing import TypeVar

from botorch.models import SingleTaskGP
from jaxtyping import Float
from torch import Tensor

FITTED = 300  # values, in random order, that hyperparameters are fitted to: the same for every head

Head = TypeVar("Head", bound=SingleTaskGP)


def given_all(gp: Head, x: Float[Tensor, "n d"], y: Float[Tensor, "n 1"]) -> Head:
    """The same model, fitted to the first `FITTED` of these values, on all of them. (A surrogate of a campaign chooses
    by itself what it is fitted to: the best half of them, which would not be fair where all are asked about.)
    """
    targets, _ = gp.outcome_transform(y)  # in the units that it was fitted in
    gp.train()
    gp.set_train_data(x, targets.squeeze(-1), strict=False)
    return gp.eval()
