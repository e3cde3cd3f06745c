"""Several properties read off one latent space, and the reconstruction measures of Lalchand's talk (2025).

    python -m benchmarks properties --seeds 0-2

The shipped model's latents of ZINC-250k; heads for logP, QED and SA score, exact on few rows and sparse on many, with
inducing points that the properties share. A seed decides the rows. "Padded" is the talk's measure of reconstruction: the
share of right positions where padding counts as right, of greedy decodes; printed there: 0.994.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from matplotlib.figure import Figure
from torch import Tensor

from benchmarks.campaign import seeds_of
from benchmarks.pictures import save_picture
from benchmarks.qm9.rebuilt import rebuilt
from benchmarks.results import FOLDER, over_seeds, write_result
from latentbo.chemistry.descriptors import properties
from latentbo.data.downloads import fetch
from latentbo.data.tables import read_smiles
from latentbo.diagnostics.calibration import calibration
from latentbo.kinds.cards import DEFAULT, locate, read_card
from latentbo.models.dkl_vae import DKLVAE
from latentbo.models.pretrained import load_model
from latentbo.models.sparse import fit_sparse, relevance
from latentbo.models.surrogate import LatentGP, fit_surrogate, latent_box
from latentbo.report.style import MUTED, canvas, styled
from latentbo.rng import numpy_stream
from latentbo.training.pretrain import HELD_OUT_EVERY

RESULT, OUT = FOLDER / "properties.json", Path("runs/properties")
NAMES = ("logp", "qed", "sa_score")
SHOWN = 16  # axes in the picture
SIZE = 20  # of text, so that it can be read when a page shows the picture at half its size


@dataclass(frozen=True)
class Size:
    """Rows of the exact heads, of the sparse ones, asked for, and molecules rebuilt."""

    exact: int
    sparse: int
    asked: int
    rebuilt: int
    inducing: int
    steps: int


FULL = Size(exact=2_000, sparse=20_000, asked=2_000, rebuilt=4_000, inducing=350, steps=1_200)
SMOKE = Size(exact=60, sparse=120, asked=40, rebuilt=20, inducing=20, steps=20)


def heads(model: DKLVAE, raw: Sequence[str], size: Size, seed: int) -> tuple[dict[str, float], Tensor]:
    """Error and coverage of both kinds of heads on the same molecules asked for; and which axes each property needs."""
    order = numpy_stream(seed, "rows").permutation(len(raw))[: size.sparse + size.asked]
    readings = [each for each in model.codec.read([raw[i] for i in order]) if each.ok]
    z = model.embed(readings)
    y = torch.from_numpy(properties([each.object or "" for each in readings], NAMES)).double()
    (z, asked), (y, true) = (part.split([len(part) - size.asked, size.asked]) for part in (z, y))
    bounds = latent_box(model.prior)
    began = time.perf_counter()
    sparse = fit_sparse(z, y, bounds=bounds, inducing=size.inducing, steps=size.steps, seed=seed)
    numbers = {"sparse_seconds": time.perf_counter() - began}
    with torch.no_grad():
        posterior = sparse.posterior(asked, observation_noise=True)
        numbers |= _quality("sparse", posterior.mean, posterior.variance.sqrt(), true)
        began, found = time.perf_counter(), []
        for column in range(len(NAMES)):
            gp = LatentGP(z[: size.exact], y[: size.exact, [column]], bounds=bounds)
            with torch.enable_grad():
                fitted = fit_surrogate(gp).model
            found.append(fitted.posterior(asked, observation_noise=True))
        mean, sd = (
            torch.cat(parts, 1) for parts in zip(*((p.mean, p.variance.sqrt()) for p in found), strict=True)
        )
    numbers |= {"exact_seconds": time.perf_counter() - began, **_quality("exact", mean, sd, true)}
    return numbers, relevance(sparse.lengthscales())


def _quality(kind: str, mean: Tensor, sd: Tensor, true: Tensor) -> dict[str, float]:
    found: dict[str, float] = {}
    for column, name in enumerate(NAMES):
        error = (mean - true)[:, column]
        found[f"{kind}_{name}_rmse"] = float(error.square().mean().sqrt())
        found[f"{kind}_{name}_r2"] = float(1.0 - error.square().mean() / true[:, column].var(correction=0))
        found[f"{kind}_{name}_coverage"] = calibration(
            mean[:, column], sd[:, column], true[:, column]
        ).coverage
    return found


@styled
def axes_picture(shares: Tensor) -> Figure:
    """The share of each latent axis in each property's distances: of the axes that matter most to any of them."""
    figure = canvas(1000, 420)
    axes = figure.subplots()
    order = shares.max(0).values.argsort(descending=True)[:SHOWN]
    shown = axes.imshow(shares[:, order].numpy(), aspect="auto", cmap="viridis", vmin=0.0)
    axes.set_yticks(range(len(NAMES)), ["logP", "QED", "SA score"], size=SIZE - 2)
    axes.set_xticks(range(len(order)), [f"z{axis}" for axis in order.tolist()])
    axes.set_xlabel("latent axis", size=SIZE)
    axes.tick_params(axis="x", labelsize=SIZE - 4, labelcolor=MUTED)
    axes.grid(visible=False)
    bar = figure.colorbar(shown, ax=axes)
    bar.set_label("share of 1 / l²", size=SIZE)
    bar.ax.tick_params(labelsize=SIZE - 4)
    return figure


def run(
    model: DKLVAE, metrics: Mapping[str, float], size: Size, seeds: Sequence[int], out: Path
) -> dict[str, float]:
    """Heads seed by seed, with mean and sample standard deviation; reconstruction of held-out molecules once; of the
    `metrics` in the model's card what they say of its samples.
    """
    raw = read_smiles(fetch("zinc250k"))
    held_out = [each for each in model.codec.read(raw[::HELD_OUT_EVERY][: size.rebuilt]) if each.ok]
    numbers: dict[str, float] = dict(rebuilt(model, held_out))
    numbers |= {name: value for name, value in metrics.items() if name in ("valid", "unique", "new")}
    per_seed = []
    for seed in seeds:
        found, shares = heads(model, raw, size, seed)
        per_seed.append(found)
        save_picture(axes_picture(shares), out / f"properties_axes_{seed}.png")
        top = {name: shares[row].topk(3).indices.tolist() for row, name in enumerate(NAMES)}
        print(f"seed {seed}: axes that matter most {top}", flush=True)
    return numbers | over_seeds(per_seed)


def table(numbers: dict[str, float], size: Size) -> str:
    """Markdown."""
    lines = [
        f"| property | exact, {size.exact:,} rows: RMSE | R² | inside 95 % | "
        f"sparse, {size.sparse:,} rows: RMSE | R² | inside 95 % |",
        "| --- | --- | --- | --- | --- | --- | --- |",
    ]
    for name in NAMES:
        cells = [
            f"{numbers[f'{kind}_{name}_{what}']:.3f} ± {numbers[f'{kind}_{name}_{what}_sd']:.2g}"
            for kind in ("exact", "sparse")
            for what in ("rmse", "r2", "coverage")
        ]
        lines.append(f"| {name} | {' | '.join(cells)} |")
    what = ("token_accuracy_padded", "token_accuracy", "exact_match", "valid", "unique", "new")
    return "\n".join(
        [
            *lines,
            "",
            "held-out ZINC-250k, and samples: "
            + ", ".join(f"{name} {numbers[name]:.3f}" for name in what if name in numbers),
        ]
    )


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--model", default=DEFAULT)
    parser.add_argument("--seeds", type=seeds_of, default="0-2")
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--smoke", action="store_true", help="few rows, one seed, to see that it runs")
    parser.add_argument("--out", type=Path, default=OUT, help="pictures")
    parser.add_argument("--result", type=Path, default=RESULT)
    chosen = parser.parse_args(arguments)
    torch.set_num_threads(chosen.threads)
    size, seeds = (SMOKE, chosen.seeds[:1]) if chosen.smoke else (FULL, chosen.seeds)
    began = time.perf_counter()
    metrics = read_card(locate(chosen.model)).get("metrics", {})
    numbers = run(load_model(chosen.model), metrics, size, seeds, chosen.out)
    print(table(numbers, size))
    about = {"model": Path(chosen.model).name, "smoke": chosen.smoke}
    write_result(chosen.result, {**numbers, **about}, seeds=seeds, wall_seconds=time.perf_counter() - began)
