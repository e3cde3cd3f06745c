"""The named streams of `rng` as torch generators."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import torch
from torch import Tensor

from latentbo.rng import derive


def stream(seed: int, *path: str | int) -> torch.Generator:
    """A torch generator of the named stream, on the CPU."""
    return torch.Generator().manual_seed(derive(seed, *path))


def normal(shape: Sequence[int], generator: torch.Generator | None, device: torch.device) -> Tensor:
    """Standard normal float32 numbers, drawn where the generator is (a CPU stream means the same on every
    device).
    """
    return torch.randn(shape, generator=generator, device=generator.device if generator else device).to(
        device
    )


def uniform(shape: Sequence[int], generator: torch.Generator | None, device: torch.device) -> Tensor:
    """Uniform float32 numbers in [0, 1), drawn where the generator is."""
    return torch.rand(shape, generator=generator, device=generator.device if generator else device).to(device)


@contextmanager
def global_stream(seed: int, *path: str | int) -> Iterator[None]:
    """Run a block with torch's global generator set to the named stream, and put the old state back
    afterwards.

    For code that offers no generator argument (BoTorch's samplers and initial conditions).
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(derive(seed, *path))
        yield
