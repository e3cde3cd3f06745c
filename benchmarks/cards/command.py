"""Angles read off a latent space of cards, and cards decoded where none was trained on (arXiv:2503.02978).

    python -m benchmarks cards --seeds 0-2

Cards are drawn by `benchmarks.cards.drawing`; the paper's are its authors' own. A VAE knows no angle; deep kernel learning then
orders its space by the angle (`training.finetune`), and the head, a GP on the encoder's means, reads the angles of cards
that neither has seen. Fine-tuning learns from all angles (12,000), a head from 3,000. The perceptron with two latents is what
the paper's authors seem to use; ours is a convolutional network with 16. Spaces and numbers are kept in --out: a run that
was stopped goes on where it was, and a seed whose numbers are all there (`numbers.json`) needs no space.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import torch

from benchmarks.campaign import seeds_of
from benchmarks.cards.seed import of_seed, of_weights
from benchmarks.cards.settings import FULL, SMOKE, Size
from benchmarks.cards.spaces import Study
from benchmarks.results import FOLDER, over_seeds, weights_of, write_result
from benchmarks.saved_numbers import SavedNumbers

RESULT = FOLDER / "cards.json"
OUT = Path("runs/cards")
ROWS = {  # name: what it says, the paper's figure, our bar
    "vanilla_rmse": ("angle RMSE, VAE alone (degrees)", "", ""),
    "sequential_rmse": ("angle RMSE, N after the ELBO", "", ""),
    "joint_rmse": ("angle RMSE, jointly", "0.72", "<= 0.36"),
    "flat_vanilla_rmse": ("the same in 2 latents by a perceptron, VAE alone", "", ""),
    "flat_joint_rmse": ("the same in 2 latents by a perceptron, jointly", "0.72", ""),
    "vanilla_ssim_min": ("SSIM of the worst suit, VAE alone", "", ""),
    "sequential_ssim_min": ("the same, N after the ELBO", "", ""),
    "joint_ssim_min": ("the same, jointly", "> 0.6", ">= 0.9"),
    "flat_vanilla_ssim_min": ("the same in 2 latents by a perceptron, VAE alone", "", ""),
    "flat_joint_ssim_min": ("the same in 2 latents by a perceptron, jointly", "> 0.6", ""),
    "gap7_ssim_min": ("SSIM at 7 degrees, 0-15 left out, worst suit", "valid", ""),
    "gap7_angle_error": ("what the oracle reads there, largest error (degrees)", "", ""),
    "gap7_suits_right": ("suits that it reads right there", "", "1"),
    "beyond_rmse_constant": ("RMSE beyond 30 degrees, none known there, constant mean", "", ""),
    "beyond_coverage_constant": ("share of them in the 95 % interval, constant mean", "", ""),
    "beyond_rmse_linear": ("RMSE beyond 30 degrees, mean linear in z", "", ""),
    "beyond_coverage_linear": ("share in the 95 % interval, mean linear in z", "", ""),
    "loop_campaign_labels": (
        "labels until 1 degree from hearts at 40, campaign (budget + 1: not found)",
        "",
        "",
    ),
    "loop_random_labels": ("the same, draws from the prior", "", ""),
    "loop_campaign_best_degrees": ("best after all labels, campaign (degrees)", "", ""),
    "loop_random_best_degrees": ("the same, draws from the prior", "", ""),
}


def run(size: Size, seeds: Sequence[int], out: Path) -> dict[str, float]:
    """Everything, seed by seed: the mean over seeds and the sample standard deviation of each figure; the sweep over
    weights of N on the first seed alone.
    """
    out.mkdir(parents=True, exist_ok=True)
    saved = SavedNumbers(out / "numbers.json", size)
    per_seed = [
        saved.get(f"seed_{seed}", lambda seed=seed: of_seed(Study(size, seed, out), saved)) for seed in seeds
    ]
    return over_seeds(per_seed) | of_weights(Study(size, seeds[0], out), saved)


def table(numbers: Mapping[str, float], seeds: int) -> str:
    """Every figure with its spread beside the paper's and the bar, and the sweep over weights of N; Markdown."""
    lines = [f"| cards | ours, mean ± sd of {seeds} seeds | paper | bar |", "| --- | --- | --- | --- |"]
    for name, (what, paper, bar) in ROWS.items():
        spread = f" ± {numbers[f'{name}_sd']:.3g}" if seeds > 1 else ""
        lines.append(f"| {what} | {numbers[name]:.3f}{spread} | {paper} | {bar} |")
    lines += [
        "",
        "| weight of N, 2 latents, one seed | angle RMSE | SSIM, worst suit | in the middle third of the longest axis |",
        "| --- | --- | --- | --- |",
    ]
    for weight in weights_of(numbers, "rmse"):
        rmse, ssim, middle = (numbers[f"scale_{weight}_{what}"] for what in ("rmse", "ssim_min", "middle"))
        lines.append(f"| {weight} | {rmse:.3f} | {ssim:.3f} | {middle:.1%} |")
    return "\n".join(lines)


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seeds", type=seeds_of, default="0-2")
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--smoke", action="store_true", help="few small cards, one seed, to see that it runs")
    parser.add_argument("--out", type=Path, default=OUT, help="spaces, pictures and what was measured so far")
    parser.add_argument("--result", type=Path, default=RESULT)
    chosen = parser.parse_args(arguments)
    torch.set_num_threads(chosen.threads)
    size, seeds = (SMOKE, chosen.seeds[:1]) if chosen.smoke else (FULL, chosen.seeds)
    began = time.perf_counter()
    numbers = run(size, seeds, chosen.out)
    print(table(numbers, len(seeds)))
    headline = {
        "angle_rmse_degrees": numbers["joint_rmse"],
        "ssim_min_suit": numbers["joint_ssim_min"],
        "gap7_ssim_min_suit": numbers["gap7_ssim_min"],
    }
    result = {**headline, **numbers, "smoke": chosen.smoke}
    write_result(chosen.result, result, seeds=seeds, wall_seconds=time.perf_counter() - began)
