"""Several outcomes measured on the same kind of objects: one surrogate each, side by side."""

from __future__ import annotations

import torch
from botorch.models import ModelListGP
from jaxtyping import Float
from torch import Tensor

from latentbo.models.surrogate import LatentGP


class MultiOutputLatentGP(ModelListGP):
    """One `LatentGP` an outcome, independent, each with the objects for which that outcome is known.

    Everything in BoTorch that takes a `ModelListGP` takes this; a proposal can rest on it as on a `LatentGP`.
    """

    def __init__(self, *models: LatentGP) -> None:
        super().__init__(*models)
        self.eval()  # its parts are fitted

    def with_fantasies(self, X: Float[Tensor, "k dp"]) -> MultiOutputLatentGP:
        """After each outcome's own posterior mean was measured at each row of X (`LatentGP.with_fantasies`)."""
        return MultiOutputLatentGP(*(model.with_fantasies(X) for model in self.models))

    @property
    def fantasies(self) -> Float[Tensor, "k dp"] | None:
        """Points where the means are taken for measured: the same for every outcome."""
        points: Float[Tensor, "k dp"] | None = self.models[0].fantasies
        return points

    def latent_lengthscales(self) -> Float[Tensor, " d"]:
        """The outcomes' geometric mean: long only where no outcome changes fast."""
        scales = torch.stack([model.latent_lengthscales() for model in self.models])
        return scales.log().mean(0).exp()
