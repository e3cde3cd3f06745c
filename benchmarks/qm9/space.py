"""The space of QM9's molecules: trained once, refined for each seed, and what comes back of molecules it never saw."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from benchmarks.qm9.settings import Scale
from latentbo.codecs.base import Reading, pad
from latentbo.codecs.corpus_reader import canonical_objects
from latentbo.codecs.vocabulary import END, PAD
from latentbo.data.dataset import Measurements, TokenSet
from latentbo.data.downloads import fetch
from latentbo.data.tables import read_smiles
from latentbo.models.dkl_vae import DKLVAE
from latentbo.models.pretrained import CARD, load_model, save_model
from latentbo.training import molecule_space
from latentbo.training.fit import Progress
from latentbo.training.molecules import make_model
from latentbo.training.pretrain import HELD_OUT_EVERY
from latentbo.training.refine import refine


def corpus(scale: Scale, folder: Path) -> Path:
    """The file of SMILES that is trained on: QM9, or some of it."""
    file = fetch("qm9_smiles")
    if scale.lines is None:
        return file
    lines, some = read_smiles(file), folder / "some.smi"
    some.write_text("\n".join(lines[:: len(lines) // scale.lines]) + "\n")
    return some


def pretrained(file: Path, scale: Scale, folder: Path, workers: int) -> DKLVAE:
    """A VAE of QM9, without enthalpies; resumed where it was stopped, loaded where it is there."""
    measured = molecule_space.Scale(None if scale.lines is None else 20, scale.draws, scale.centres)
    return make_model(file, folder / "vae", scale.recipe, workers=workers, scale=measured)


def held_out(file: Path, model: DKLVAE, workers: int) -> tuple[list[Reading], set[str]]:
    """Molecules that the model was not trained on, and canonical SMILES of those it was."""
    raw = read_smiles(file)
    out = [text for line, text in enumerate(raw) if line % HELD_OUT_EVERY == 0]
    trained = [text for line, text in enumerate(raw) if line % HELD_OUT_EVERY]
    known = {name for name in canonical_objects(trained, workers=workers) if name is not None}
    return [reading for reading in model.codec.read(out) if reading.ok and reading.object not in known], known


def rebuilt(model: DKLVAE, readings: Sequence[Reading], positions: int | None = None) -> dict[str, float]:
    """What greedy decoding gives back of each molecule: all of it, and token by token, with padding to so many positions
    (the codec's most) counted and without.
    """
    z = model.embed(readings)
    back = model.decode(z, width=1)
    written = padded(model.spell(z, width=1))
    true = padded([reading.tokens for reading in readings])
    positions = positions or model.codec.max_tokens
    width = max(written.shape[1], true.shape[1], positions)
    written, true = (torch.nn.functional.pad(rows, (0, width - rows.shape[1])) for rows in (written, true))
    same, real = written == true, true != PAD
    return {
        "exact_match": float(np.mean([a.object == b.object for a, b in zip(readings, back, strict=True)])),
        "token_accuracy": float(same[real].double().mean()),
        "token_accuracy_padded": float(same[:, :positions].double().mean()),
    }


def padded(rows: Sequence[Sequence[int]]) -> Tensor:
    """Token rows without their END, right-padded."""
    return pad([[token for token in row if token not in (PAD, END)] for row in rows])


def refined(
    model: DKLVAE, data: Measurements, replay: TokenSet, scale: Scale, seed: int, place: Path
) -> tuple[DKLVAE, dict[str, list[float]]]:
    """The space ordered by values, and its training curve: for each round, the head's held-out negative log predictive
    density, and how well molecules were rebuilt (nats each).
    """
    curve_file = place / "curve.npz"
    if (place / CARD).exists() and curve_file.exists():
        with np.load(curve_file, allow_pickle=False) as kept:
            return load_model(place), {name: kept[name].tolist() for name in kept.files}
    recipe, losses = replace(scale.refine, seed=seed), list[float]()

    def note(step: Progress) -> None:
        losses.append(step.terms["nll"])

    found = refine(model, data, replay, recipe, progress=note)
    rounds = [
        losses[start : start + recipe.round_steps] for start in range(0, len(losses), recipe.round_steps)
    ]
    curve = {
        "head": list(found.watched),
        "rebuilding": [float(np.mean(each)) for each in rounds],
        "kept": [float(found.kept)],
    }
    save_model(found.model, place)
    np.savez(curve_file, **{name: np.asarray(values) for name, values in curve.items()})  # type: ignore[arg-type]
    return found.model, curve
