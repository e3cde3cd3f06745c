"""The main job, measured: a campaign from the shipped model, against sampling the same model at random, on the same calls.

    python -m benchmarks campaign --objective osimertinib_mpo --budget 300 --batch 10 --seeds 0-2

Both sides use one model, one objective and the same number of calls to it. The spread over the seeds is printed, never hidden.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean, stdev

import torch

from benchmarks.results import FOLDER, write_result
from latentbo.acquisition.start import propose_prior
from latentbo.campaign.campaign import Campaign
from latentbo.campaign.evaluate import Objective, evaluate
from latentbo.campaign.knowledge import measurements
from latentbo.campaign.loop import run as run_campaign
from latentbo.campaign.settings import RETRAIN_EVERY, Settings
from latentbo.chemistry.rules import MoleculeRules
from latentbo.kinds.cards import DEFAULT
from latentbo.models.pretrained import load_model
from latentbo.objectives.loading import load_objective

RESULT = FOLDER / "campaign.json"


@dataclass(frozen=True)
class Cell:
    """One run: the best value, the mean of the ten best, and the wall time."""

    method: str
    seed: int
    best: float
    top10: float
    seconds: float


def campaign_cell(
    objective: Objective, model: str, budget: int, batch: int, seed: int, **settings: object
) -> Cell:
    """The default campaign."""
    with tempfile.TemporaryDirectory() as folder:
        began = time.perf_counter()
        choices = Settings.from_dict({"seed": seed, "model": model, **settings})
        with Campaign(Path(folder) / "campaign.db", choices) as campaign:
            run_campaign(campaign, objective, budget=budget, batch=batch)
            values = measurements(campaign.history).values[:, 0].tolist()
        return _cell("campaign", seed, values, time.perf_counter() - began)


def random_cell(objective: Objective, model: str, budget: int, seed: int) -> Cell:
    """Distinct prior samples of the same model that pass the same rules."""
    began = time.perf_counter()
    batch = propose_prior(budget, load_model(model), frozenset(), MoleculeRules(), seed)
    outcomes = evaluate(objective, [proposal.object for proposal in batch.proposals])
    values = [outcome.value for outcome in outcomes if outcome.value is not None]
    return _cell("random", seed, values, time.perf_counter() - began)


def _cell(method: str, seed: int, values: list[float], seconds: float) -> Cell:
    top = sorted(values, reverse=True)[:10]
    return Cell(method, seed, top[0], fmean(top), seconds)


def summary(cells: list[Cell]) -> dict[str, float]:
    """Mean and spread (sample standard deviation over seeds) of each method."""
    numbers: dict[str, float] = {}
    for method in dict.fromkeys(cell.method for cell in cells):
        mine = [cell for cell in cells if cell.method == method]
        for name in ("best", "top10", "seconds"):
            values = [getattr(cell, name) for cell in mine]
            numbers[f"{method}_{name}_mean"] = fmean(values)
            numbers[f"{method}_{name}_sd"] = stdev(values) if len(values) > 1 else 0.0
            numbers[f"{method}_{name}_min"] = min(values)
    return numbers


def seeds_of(text: str) -> list[int]:
    """ "0-2" or "0,3,5"."""
    if "-" in text:
        first, last = map(int, text.split("-"))
        return list(range(first, last + 1))
    return [int(part) for part in text.split(",")]


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--objective", default="osimertinib_mpo")
    parser.add_argument("--budget", type=int, default=300)
    parser.add_argument("--batch", type=int, default=10)
    parser.add_argument("--seeds", type=seeds_of, default="0-2")
    parser.add_argument("--model", default=DEFAULT)
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--retrain", action="store_true")
    parser.add_argument("--smoke", action="store_true", help="30 calls, one seed")
    parser.add_argument("--out", type=Path, default=RESULT)
    chosen = parser.parse_args(arguments)
    torch.set_num_threads(chosen.threads)
    budget, seeds = (30, chosen.seeds[:1]) if chosen.smoke else (chosen.budget, chosen.seeds)
    settings = {"retrain_every": RETRAIN_EVERY} if chosen.retrain else {}
    objective = load_objective(chosen.objective)
    began, cells = time.perf_counter(), []
    for seed in seeds:
        cells.append(campaign_cell(objective, chosen.model, budget, chosen.batch, seed, **settings))
        cells.append(random_cell(objective, chosen.model, budget, seed))
        for cell in cells[-2:]:
            print(
                f"{cell.method:<9} seed {cell.seed}  best {cell.best:.4f}  top-10 {cell.top10:.4f}  {cell.seconds:6.1f} s",
                flush=True,
            )
    numbers = summary(cells)
    for method in ("campaign", "random"):
        print(
            f"{method:<9} best {numbers[f'{method}_best_mean']:.3f} +- {numbers[f'{method}_best_sd']:.3f} over {len(seeds)} seeds"
        )
    about = {
        "objective": chosen.objective,
        "budget": budget,
        "batch": chosen.batch,
        "model": Path(chosen.model).name,
        "threads": chosen.threads,
    }
    write_result(chosen.out, {**numbers, **about}, seeds=seeds, wall_seconds=time.perf_counter() - began)


if __name__ == "__main__":
    main()
