"""Molecules rebuilt from a latent space, and enthalpies read off it (arXiv:2503.02978), beside baselines.

    python -m benchmarks qm9 --seeds 0-2

A VAE of QM9's SMILES knows no enthalpy; every 50th line is held out from it. Heads know the enthalpies of 10,000 molecules
of the subset with properties and are asked for 3,000 others; a seed decides which. Spaces and numbers are kept in --out: a
run that was stopped goes on where it was, and what is all there (`numbers.json`) needs no space.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import torch

from benchmarks.campaign import seeds_of
from benchmarks.pictures import save_picture
from benchmarks.qm9 import pictures
from benchmarks.qm9.heads import errors, full_head, latent_head, trend
from benchmarks.qm9.rebuilt import rebuilt
from benchmarks.qm9.settings import FULL, KCAL, POSITIONS, SMOKE
from benchmarks.qm9.study import Study
from benchmarks.results import FOLDER, over_seeds, weights_of, write_result
from benchmarks.saved_numbers import SavedNumbers
from latentbo.data.measurements import Measurements

RESULT, OUT = FOLDER / "qm9.json", Path("runs/qm9")
BAR = 0.012
REBUILT = {
    "exact_match": ("held-out molecules that come back whole", "0.291", ">= 0.95"),
    "token_accuracy": ("tokens right, greedy, padding not counted", "", ""),
    "token_accuracy_padded": ("tokens right, greedy, padding counted", "0.982 (talk)", ""),
    "valid": ("samples that are molecules", "1 (talk)", ""),
    "unique": ("of these, different", "", ""),
    "new": ("of these, not trained on", "1 (talk)", ""),
    "exact_match_refined": ("held-out molecules that come back whole, fine-tuned", "", ""),
}
HEADS = {
    "atom_count": "linear in atom counts",
    "group": "linear in atoms, bonds, rings",
    "tanimoto_gp_raw": "Tanimoto GP, raw",
    "tanimoto_gp": "Tanimoto GP on the rest of atoms",
    "latent": "zero-mean GP on z, VAE alone",
    "latent_dkl": "zero-mean GP on z, DKL (the paper's)",
    "latent_dkl_trend": "ours: GP on z, DKL, on the rest of groups",
    "full_trend": "ours: z, descriptors, counts, VAE alone",
    "h298": "ours: z, descriptors, counts, DKL",
}


def run(study: Study, seeds: Sequence[int]) -> dict[str, float]:
    """Everything: reconstruction once, heads seed by seed with mean and sample standard deviation."""
    study.folder.mkdir(parents=True, exist_ok=True)
    saved = SavedNumbers(study.folder / "numbers.json", study.size)
    numbers = dict(
        saved.get("rebuilt", lambda: rebuilt(study.model, study.held_out, POSITIONS) | study.sampled)
    )
    per_seed = [saved.get(f"heads_{seed}", lambda seed=seed: of_seed(study, seed)) for seed in seeds]
    numbers |= over_seeds(per_seed)
    bars = {
        what: (numbers[f"{name}_rmse_hartree"], numbers[f"{name}_rmse_hartree_sd"])
        for name, what in HEADS.items()
    }
    save_picture(pictures.bars(bars, BAR), study.folder / "qm9_heads.png")
    return numbers | of_weights(study, seeds[0], saved)


def of_seed(study: Study, seed: int) -> dict[str, float]:
    """All heads on one split, with spaces fine-tuned on the raw enthalpies and on what a trend over groups leaves."""
    split = study.split(seed)
    ordered, _ = study.fine_tuned(Measurements(split.known, split.h), seed, "raw")
    rest = trend(split, atoms_only=False).rest
    ours, curve = study.fine_tuned(Measurements(split.known, rest), seed, "rest")
    save_picture(pictures.curve(curve), study.folder / f"qm9_training_{seed}.png")
    return {
        **errors(split, study.model, ordered, ours),
        "exact_match_refined": rebuilt(ours, study.unseen(split))["exact_match"],
        "kept_round": curve["kept"][0],
    }


def of_weights(study: Study, seed: int, saved: SavedNumbers) -> dict[str, float]:
    """What an ordered space costs and brings: the molecules that come back, and the errors of a head that sees latents
    alone and of one that sees features of the graph as well. Weight 0 is the VAE alone.
    """
    size = study.size
    weights = sorted({0.0, size.fine_tune.gp_loss_weight, *size.sweep})
    numbers: dict[str, float] = {}

    def measured(weight: float) -> dict[str, float]:
        split = study.split(seed)
        left, model = trend(split, atoms_only=False), study.model
        if weight:
            name = "rest" if weight == size.fine_tune.gp_loss_weight else f"rest_{weight:g}"
            model, _ = study.fine_tuned(Measurements(split.known, left.rest), seed, name, weight=weight)
        errors = {
            f"scale_{weight:g}_{what}_rmse_hartree": split.rmse(left.asked + head(model, split, left.rest))
            for what, head in (("latent", latent_head), ("full", full_head))
        }
        return {
            f"scale_{weight:g}_exact_match": rebuilt(model, study.unseen(split))["exact_match"],
            **errors,
        }

    for weight in weights:
        numbers |= saved.get(f"scale_{weight:g}_{seed}", lambda weight=weight: measured(weight))
    columns = ("exact_match", "latent_rmse_hartree", "full_rmse_hartree")
    curves = {name: [numbers[f"scale_{weight:g}_{name}"] for weight in weights] for name in columns}
    save_picture(pictures.tradeoff(weights, *curves.values()), study.folder / "qm9_tradeoff.png")
    return numbers


def table(numbers: Mapping[str, float], seeds: int) -> str:
    """Reconstruction and errors beside the paper's and the bars; Markdown."""
    lines = ["| QM9, reconstruction | ours | paper | bar |", "| --- | --- | --- | --- |"]
    lines += [
        f"| {what} | {numbers[name]:.3f} | {paper} | {bar} |" for name, (what, paper, bar) in REBUILT.items()
    ]
    lines += ["", f"| enthalpy, RMSE over {seeds} seeds | Hartree, total | kcal/mol |", "| --- | --- | --- |"]
    for name, what in HEADS.items():
        error, spread = numbers[f"{name}_rmse_hartree"], numbers[f"{name}_rmse_hartree_sd"]
        around = f" ± {spread:.2g}" if seeds > 1 else ""
        lines.append(f"| {what} | {error:.4g}{around} | {KCAL * error:.3g} |")
    lines += [f"| paper, unit not stated; bar {BAR} | 5.96 | |", ""]
    lines += [
        "| weight of N | come back whole | latents alone, Hartree | and graph features |",
        "| --- | --- | --- | --- |",
    ]
    for weight in weights_of(numbers, "exact_match"):
        both = [f"{numbers[f'scale_{weight}_{what}_rmse_hartree']:.4g}" for what in ("latent", "full")]
        lines.append(f"| {weight} | {numbers[f'scale_{weight}_exact_match']:.3f} | {' | '.join(both)} |")
    return "\n".join(lines)


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seeds", type=seeds_of, default="0-2")
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--workers", type=int, default=1, help="processes that read SMILES")
    parser.add_argument("--smoke", action="store_true", help="few molecules, one seed, to see that it runs")
    parser.add_argument("--out", type=Path, default=OUT, help="spaces, pictures and what was measured so far")
    parser.add_argument("--result", type=Path, default=RESULT)
    chosen = parser.parse_args(arguments)
    torch.set_num_threads(chosen.threads)
    size, seeds = (SMOKE, chosen.seeds[:1]) if chosen.smoke else (FULL, chosen.seeds)
    began = time.perf_counter()
    numbers = run(Study(size, chosen.out, chosen.workers), seeds)
    print(table(numbers, len(seeds)))
    # Atomisation enthalpies differ from total ones by constants of the atoms, which every trend contains.
    result = {**numbers, "h298_atom_rmse_kcal": KCAL * numbers["h298_rmse_hartree"], "smoke": chosen.smoke}
    write_result(chosen.result, result, seeds=seeds, wall_seconds=time.perf_counter() - began)
