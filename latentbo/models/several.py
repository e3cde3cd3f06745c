"""Several outcomes measured on the same kind of objects: one surrogate each, side by side."""

from __future__ import annotations

import torch
from botorch.models import ModelListGP
from jaxtyping import Float
from torch import Tensor

from latentbo.models.surrogate import LatentGP


class LatentGPs(ModelListGP):
    """One `LatentGP` an outcome, independent, each with the objects for which that outcome is known.

    Everything in BoTorch that takes a `ModelListGP` takes this; a proposal can rest on it as on a `LatentGP`.
    """

    def __init__(self, *models: LatentGP) -> None:
        super().__init__(*models)
        self.eval()  # its parts are fitted

    def believing(self, X: Float[Tensor, "k dp"]) -> LatentGPs:
        """After each outcome's own posterior mean was measured at each row of X (`LatentGP.believing`)."""
        return LatentGPs(*(model.believing(X) for model in self.models))

    @property
    def believed(self) -> Float[Tensor, "k dp"] | None:
        """What is believed: the same points for every outcome."""
        return self.models[0].believed

    def latent_lengthscales(self) -> Float[Tensor, " d"]:
        """The outcomes' geometric mean: long only where no outcome changes fast."""
        scales = torch.stack([model.latent_lengthscales() for model in self.models])
        return scales.log().mean(0).exp()
