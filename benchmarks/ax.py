"""A campaign, our node in Ax, and Ax's default generator over the same latent box: same objective, same calls, side by side.

    python -m benchmarks ax --objective osimertinib_mpo --budget 100 --batch 5 --seeds 0-2

Ax's default is what `Client.configure_generation_strategy` gives: centre, Sobol, then its own Gaussian process. Its points are
decoded; a molecule that comes again is answered from memory and is no call, and a point that decodes to none is a failed trial.
"""

from __future__ import annotations

import argparse
import logging
import time
from functools import partial
from importlib.metadata import version
from pathlib import Path
from statistics import fmean, stdev

import torch
from ax.api.client import Client
from ax.utils.common.logger import set_ax_logger_levels

from benchmarks.campaign import Cell, campaign_cell, line, seeds_of
from benchmarks.results import FOLDER, write_result
from latentbo.campaign.evaluate import Objective, evaluate
from latentbo.campaign.settings import Settings
from latentbo.integrations.ax import experiment_of, latent_client, next_objects
from latentbo.integrations.ax.space import LatentSpace
from latentbo.kinds.cards import DEFAULT
from latentbo.objectives.loading import load_objective

RESULT = FOLDER / "ax.json"
METHODS = ("campaign", "node", "ax_default")
METRIC = "value"
MOST_TRIALS = 3  # of Ax's default, for one call: where it only finds what it has found, the run ends


def node_cell(objective: Objective, model: str, budget: int, batch: int, seed: int) -> Cell:
    """`latent_client` with the settings of the campaign."""
    began = time.process_time()
    client = latent_client(METRIC, settings=Settings(seed=seed, model=model))
    values: list[float] = []
    calls = 0
    while calls < budget:
        objects = next_objects(client, min(batch, budget - calls))
        calls += len(objects)
        for index, outcome in zip(objects, evaluate(objective, list(objects.values())), strict=True):
            values += _tell(client, index, outcome.value)
    return _cell("node", seed, values, time.process_time() - began)


def ax_default_cell(objective: Objective, model: str, budget: int, batch: int, seed: int) -> Cell:
    """Ax alone, over the box that the node has for its parameters."""
    began = time.process_time()
    space = LatentSpace.of(model)
    client = Client(random_seed=seed)
    client.configure_experiment(parameters=space.box.parameters())
    client.configure_optimization(METRIC)
    client.configure_generation_strategy(initialization_random_seed=seed)
    known: dict[str, float | None] = {}
    while len(known) < budget and len(experiment_of(client).trials) < MOST_TRIALS * budget:
        trials = client.get_next_trials(min(batch, budget - len(known)))
        points = torch.cat([space.box.latents(parameters) for parameters in trials.values()])
        objects = [reading.object for reading in space.model.decode(points)]
        fresh = [name for name in dict.fromkeys(objects) if name is not None and name not in known]
        known |= {outcome.object: outcome.value for outcome in evaluate(objective, fresh)}
        for index, name in zip(trials, objects, strict=True):
            _tell(client, index, None if name is None else known[name])
    values = [value for value in known.values() if value is not None]
    return _cell("ax_default", seed, values, time.process_time() - began)


def _tell(client: Client, index: int, value: float | None) -> list[float]:
    """The value, if there is one."""
    if value is None:
        client.mark_trial_failed(index, "no value")
        return []
    client.complete_trial(index, {METRIC: value})
    return [value]


def _cell(method: str, seed: int, values: list[float], seconds: float) -> Cell:
    top = sorted(values, reverse=True)[:10]
    return Cell(method, seed, {"best": top[0], "top10": fmean(top), "cpu_seconds": seconds})


def summary(cells: list[Cell], budget: int) -> dict[str, float]:
    """Means over the seeds, with their spread (sample standard deviation) and the worst."""
    numbers: dict[str, float] = {}
    for method in METHODS:
        mine = [cell for cell in cells if cell.method == method]
        best = [cell.figures["best"] for cell in mine]
        numbers[f"best_{method}"] = fmean(best)
        numbers[f"best_{method}_sd"] = stdev(best) if len(best) > 1 else 0.0
        numbers[f"best_{method}_min"] = min(best)
        numbers[f"top10_{method}"] = fmean(cell.figures["top10"] for cell in mine)
        numbers[f"seconds_per_trial_{method}"] = fmean(cell.figures["cpu_seconds"] for cell in mine) / budget
    return numbers


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--objective", default="osimertinib_mpo")
    parser.add_argument("--budget", type=int, default=100)
    parser.add_argument("--batch", type=int, default=5)
    parser.add_argument("--seeds", type=seeds_of, default="0-2")
    parser.add_argument("--model", default=DEFAULT)
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--smoke", action="store_true", help="25 calls, one seed")
    parser.add_argument("--out", type=Path, default=RESULT)
    chosen = parser.parse_args(arguments)
    torch.set_num_threads(chosen.threads)
    set_ax_logger_levels(logging.ERROR)
    budget, seeds = (25, chosen.seeds[:1]) if chosen.smoke else (chosen.budget, chosen.seeds)
    objective = load_objective(chosen.objective)
    began, cells = time.perf_counter(), []
    for seed in seeds:
        for cell_of in (partial(campaign_cell, "campaign"), node_cell, ax_default_cell):
            cell = cell_of(objective, chosen.model, budget, chosen.batch, seed)
            cells.append(cell)
            print(
                line(cell.method, f"seed {seed}", cell.figures),
                flush=True,
            )
    numbers = summary(cells, budget)
    for method in METHODS:
        print(
            f"{method:<10} best {numbers[f'best_{method}']:.3f} +- {numbers[f'best_{method}_sd']:.3f} over {len(seeds)} seeds, "
            f"{numbers[f'seconds_per_trial_{method}']:.2f} s a trial"
        )
    about = {
        "objective": chosen.objective,
        "budget": budget,
        "batch": chosen.batch,
        "model": Path(chosen.model).name,
        "threads": chosen.threads,
        "ax_platform": version("ax-platform"),
    }
    write_result(chosen.out, {**numbers, **about}, seeds=seeds, wall_seconds=time.perf_counter() - began)


if __name__ == "__main__":
    main()
