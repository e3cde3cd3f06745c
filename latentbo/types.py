"""Shape aliases in BoTorch's letters: n points, q points proposed jointly, d latent dimensions, b batch, t
tokens.

Shapes are checked in the tests only (`tests/conftest.py` installs jaxtyping's import hook).
"""

from __future__ import annotations

from jaxtyping import Bool, Float, Int
from torch import Tensor

Latents = Float[Tensor, "n d"]
LatentBatch = Float[Tensor, "*b q d"]
Tokens = Int[Tensor, "n t"]
Values = Float[Tensor, "n 1"]
Mask = Bool[Tensor, "n t"]
