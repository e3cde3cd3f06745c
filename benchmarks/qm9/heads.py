"""What predicts an enthalpy: baselines and our heads, each as a function from rows to predictions.

symbol   meaning                                                                unit
h        total enthalpy at 298 K                                                Hartree
trend    least squares of h over counted atoms, or over groups (bonds, rings)
rest     h minus its trend
"""

from __future__ import annotations

import gc
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from botorch.fit import fit_gpytorch_mll
from botorch.models import SingleTaskGP
from gpytorch.kernels import ScaleKernel
from gpytorch.means import ZeroMean
from gpytorch.mlls import ExactMarginalLogLikelihood
from jaxtyping import Float
from torch import Tensor

from benchmarks.heads import FITTED, given_all
from benchmarks.qm9.trend import LinearTrend
from latentbo.chemistry.descriptors import morgan_counts
from latentbo.chemistry.groups import Groups
from latentbo.data.measurements import Measurements
from latentbo.models.dkl_vae import DKLVAE
from latentbo.models.kernels import MinMaxKernel
from latentbo.models.surrogate import LatentGP, fit_surrogate, latent_box

ASKED = 500  # predictions made at a time


@dataclass(frozen=True, eq=False)
class Split:
    """Molecules with their enthalpies in Hartree: known ones and those asked for."""

    known: tuple[str, ...]
    asked: tuple[str, ...]
    h: Float[Tensor, "n 1"]
    h_asked: Float[Tensor, "m 1"]

    def rmse(self, predicted: Float[Tensor, "m 1"]) -> float:
        """In Hartree."""
        return float((predicted - self.h_asked).square().mean().sqrt())


@dataclass(frozen=True, eq=False)
class Trends:
    """A trend over groups, of both kinds of rows, and what it leaves of the known ones."""

    known: Float[Tensor, "n 1"]
    asked: Float[Tensor, "m 1"]
    rest: Float[Tensor, "n 1"]


def trend(split: Split, *, atoms_only: bool) -> Trends:
    """Least squares over the atoms, or over all groups, of the known molecules."""
    groups = Groups.of(split.known, atoms_only=atoms_only)
    u, v = (torch.from_numpy(groups(rows)) for rows in (split.known, split.asked))
    fitted = LinearTrend.fitted(u, split.h)
    return Trends(fitted(u), fitted(v), split.h - fitted(u))


def tanimoto(split: Split, y: Float[Tensor, "n 1"]) -> Float[Tensor, "m 1"]:
    """A GP with the MinMax (count-Tanimoto) kernel alone, on Morgan counts."""
    x, v = (
        torch.from_numpy(np.asarray(morgan_counts(rows), dtype=np.float64))
        for rows in (split.known, split.asked)
    )
    model = SingleTaskGP(x[:FITTED], y[:FITTED], covar_module=ScaleKernel(MinMaxKernel()))
    fit_gpytorch_mll(ExactMarginalLogLikelihood(model.likelihood, model))
    return _asked(given_all(model.eval(), x, y), v)


def latent_head(model: DKLVAE, split: Split, y: Float[Tensor, "n 1"]) -> Float[Tensor, "m 1"]:
    """The paper's: a zero-mean GP on the encoder's means alone."""
    x, v = (model.embed(model.codec.read(rows)) for rows in (split.known, split.asked))
    gp = LatentGP(x[:FITTED], y[:FITTED], bounds=latent_box(model.prior), mean_module=ZeroMean())
    return _asked(given_all(fit_surrogate(gp).model, x, y), v)


def full_head(model: DKLVAE, split: Split, y: Float[Tensor, "n 1"]) -> Float[Tensor, "m 1"]:
    """Ours: latents, descriptors and structure counts together."""
    fitted = model.surrogate(Measurements(split.known[:FITTED], y[:FITTED]))
    x, v = (model.inputs(model.codec.read(rows)) for rows in (split.known, split.asked))
    return _asked(given_all(fitted.model, x, y), v)


@torch.no_grad()
def _asked(gp: SingleTaskGP, x: Float[Tensor, "m d"]) -> Float[Tensor, "m 1"]:
    found = torch.cat([gp.posterior(part).mean for part in x.split(ASKED)])
    gp.prediction_strategy = None
    gc.collect()  # a GP refers to itself, and each holds gigabytes
    return found


def errors(split: Split, vanilla: DKLVAE, ordered: DKLVAE, fine_tuned: DKLVAE) -> dict[str, float]:
    """RMSE of every baseline and head, Hartree. `ordered` was fine-tuned on h, `fine_tuned` on what its trend leaves."""
    atoms, groups = trend(split, atoms_only=True), trend(split, atoms_only=False)
    predicted: dict[str, Float[Tensor, "m 1"]] = {
        "atom_count": atoms.asked,
        "group": groups.asked,
        "tanimoto_gp_raw": tanimoto(split, split.h),
        "tanimoto_gp": atoms.asked + tanimoto(split, atoms.rest),
        "latent": latent_head(vanilla, split, split.h),
        "latent_dkl": latent_head(ordered, split, split.h),
        "latent_dkl_trend": groups.asked + latent_head(fine_tuned, split, groups.rest),
        "full_trend": groups.asked + full_head(vanilla, split, groups.rest),
        "h298": groups.asked + full_head(fine_tuned, split, groups.rest),
    }
    return {f"{name}_rmse_hartree": split.rmse(values) for name, values in predicted.items()}


def split_of(names: Sequence[str], h: np.ndarray, order: np.ndarray, rows: int, tests: int) -> Split:
    """The first `rows` of an order as known, the next `tests` as asked for."""
    known, asked = order[:rows], order[rows : rows + tests]
    values = torch.from_numpy(h).double()[:, None]
    return Split(tuple(names[i] for i in known), tuple(names[i] for i in asked), values[known], values[asked])
