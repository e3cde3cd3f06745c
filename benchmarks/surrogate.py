"""What each term of the surrogate is worth: predictions for candidates as a campaign makes them, kernel by kernel.

    python -m benchmarks surrogate --seeds 0-2

A genetic search from 100 random ZINC molecules plays the campaign. At each number of values the candidates are `children` of
its 30 best molecules, by graph edits and by steps in the latent space, and `strangers`: what a second search found from other
molecules, far from all that was measured. Every kernel is fitted to the same values and asked about the same candidates, whose
true values are then computed. Tasks: those that choices may rest on (`arena.tasks`).
"""

from __future__ import annotations

import argparse
import math
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from math import isfinite
from pathlib import Path
from statistics import fmean, stdev
from unittest.mock import patch

import numpy as np
import torch
from gpytorch.kernels import Kernel
from gpytorch.priors import LogNormalPrior
from scipy.stats import spearmanr

import latentbo.models.kernels as kernels_module
from benchmarks.arena.ledger import OracleLedger
from benchmarks.arena.single_run import drive
from benchmarks.arena.start import molecule_pool, zinc_start
from benchmarks.arena.tasks import TUNING, tasks_of
from benchmarks.campaign import seeds_of
from benchmarks.results import FOLDER, write_result
from latentbo.acquisition.proposers import Edits, Parents, perturb
from latentbo.baselines.genetic import GraphGA
from latentbo.campaign.evaluate import Objective, evaluate
from latentbo.chemistry.edits import GraphEdits
from latentbo.codecs.base import Reading
from latentbo.data.downloads import fetch
from latentbo.data.measurements import Measurements
from latentbo.diagnostics.calibration import calibration
from latentbo.kinds.cards import DEFAULT
from latentbo.models.dkl_vae import DKLVAE
from latentbo.models.pretrained import load_model
from latentbo.models.surrogate import SurrogateFit
from latentbo.objectives.loading import load_objective
from latentbo.rng import derive

RESULT = FOLDER / "surrogate.json"
START, ELITES, BATCH = 100, 30, 10
SHOWN = ("rank_correlation", "top10_share", "rmse", "nll", "coverage")
KINDS = ("children", "strangers")
ELSEWHERE = 1_000  # added to a seed: the second search


@dataclass(frozen=True)
class Setting:
    """How much is measured: values known when candidates are predicted, and candidates of each kind of proposal."""

    values: tuple[int, ...] = (100, 300)
    candidates: int = 150


FULL, SMOKE = Setting(), Setting((20,), 12)


SHORT = "all_short_lengthscales"


def kernels(model: DKLVAE) -> dict[str, DKLVAE]:
    """The model with a surrogate of each combination of terms."""
    latents = model.latents_only
    return {
        "latents": latents,
        "counts_and_latents": replace(latents, structure=model.structure),
        "descriptors_and_latents": replace(latents, descriptors=model.descriptors),
        "all": model,
        SHORT: model,
    }


@contextmanager
def lengthscales_of(name: str) -> Iterator[None]:
    """For `SHORT`, descriptors' lengthscales under a prior of median 3 (log-sd 1), whatever their number."""
    if name != SHORT:
        yield
        return
    with patch.object(kernels_module, "descriptor_kernel", _short):
        yield


def _short(latent: int, descriptors: int, batch_shape: torch.Size = kernels_module.NO_BATCH) -> Kernel:
    columns = range(latent, latent + descriptors)
    return kernels_module.rbf(columns, LogNormalPrior(math.log(3.0), 1.0), 3.0, batch_shape)


def searched(task: Objective, start: Sequence[str], calls: int, seed: int) -> Measurements:
    """The molecules a genetic search measures, in order, without those that have no value."""
    ledger = OracleLedger(task, calls, strict=False)
    drive(GraphGA(seed), ledger, start, BATCH)
    found = [
        (name, value) for name, value in zip(ledger.objects, ledger.trace, strict=True) if isfinite(value)
    ]
    values = torch.tensor([[value] for _, value in found], dtype=torch.float64)
    return Measurements(tuple(name for name, _ in found), values)


def readable(model: DKLVAE, data: Measurements) -> Measurements:
    """Without the molecules that the model cannot encode, which a genetic search does not mind."""
    rows = [row for row, reading in enumerate(model.codec.read(data.objects)) if reading.ok]
    return Measurements(tuple(data.objects[row] for row in rows), data.values[rows])


def children(model: DKLVAE, data: Measurements, n: int, seed: int) -> list[Reading]:
    """New molecules around the best ones: n by graph edits, n by steps in the latent space, less what comes twice."""
    best = data.values[:, 0].argsort(descending=True, stable=True)[:ELITES].tolist()
    readings = [each for each in model.codec.read([data.objects[row] for row in best]) if each.ok]
    axes = model.prior.covariance().diagonal().double().sqrt()
    objects = tuple(reading.object or "" for reading in readings)
    parents = Parents(model, objects, model.embed(readings), length=0.8, axes=axes)
    edited = Edits(GraphEdits())(parents, n, seed)
    made = [*model.codec.read(edited), *model.decode(perturb(parents, n, seed))]
    new = {each.object: each for each in made if each.object is not None and each.object not in data.objects}
    return list(new.values())


def strangers(model: DKLVAE, data: Measurements, found: Measurements, n: int) -> list[Reading]:
    """n molecules of another search, evenly through its course, that this one has not measured."""
    new = [name for name in found.objects if name not in data.objects]
    rows = np.linspace(0, len(new) - 1, min(n, len(new))).round().astype(int)
    return [each for each in model.codec.read([new[row] for row in rows]) if each.ok]


def judged(
    model: DKLVAE, fitted: SurrogateFit, candidates: Sequence[Reading], truth: np.ndarray
) -> dict[str, float]:
    """How well a surrogate orders the candidates, and how honest its intervals are.

    `top10_share` is the mean true value of the ten it likes best, on a scale from the mean of all (0) to the ten best (1).
    """
    with torch.no_grad():
        posterior = fitted.model.posterior(model.inputs(candidates), observation_noise=True)
        mean, sd = posterior.mean[:, 0], posterior.variance[:, 0].sqrt()
    honest = calibration(mean, sd, torch.from_numpy(truth))
    liked, best = truth[mean.argsort(descending=True)[:10].numpy()].mean(), np.sort(truth)[-10:].mean()
    return {
        "rank_correlation": float(spearmanr(mean.numpy(), truth).statistic),
        "rmse": float((mean - torch.from_numpy(truth)).square().mean().sqrt()),
        "top10_share": float((liked - truth.mean()) / max(best - truth.mean(), 1e-9)),
        "nll": honest.nll,
        "coverage": honest.coverage,
    }


def run(
    model: DKLVAE, tasks: Sequence[str], pool: Sequence[str], setting: Setting, seeds: Sequence[int]
) -> list[dict[str, str | int | float]]:
    """One row a task, seed, number of values and kernel."""
    rows: list[dict[str, str | int | float]] = []
    for seed in seeds:
        for task in tasks:
            objective = load_objective(task)
            start = zinc_start(pool, min(START, min(setting.values)), seed)
            whole = readable(model, searched(objective, start, max(setting.values), seed))
            other = zinc_start(pool, len(start), seed + ELSEWHERE)
            elsewhere = searched(objective, other, max(setting.values), seed + ELSEWHERE)
            for count in setting.values:
                data = Measurements(whole.objects[:count], whole.values[:count])
                made = {
                    "children": children(model, data, setting.candidates, derive(seed, task, count)),
                    "strangers": strangers(model, data, elsewhere, 2 * setting.candidates),
                }
                known = {kind: with_values(objective, candidates) for kind, candidates in made.items()}
                for name, variant in kernels(model).items():
                    with lengthscales_of(name):
                        fitted = variant.surrogate(data)
                    for kind, (candidates, truth) in known.items():
                        found = judged(variant, fitted, candidates, truth)
                        about = {"task": task, "seed": seed, "values": count, "of": kind, "kernel": name}
                        rows.append(about | found)
                        shown = "".join(f"{found[key]:>18.3f}" for key in SHOWN)
                        print(f"{task:<18}{seed:>5}{count:>7}  {kind:<10}  {name:<24}{shown}", flush=True)
    return rows


def with_values(objective: Objective, candidates: Sequence[Reading]) -> tuple[list[Reading], np.ndarray]:
    """The candidates that have a true value, and those."""
    outcomes = evaluate(objective, [each.object or "" for each in candidates])
    both = [(each, o.value) for each, o in zip(candidates, outcomes, strict=True) if o.value is not None]
    return [each for each, _ in both], np.array([value for _, value in both])


def summary(rows: Sequence[dict[str, str | int | float]]) -> dict[str, float]:
    """Mean of each measure over tasks, seeds and numbers of values, by kernel and kind of candidates, and its spread over
    the runs.
    """
    flat = {}
    for name, kind in dict.fromkeys((str(row["kernel"]), str(row["of"])) for row in rows):
        for key in SHOWN:
            values = [float(row[key]) for row in rows if (row["kernel"], row["of"]) == (name, kind)]
            flat[f"{name}_{kind}_{key}"] = fmean(values)
            flat[f"{name}_{kind}_{key}_sd"] = stdev(values) if len(values) > 1 else float("nan")
    return flat


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--model", default=DEFAULT)
    parser.add_argument("--data", type=Path, default=None)
    parser.add_argument("--tasks", type=tasks_of, default=TUNING)
    parser.add_argument("--seeds", type=seeds_of, default=(0, 1, 2))
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--smoke", action="store_true", help="20 values, 12 candidates, one task, one seed")
    parser.add_argument("--out", type=Path, default=RESULT)
    chosen = parser.parse_args(arguments)
    torch.set_num_threads(chosen.threads)
    setting = SMOKE if chosen.smoke else FULL
    tasks, seeds = (chosen.tasks[:1], chosen.seeds[:1]) if chosen.smoke else (chosen.tasks, chosen.seeds)
    began, model = time.perf_counter(), load_model(chosen.model)
    print(
        f"{'task':<18}{'seed':>5}{'values':>7}  {'of':<10}  {'kernel':<24}"
        + "".join(f"{key:>18}" for key in SHOWN)
    )
    rows = run(model, tasks, molecule_pool(chosen.data or fetch("zinc250k")), setting, seeds)
    flat = summary(rows)
    for kind in KINDS:
        for name in kernels(model):
            shown = [(flat[f"{name}_{kind}_{key}"], flat[f"{name}_{kind}_{key}_sd"]) for key in SHOWN]
            print(
                f"{kind:<10}  {name:<24}" + "".join(f"{mean:>9.3f} ± {spread:.3f}" for mean, spread in shown)
            )
    about = {"model_id": model.id, "tasks": ",".join(tasks), "smoke": chosen.smoke}
    write_result(chosen.out, {**flat, **about}, seeds=seeds, wall_seconds=time.perf_counter() - began)


if __name__ == "__main__":
    main()
