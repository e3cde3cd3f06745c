"""The main job, measured: a campaign from the shipped model, against sampling the same model at random, on the same calls.

    python -m benchmarks campaign --objective osimertinib_mpo --budget 300 --batch 10 --seeds 0-2

All sides use one model, one objective and the same number of calls to it: the default campaign, the same with or without
retraining (whichever the default is not), and random samples. The spread over the seeds is printed, never hidden.

    figure            meaning
    best, top10       best value, and the mean of the ten best
    best50_come_back  share of the 50 best that come back from encode - decode, by the model that is live at the end
    from_latent       share of the measured proposals that came from the latent space, those of the start left out
    latent_of_best5   how many of the five best did
    best50_realistic  share of the 50 best that look like molecules of ZINC-250k (`chemistry.realism`)
    cpu_seconds       processor seconds of the whole run, the objective's included
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean, stdev

import torch

from benchmarks.results import FOLDER, write_result
from latentbo.acquisition.proposers import LATENT_PROPOSERS
from latentbo.acquisition.start import propose_prior
from latentbo.campaign.campaign import Campaign
from latentbo.campaign.evaluate import Objective, evaluate
from latentbo.campaign.history import ObjectRecord
from latentbo.campaign.loop import run as run_campaign
from latentbo.campaign.settings import RETRAIN_EVERY, Settings
from latentbo.chemistry.realism import unrealistic
from latentbo.chemistry.rules import MoleculeRules
from latentbo.diagnostics.evaluation import share_that_comes_back
from latentbo.kinds.cards import DEFAULT
from latentbo.models.dkl_vae import DKLVAE
from latentbo.models.pretrained import load_model
from latentbo.objectives.loading import load_objective

RESULT = FOLDER / "campaign.json"
BEST = 50


@dataclass(frozen=True)
class Cell:
    """One run by one method; the figures are those of the table above."""

    method: str
    seed: int
    figures: Mapping[str, float]


def variants() -> dict[str, dict[str, object]]:
    """The default campaign, and the one that treats retraining the other way."""
    if Settings().retrain_every is None:
        return {"campaign": {}, "campaign_retrained": {"retrain_every": RETRAIN_EVERY}}
    return {"campaign": {}, "campaign_not_retrained": {"retrain_every": None}}


def campaign_cell(
    method: str, objective: Objective, model: str, budget: int, batch: int, seed: int, **settings: object
) -> Cell:
    """A campaign with these settings beside the defaults."""
    with tempfile.TemporaryDirectory() as folder:
        began = time.process_time()
        choices = Settings.from_dict({"seed": seed, "model": model, **settings})
        with Campaign(Path(folder) / "campaign.db", choices) as campaign:
            run_campaign(campaign, objective, budget=budget, batch=batch)
            seconds = time.process_time() - began
            rows = campaign.history.with_status("measured")
            return Cell(method, seed, {**of_rows(rows, campaign.model), "cpu_seconds": seconds})


def of_rows(rows: Sequence[ObjectRecord], model: DKLVAE) -> dict[str, float]:
    """What a campaign found, and what part the latent space had in it."""
    ranked = sorted(rows, key=lambda row: -(row.value or 0.0))
    names = [row.object for row in ranked[:BEST]]
    chosen = [row for row in rows if row.proposer not in (None, "start") and row.mean is not None]
    return {
        **of_values([row.value or 0.0 for row in ranked]),
        "best50_come_back": share_that_comes_back(model, model.codec.read(names)),
        "from_latent": fmean(row.proposer in LATENT_PROPOSERS for row in chosen) if chosen else 0.0,
        "latent_of_best5": float(
            sum(row in chosen and row.proposer in LATENT_PROPOSERS for row in ranked[:5])
        ),
        "best50_realistic": fmean(unrealistic(name) is None for name in names),
    }


def random_cell(objective: Objective, model: str, budget: int, seed: int) -> Cell:
    """Distinct prior samples of the same model that pass the same rules."""
    began = time.process_time()
    batch = propose_prior(budget, load_model(model), frozenset(), MoleculeRules(), seed)
    outcomes = evaluate(objective, [proposal.object for proposal in batch.proposals])
    values = [outcome.value for outcome in outcomes if outcome.value is not None]
    return Cell("random", seed, {**of_values(values), "cpu_seconds": time.process_time() - began})


def of_values(values: Sequence[float]) -> dict[str, float]:
    """Best value and the mean of the ten best."""
    top = sorted(values, reverse=True)[:10]
    return {"best": top[0], "top10": fmean(top)}


def summary(cells: Sequence[Cell]) -> dict[str, float]:
    """Mean, smallest and spread (sample standard deviation over seeds) of each figure of each method."""
    numbers: dict[str, float] = {}
    for method in dict.fromkeys(cell.method for cell in cells):
        mine = [cell.figures for cell in cells if cell.method == method]
        for name in mine[0]:
            values = [figures[name] for figures in mine]
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
    parser.add_argument("--smoke", action="store_true", help="30 calls, one seed")
    parser.add_argument("--out", type=Path, default=RESULT)
    chosen = parser.parse_args(arguments)
    torch.set_num_threads(chosen.threads)
    budget, seeds = (30, chosen.seeds[:1]) if chosen.smoke else (chosen.budget, chosen.seeds)
    objective = load_objective(chosen.objective)
    began, cells = time.perf_counter(), list[Cell]()
    for seed in seeds:
        for method, settings in variants().items():
            cells.append(
                campaign_cell(method, objective, chosen.model, budget, chosen.batch, seed, **settings)
            )
            print(line(cells[-1].method, f"seed {seed}", cells[-1].figures), flush=True)
        cells.append(random_cell(objective, chosen.model, budget, seed))
        print(line("random", f"seed {seed}", cells[-1].figures), flush=True)
    numbers = summary(cells)
    for method in dict.fromkeys(cell.method for cell in cells):
        means = {
            name: numbers[f"{method}_{name}_mean"]
            for name in cells[0].figures
            if f"{method}_{name}_mean" in numbers
        }
        print(line(method, f"mean of {len(seeds)}", means))
        print(line("", "sd", {name: numbers[f"{method}_{name}_sd"] for name in means}))
    headline = {"best50_come_back": numbers["campaign_best50_come_back_mean"]}
    about = {
        "objective": chosen.objective,
        "budget": budget,
        "batch": chosen.batch,
        "model": Path(chosen.model).name,
        "threads": chosen.threads,
    }
    write_result(
        chosen.out, {**headline, **numbers, **about}, seeds=seeds, wall_seconds=time.perf_counter() - began
    )


def line(method: str, what: str, figures: Mapping[str, float]) -> str:
    """A row of the printed table."""
    listed = "  ".join(f"{name} {value:.3f}" for name, value in figures.items())
    return f"{method:<22} {what:<9} {listed}"


if __name__ == "__main__":
    main()
