"""Networks, priors, kernels, the surrogate, and the DKL-VAE that holds them together."""

from __future__ import annotations

from typing import TYPE_CHECKING

from latentbo.lazy import lazy_exports

if TYPE_CHECKING:
    from latentbo.models.dkl_vae import DKLVAE as DKLVAE
    from latentbo.models.exemplars import ExemplarPrior as ExemplarPrior
    from latentbo.models.image_vae import ImageVAE as ImageVAE
    from latentbo.models.multi_output import MultiOutputLatentGP as MultiOutputLatentGP
    from latentbo.models.pretrained import load_model as load_model
    from latentbo.models.pretrained import save_model as save_model
    from latentbo.models.priors import GaussianMixture as GaussianMixture
    from latentbo.models.priors import Prior as Prior
    from latentbo.models.sparse import SparseGPs as SparseGPs
    from latentbo.models.surrogate import LatentGP as LatentGP
    from latentbo.models.surrogate import SurrogateFit as SurrogateFit
    from latentbo.models.surrogate import fit_surrogate as fit_surrogate
    from latentbo.models.vae import VAE as VAE
    from latentbo.models.vae import SequenceVAE as SequenceVAE

_EXPORTS = {
    "DKLVAE": "dkl_vae",
    "ExemplarPrior": "exemplars",
    "GaussianMixture": "priors",
    "ImageVAE": "image_vae",
    "LatentGP": "surrogate",
    "MultiOutputLatentGP": "multi_output",
    "Prior": "priors",
    "SequenceVAE": "vae",
    "SparseGPs": "sparse",
    "SurrogateFit": "surrogate",
    "VAE": "vae",
    "fit_surrogate": "surrogate",
    "load_model": "pretrained",
    "save_model": "pretrained",
}
__all__ = list(_EXPORTS)
__getattr__, __dir__ = lazy_exports(__name__, _EXPORTS)
