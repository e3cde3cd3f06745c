"""Random search: of a pool of molecules, and of a latent space's prior. What is told steers neither."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence

from latentbo.baselines.base import Record
from latentbo.codecs.molecules import canonical
from latentbo.models.dkl_vae import DKLVAE
from latentbo.rng import numpy_stream
from latentbo.torch_rng import stream

DRAWS = 64  # from the prior at a time, so that the answers do not depend on how they are divided among asks
PATIENCE = 50  # draws of so many in a row that may bring nothing new


class RandomScreening:
    """The molecules of a pool in random order, each once. What is no molecule is passed over."""

    def __init__(self, pool: Sequence[str], seed: int) -> None:
        self._pool = pool
        self._order = iter(numpy_stream(seed, "random_screening").permutation(len(pool)).tolist())
        self._record = Record()

    def ask(self, n: int) -> list[str]:
        """Fewer than n where the pool is used up."""
        found: list[str] = []
        while len(found) < n:
            row = next(self._order, None)
            if row is None:
                break
            smiles, _ = canonical(self._pool[row])
            if smiles is not None and self._record.claim(smiles):
                found.append(smiles)
        return found

    def tell(self, objects: Sequence[str], values: Sequence[float | None]) -> None:
        self._record.tell(objects, values)


class PriorSampling:
    """What a model decodes from draws of its prior, each molecule once. Decodes that are no molecule are passed over."""

    def __init__(self, model: DKLVAE, seed: int) -> None:
        self._model, self._seed, self._turn = model, seed, 0
        self._drawn: deque[str] = deque()
        self._record = Record()

    def ask(self, n: int) -> list[str]:
        """Fewer than n where 50 times 64 draws in a row bring nothing new."""
        found: list[str] = []
        fruitless = 0
        while len(found) < n and fruitless < PATIENCE:
            if not self._drawn:
                self._draw()
                fruitless += 1
            while self._drawn and len(found) < n:
                smiles = self._drawn.popleft()
                if self._record.claim(smiles):
                    found.append(smiles)
                    fruitless = 0
        return found

    def tell(self, objects: Sequence[str], values: Sequence[float | None]) -> None:
        self._record.tell(objects, values)

    def _draw(self) -> None:
        readings = self._model.sample(DRAWS, stream(self._seed, "prior_sampling", self._turn))
        self._drawn.extend(reading.object for reading in readings if reading.object is not None)
        self._turn += 1
