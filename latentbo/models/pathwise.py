"""Feature maps with which BoTorch draws whole posterior functions of an `ObjectKernel` (pathwise
sampling).

BoTorch has them for stationary kernels only. For MinMax, consistent weighted sampling (Ioffe 2010, "Improved
consistent sampling, weighted minhash and L1 sketching") gives each row one hash per feature, such that two
rows share it with probability MinMax(c, c'). A random sign per hash value turns that into an unbiased dot
product of features.

symbol     meaning                                                 shape
c          structure counts, not negative                          n x p
r, w, b    Gamma(2, 1), Gamma(2, 1) and uniform variates           m x p
phi        features: E phi(c) . phi(c') = MinMax(c, c')            n x m
"""

from __future__ import annotations

import math

import torch
from botorch.sampling.pathwise.features import gen_kernel_features
from botorch.sampling.pathwise.features.generators import GenKernelFeatures
from botorch.sampling.pathwise.features.maps import FeatureMap
from botorch.sampling.pathwise.utils import ChainedTransform, FeatureSelector
from torch import Tensor, nn

from latentbo.models.kernels import MinMaxKernel, ObjectKernel

ROWS = 64  # rows whose hashes are found together, which bounds the memory
LEVELS = 64  # hash levels with a sign of their own


class MinMaxFeatures(FeatureMap):
    """phi, with an error near 1 / sqrt(m). Its random numbers are torch's global ones, like BoTorch's own
    maps'.
    """

    def __init__(self, kernel: MinMaxKernel, inputs: int, outputs: int) -> None:
        super().__init__()
        self.kernel, self.num_outputs, self.batch_shape = kernel, outputs, kernel.batch_shape
        columns = range(inputs)[kernel.columns]
        inputs, self.input_transform = len(columns), FeatureSelector(columns)
        self.output_transform = ChainedTransform()
        gamma = torch.distributions.Gamma(2.0, 1.0)
        self.register_buffer("r", gamma.sample((outputs, inputs)).double())
        self.register_buffer("log_w", gamma.sample((outputs, inputs)).double().log())
        self.register_buffer("b", torch.rand(outputs, inputs, dtype=torch.float64))
        self.register_buffer("column_sign", 2.0 * torch.randint(2, (outputs, inputs)) - 1.0)
        self.register_buffer("level_sign", 2.0 * torch.randint(2, (outputs, LEVELS)) - 1.0)

    def forward(self, c: Tensor) -> Tensor:
        rows = c.detach().flatten(0, -2)
        row, column = rows.nonzero(as_tuple=True)
        # Each (column, count) that occurs is hashed once, however many rows share it.
        pairs, entry = torch.stack([column, rows[row, column]]).unique(dim=1, return_inverse=True)
        cost, sign = self._hashed(pairs[0].long(), pairs[1].double())
        # The entries of a row side by side; what is left over points at a last entry of infinite cost.
        filled = torch.bincount(row, minlength=len(rows))
        place = torch.arange(len(row), device=c.device) - (filled.cumsum(0) - filled)[row]
        table = torch.full((len(rows), max([1, *filled.tolist()])), pairs.shape[1], device=c.device)
        table[row, place] = entry
        phi = [
            sign.gather(1, part.T.gather(0, cost[:, part].argmin(-1))).T for part in table.split(ROWS)
        ]  # cost of a part: m x rows x places
        features: Tensor = torch.cat(phi).to(c).reshape(*c.shape[:-1], self.num_outputs)
        return features / math.sqrt(self.num_outputs)

    def _hashed(self, column: Tensor, count: Tensor) -> tuple[Tensor, Tensor]:
        """The cost of each entry, of which a row takes the cheapest, and the sign of its hash; m x entries +
        1.
        """
        r, b = self.r[:, column], self.b[:, column]
        level = torch.floor(count.log() / r + b)
        cost = self.log_w[:, column] - r * (level - b) - r
        # Signs of two different hashes need only be independent in pairs, so a product of two tables will do.
        sign = self.column_sign[:, column] * self.level_sign.gather(1, level.long() % LEVELS)
        nothing = torch.full_like(cost[:, :1], torch.inf)
        return torch.cat([cost, nothing], dim=1), torch.cat([sign, self.level_sign[:, :1]], dim=1)


class SumFeatures(FeatureMap):
    """The features of a sum of kernels: those of its terms side by side."""

    def __init__(self, kernel: ObjectKernel, maps: list[FeatureMap]) -> None:
        super().__init__()
        self.kernel, self.maps, self.batch_shape = kernel, nn.ModuleList(maps), kernel.batch_shape
        self.num_outputs = sum(term.num_outputs for term in maps)

    def forward(self, x: Tensor) -> Tensor:
        parts = [term(x) for term in self.maps]
        batch = torch.broadcast_shapes(*(part.shape[:-1] for part in parts))
        return torch.cat([part.expand(*batch, part.shape[-1]) for part in parts], dim=-1)


@GenKernelFeatures.register(MinMaxKernel)  # type: ignore[untyped-decorator]
def _min_max(kernel: MinMaxKernel, *, num_inputs: int, num_outputs: int) -> MinMaxFeatures:
    return MinMaxFeatures(kernel, num_inputs, num_outputs)


@GenKernelFeatures.register(ObjectKernel)  # type: ignore[untyped-decorator]
def _sum(kernel: ObjectKernel, *, num_inputs: int, num_outputs: int) -> SumFeatures:
    terms = list(kernel.kernels)
    share = 2 * (num_outputs // (2 * len(terms)))  # Fourier features come in pairs
    shares = [share] * (len(terms) - 1) + [num_outputs - share * (len(terms) - 1)]
    return SumFeatures(
        kernel,
        [
            gen_kernel_features(term, num_inputs=num_inputs, num_outputs=outputs)
            for term, outputs in zip(terms, shares, strict=True)
        ],
    )
