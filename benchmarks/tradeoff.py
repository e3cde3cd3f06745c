"""What the weight of the KL term buys: reconstruction against holes and smoothness, from one starting point.

    python -m benchmarks tradeoff --betas 0.015,0.05,0.2,0.6

Each weight trains a copy of the model for one pass over the first lines of the file and as many recombined
molecules, without co-training on descriptors; then all are measured alike (600 held-out molecules, 1,000 samples,
60 centres). The model itself is measured first.
"""

from __future__ import annotations

import argparse
import copy
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import torch

from benchmarks.results import FOLDER, write_result
from latentbo.codecs.base import Reading
from latentbo.data.downloads import fetch
from latentbo.data.tables import read_smiles
from latentbo.diagnostics.molecule_space import SampleSizes, measure_space
from latentbo.kinds.cards import DEFAULT
from latentbo.models.dkl_vae import DKLVAE
from latentbo.models.pretrained import load_model
from latentbo.rng import numpy_stream
from latentbo.training.pretrain import HELD_OUT_EVERY, Recipe, fit_prior, train_elbo
from latentbo.training.recombine import recombined
from latentbo.training.replay import token_set
from latentbo.training.token_sets import TokenSet

RESULT = FOLDER / "tradeoff.json"
SHOWN = ("posterior_sd", "exact_match", "exact_match_beam", "fixed_points", "ks_qed", "half_changed_tanimoto")
FULL, SMOKE = (60_000, SampleSizes(600, 1_000, 60)), (400, SampleSizes(4, 8, 2))


def run(
    model: DKLVAE, raw: Sequence[object], betas: Sequence[float], sizes: SampleSizes, seed: int
) -> dict[str, dict[str, float]]:
    """The measures of the model as it is and after training at each weight, by name."""
    held_out = [reading for reading in model.codec.read(raw[::HELD_OUT_EVERY]) if reading.ok]
    taught = [text for line, text in enumerate(raw) if line % HELD_OUT_EVERY]
    corpus = [reading for reading in model.codec.read(taught) if reading.ok]
    known = [reading.object for reading in corpus if reading.object is not None]
    new = [each for each in model.codec.read(recombined(known, numpy_stream(seed, "recombined"))) if each.ok]
    apart = len(new) // 10
    rows = _rows(model, [*corpus, *new[apart:]])
    recipe = Recipe(epochs=1, learning_rate=1.5e-3, property_weight=0.0, exemplars=apart, seed=seed)
    exemplars = _rows(model, new[:apart])

    def measured(vae: DKLVAE) -> dict[str, float]:
        refitted = replace(vae, prior=fit_prior(vae.vae, exemplars, recipe))
        return measure_space(refitted, held_out, set(known), sizes, seed=seed)

    found = {"as it is": measured(model)}
    _show("as it is", found["as it is"])
    for beta in betas:
        vae = copy.deepcopy(model.vae)
        chosen = replace(recipe, beta=beta)
        train_elbo(
            vae,
            rows,
            _rows(model, held_out[:200]),
            chosen,
            epochs=1,
            learning_rate=chosen.learning_rate,
            beta=lambda _, weight=beta: weight,  # type: ignore[misc]
            path=("tradeoff",),
        )
        found[f"beta {beta:g}"] = measured(replace(model, vae=vae))
        _show(f"beta {beta:g}", found[f"beta {beta:g}"])
    return found


def _rows(model: DKLVAE, readings: Sequence[Reading]) -> TokenSet:
    """Tokens whose descriptors are not known."""
    bare, width = token_set(readings), model.vae.arguments["properties"]
    return TokenSet(bare.tokens[:0], torch.zeros(0, width, dtype=torch.float16)).joined(bare)


def _show(name: str, numbers: dict[str, float]) -> None:
    print(f"{name:<12}" + "".join(f"{numbers[key]:>24.3f}" for key in SHOWN), flush=True)


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--model", default=DEFAULT)
    parser.add_argument("--data", type=Path, default=None)
    parser.add_argument(
        "--betas", type=lambda text: [float(part) for part in text.split(",")], default="0.015,0.05,0.2,0.6"
    )
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--smoke", action="store_true", help="400 lines, two weights")
    parser.add_argument("--out", type=Path, default=RESULT)
    chosen = parser.parse_args(arguments)
    torch.set_num_threads(chosen.threads)
    lines, sizes = SMOKE if chosen.smoke else FULL
    betas = chosen.betas[:2] if chosen.smoke else chosen.betas
    began = time.perf_counter()
    model = load_model(chosen.model)
    print(f"{'':<12}" + "".join(f"{key:>24}" for key in SHOWN), flush=True)
    found = run(model, read_smiles(chosen.data or fetch("zinc250k"))[:lines], betas, sizes, chosen.seed)
    flat = {
        f"{name.replace(' ', '_')}_{key}": value
        for name, numbers in found.items()
        for key, value in numbers.items()
    }
    about = {"model_id": model.id, "lines": lines, "smoke": chosen.smoke}
    write_result(chosen.out, {**flat, **about}, seeds=[chosen.seed], wall_seconds=time.perf_counter() - began)


if __name__ == "__main__":
    main()
