"""Which prior on the head's lengthscales serves both cards and molecules: a question that arXiv:2503.02978 leaves open.

    python -m benchmarks lengthscales --seeds 0-2

A constant-mean RBF-ARD head alone, on the spaces of `cards` and `qm9` (made where they are missing; keep to their folders):
after the VAE and after deep kernel learning. It reads angles, or the enthalpy that a trend over groups leaves. Lengthscales
are in units of the box about a prior, about 3.5 standard deviations wide; the paper's knob is the X of Uniform(0, X).
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterable, Iterator, Mapping
from itertools import chain
from pathlib import Path
from typing import NamedTuple

import torch
from botorch.utils.constraints import LogTransformedInterval
from gpytorch.priors import GammaPrior, Prior, UniformPrior
from jaxtyping import Float
from torch import Tensor

from benchmarks.campaign import seeds_of
from benchmarks.cards import command as cards
from benchmarks.cards import settings as cards_settings
from benchmarks.cards.spaces import Study as CardStudy
from benchmarks.cards.spaces import angles, latents
from benchmarks.heads import FITTED, given_all
from benchmarks.qm9 import command as qm9
from benchmarks.qm9 import settings as qm9_settings
from benchmarks.qm9.heads import trend
from benchmarks.qm9.study import Study as Qm9Study
from benchmarks.results import FOLDER, over_seeds, write_result
from latentbo.data.measurements import Measurements
from latentbo.diagnostics.calibration import calibration
from latentbo.errors import FitError
from latentbo.models.kernels import LENGTHSCALES, latent_kernel
from latentbo.models.surrogate import LatentGP, fit_surrogate, latent_box
from latentbo.rng import numpy_stream

RESULT = FOLDER / "lengthscales.json"
KNOWN = (100, 1_000)  # values that a head is fitted to
ASKED = 1_000
INSIDE = 1e-3  # below their upper bound lengthscales stay: there a uniform prior's density is 0


class Choice(NamedTuple):
    """A prior, the range that lengthscales are fitted in, and where they start."""

    prior: Prior
    bounds: tuple[float, float]
    start: float


def choices(d: int) -> dict[str, Choice]:
    """The priors that are compared, in d dimensions."""
    ours, fixed = (latent_kernel(dimensions).lengthscale_prior for dimensions in (d, 1))
    shortest = LENGTHSCALES[0]
    return {
        "lognormal_d": Choice(ours, LENGTHSCALES, float(ours.mode)),
        "lognormal_1": Choice(fixed, LENGTHSCALES, float(fixed.mode)),
        "gamma_3_6": Choice(GammaPrior(3.0, 6.0), LENGTHSCALES, 1 / 3),
        "uniform_1": Choice(UniformPrior(0.0, 1.0), (shortest, 1.0), 0.5),
        "uniform_10": Choice(UniformPrior(0.0, 10.0), (shortest, 10.0), 5.0),
    }


TITLES = {
    "lognormal_d": "log-normal, grows with √d (ours)",
    "lognormal_1": "the same for d = 1",
    "gamma_3_6": "Gamma(3, 6)",
    "uniform_1": "Uniform(0, 1)",
    "uniform_10": "Uniform(0, 10)",
}
PLACES = {
    "cards_vae": "cards, VAE",
    "cards_dkl": "cards, DKL",
    "qm9_vae": "QM9, VAE",
    "qm9_dkl": "QM9, DKL",
}


class Question(NamedTuple):
    """Latent points with their values, known ones and those asked for, and the box about their prior."""

    z: Float[Tensor, "n d"]
    y: Float[Tensor, "n 1"]
    z_asked: Float[Tensor, "m d"]
    y_asked: Float[Tensor, "m 1"]
    bounds: Float[Tensor, "2 d"]


def head(question: Question, known: int, choice: Choice) -> LatentGP:
    """Given the first `known` values, its lengthscales under another prior than `LatentGP`'s own. Raises `FitError` where
    they could not be fitted.
    """
    some = min(known, FITTED)
    gp = LatentGP(question.z[:some], question.y[:some], bounds=question.bounds)
    kernel, (low, high) = gp.covar_module, choice.bounds
    kernel.register_prior("lengthscale_prior", choice.prior, "lengthscale")
    kernel.register_constraint("raw_lengthscale", LogTransformedInterval(low, high - INSIDE))
    kernel.lengthscale = torch.full_like(kernel.lengthscale, choice.start)
    fitted = fit_surrogate(gp)
    if fitted.steps[-1] == "prior_modes":
        raise FitError(f"the head was not fitted: {fitted.steps}")
    return given_all(fitted.model, question.z[:known], question.y[:known])


@torch.no_grad()
def quality(question: Question, gp: LatentGP) -> dict[str, float]:
    """Root mean square error as a share of the values' standard deviation, and how honest the intervals are."""
    posterior = gp.posterior(question.z_asked, observation_noise=True)
    mean, sd = posterior.mean, posterior.variance.sqrt()
    spread = question.y_asked.std(correction=0)
    honest = calibration(mean / spread, sd / spread, question.y_asked / spread)
    return {
        "error": float((mean - question.y_asked).square().mean().sqrt() / spread),
        "nll": honest.nll,
        "coverage": honest.coverage,
    }


def of_cards(study: CardStudy) -> Iterator[tuple[str, Question]]:
    """The angle of each card, in the deep space before and after joint fine-tuning."""
    known, tests = study.cards, study.tests
    order = numpy_stream(study.seed, "lengthscales").permutation(len(known))[: max(KNOWN)]
    y, asked = angles(known, order).values, angles(tests).values
    vanilla = study.vanilla("deep", known, study.size.recipe)
    fine_tuned = study.fine_tuned("deep", known, vanilla, study.size.fine_tune)
    for name, model in (("cards_vae", vanilla), ("cards_dkl", fine_tuned)):
        z, z_asked = latents(model, known.images[order]), latents(model, tests.images)
        yield name, Question(z, y, z_asked[:ASKED], asked[:ASKED], latent_box(model.prior))


def of_qm9(study: Qm9Study, seed: int) -> Iterator[tuple[str, Question]]:
    """What a trend over groups leaves of each enthalpy, before and after deep kernel learning."""
    split = study.split(seed)
    left = trend(split, atoms_only=False)
    y, asked = left.rest[: max(KNOWN)], split.h_asked - left.asked
    fine_tuned, _ = study.fine_tuned(Measurements(split.known, left.rest), seed, "rest")
    for name, model in (("qm9_vae", study.model), ("qm9_dkl", fine_tuned)):
        z, z_asked = (
            model.embed(model.codec.read(rows)) for rows in (split.known[: max(KNOWN)], split.asked[:ASKED])
        )
        yield name, Question(z, y, z_asked, asked[:ASKED], latent_box(model.prior))


def of_seed(questions: Iterable[tuple[str, Question]]) -> dict[str, float]:
    """Every prior on every question."""
    found: dict[str, float] = {}
    for place, question in questions:
        for name, choice in choices(question.z.shape[1]).items():
            for known in KNOWN:
                measured = quality(question, head(question, known, choice))
                found |= {f"{place}_{name}_{known}_{what}": value for what, value in measured.items()}
    return found


def table(numbers: Mapping[str, float], seeds: int) -> str:
    """Error and coverage of every prior; Markdown."""
    columns = [f"{title}, {known:,}" for title in PLACES.values() for known in KNOWN]
    lines = [f"| prior | {' | '.join(columns)} |", f"| --- |{' --- |' * len(columns)}"]
    for name, title in TITLES.items():
        cells = []
        for stem in (f"{place}_{name}_{known}" for place in PLACES for known in KNOWN):
            spread = f" ± {numbers[f'{stem}_error_sd']:.2g}" if seeds > 1 else ""
            cells.append(f"{numbers[f'{stem}_error']:.3f}{spread} ({numbers[f'{stem}_coverage']:.0%})")
        lines.append(f"| {title} | {' | '.join(cells)} |")
    return "\n".join([*lines, "", "RMSE as a share of the values' sd, and what lies in the 95 % interval."])


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seeds", type=seeds_of, default="0-2")
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--smoke", action="store_true", help="tiny spaces, one seed, to see that it runs")
    parser.add_argument("--cards", type=Path, default=cards.OUT, help="where `cards` keeps its spaces")
    parser.add_argument("--qm9", type=Path, default=qm9.OUT, help="where `qm9` keeps its spaces")
    parser.add_argument("--result", type=Path, default=RESULT)
    chosen = parser.parse_args(arguments)
    torch.set_num_threads(chosen.threads)
    seeds = chosen.seeds[:1] if chosen.smoke else chosen.seeds
    card_size, qm9_size = (
        (cards_settings.SMOKE, qm9_settings.SMOKE)
        if chosen.smoke
        else (cards_settings.FULL, qm9_settings.FULL)
    )
    began = time.perf_counter()
    molecules = Qm9Study(qm9_size, chosen.qm9)
    per_seed = []
    for seed in seeds:
        per_seed.append(
            of_seed(chain(of_cards(CardStudy(card_size, seed, chosen.cards)), of_qm9(molecules, seed)))
        )
        print(f"seed {seed}: {time.perf_counter() - began:.0f} s", flush=True)
    numbers = over_seeds(per_seed)
    print(table(numbers, len(seeds)))
    write_result(
        chosen.result,
        {**numbers, "smoke": chosen.smoke},
        seeds=seeds,
        wall_seconds=time.perf_counter() - began,
    )
