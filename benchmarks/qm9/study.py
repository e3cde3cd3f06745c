"""QM9 as it is trained on and asked about; spaces are made once and kept in the folder of the results."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import numpy as np
import torch

from benchmarks.qm9.heads import Split, split_of
from benchmarks.qm9.settings import Size
from latentbo.codecs.base import Reading
from latentbo.data.downloads import fetch
from latentbo.data.measurements import Measurements
from latentbo.data.tables import read_smiles, read_table
from latentbo.diagnostics.molecule_space import SampleSizes
from latentbo.kinds.cards import CARD, read_card
from latentbo.models.dkl_vae import DKLVAE
from latentbo.models.pretrained import load_model, save_model
from latentbo.rng import numpy_stream
from latentbo.training.corpus_reader import canonical_objects
from latentbo.training.finetune import fine_tune
from latentbo.training.fit import Progress
from latentbo.training.molecules import make_model
from latentbo.training.pretrain import HELD_OUT_EVERY
from latentbo.training.replay import token_set
from latentbo.training.token_sets import TokenSet

REPLAYED = 20_000  # molecules that keep the space together while it is fine-tuned


@dataclass(frozen=True)
class Study:
    """A VAE of QM9's SMILES that knows no enthalpy, and what is fine-tuned from it. `workers` processes read SMILES."""

    size: Size
    folder: Path
    workers: int = 1

    @cached_property
    def _file(self) -> Path:
        file = fetch("qm9_smiles")
        if self.size.lines is None:
            return file
        lines, some = read_smiles(file), self.folder / "some.smi"
        some.parent.mkdir(parents=True, exist_ok=True)
        some.write_text("\n".join(lines[:: len(lines) // self.size.lines]) + "\n")
        return some

    @cached_property
    def model(self) -> DKLVAE:
        """Every 50th line is held out from it. Resumed where it was stopped."""
        size = self.size
        sizes = SampleSizes(None if size.lines is None else 20, size.draws, size.centres)
        return make_model(self._file, self.folder / "vae", size.recipe, workers=self.workers, sizes=sizes)

    @property
    def sampled(self) -> dict[str, float]:
        """The shares of draws from the prior that are molecules, different, and not trained on: from the model's card."""
        metrics = read_card(self.folder / "vae")["metrics"]
        return {name: metrics[name] for name in ("valid", "unique", "new")}

    @cached_property
    def _trained_on(self) -> set[str]:
        lines = [text for line, text in enumerate(read_smiles(self._file)) if line % HELD_OUT_EVERY]
        return {name for name in canonical_objects(lines, workers=self.workers) if name is not None}

    @cached_property
    def held_out(self) -> list[Reading]:
        """Molecules that the model was not trained on."""
        readings = self.model.codec.read(read_smiles(self._file)[::HELD_OUT_EVERY])
        return [reading for reading in readings if reading.ok and reading.object not in self._trained_on]

    def unseen(self, split: Split) -> list[Reading]:
        """Those of them that fine-tuning on this split's known enthalpies is not shown either."""
        known = set(split.known)
        return [reading for reading in self.held_out if reading.object not in known]

    @cached_property
    def _replay(self) -> TokenSet:
        known = sorted(self._trained_on)
        some = self.model.codec.read(known[:: max(1, len(known) // REPLAYED)])
        return token_set([reading for reading in some if reading.ok])

    @cached_property
    def _enthalpies(self) -> dict[str, float]:
        """Of distinct molecules that the model can read, total, in Hartree; the first of equal ones."""
        rows = read_table(fetch("qm9"), value_column="h298").rows
        found: dict[str, float] = {}
        for row, reading in zip(rows, self.model.codec.read([row.object for row in rows]), strict=True):
            if reading.object is not None and row.value is not None:
                found.setdefault(reading.object, row.value)
        return found

    def split(self, seed: int) -> Split:
        """Which enthalpies are known, and which asked for."""
        names, h = list(self._enthalpies), np.array(list(self._enthalpies.values()))
        order = numpy_stream(seed, "split").permutation(len(names))
        return split_of(names, h, order, self.size.rows, self.size.tests)

    def fine_tuned(
        self, data: Measurements, seed: int, name: str, *, weight: float | None = None
    ) -> tuple[DKLVAE, dict[str, list[float]]]:
        """The space ordered by values, and its training curve: for each round, the head's held-out negative log
        predictive density, and how well molecules were rebuilt (nats each). `weight` of N, if not the recipe's.
        """
        place = self.folder / f"{name}_{seed}"
        curve_file = place / "curve.npz"
        if (place / CARD).exists() and curve_file.exists():
            with np.load(curve_file, allow_pickle=False) as kept:
                return load_model(place), {name: kept[name].tolist() for name in kept.files}
        recipe = replace(self.size.fine_tune, seed=seed)
        recipe = recipe if weight is None else replace(recipe, gp_loss_weight=weight)
        losses: list[float] = []

        def note(step: Progress) -> None:
            losses.append(step.terms["nll"])

        found = fine_tune(self.model, data, self._replay, recipe, progress=note)
        rounds = torch.tensor(losses).split(recipe.round_steps)
        curve = {
            "head": list(found.watched),
            "rebuilding": [float(each.mean()) for each in rounds],
            "kept": [float(found.kept)],
        }
        save_model(found.model, place)
        np.savez(curve_file, **{name: np.asarray(values) for name, values in curve.items()})  # type: ignore[arg-type]
        return found.model, curve
