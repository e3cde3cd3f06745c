"""Which spelling of molecules makes the better space: short trainings side by side, alike in all but the spelling.

    python -m benchmarks space --codecs --seconds 300 --beta 0.05 0.1 0.2 --seeds 0-2

Each spelling has 572 tokens, the same network and recipe, and the same CPU time on one core: the seconds of twenty steps say
how many steps that is, so that the learning rate knows its end. A training is one descent of the learning rate; at its end,
where the rate is a fifth of its peak or less, every token is shown, as in the second stage of `training.pretrain`. Molecules
are not recombined, and the prior's exemplars are training molecules: figures are for comparing, and lie below those of a model
that was trained to the end.

--work keeps the corpus in each spelling and a file for each training's figures: a run that was stopped goes on where it was.
To measure in another setting, name another folder; another --beta, --seeds or --spellings only adds to it.
"""

from __future__ import annotations

import argparse
import math
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from itertools import chain, count, islice
from pathlib import Path

import torch
from torch import Tensor

from benchmarks.campaign import seeds_of
from benchmarks.results import FOLDER, over_seeds, write_result
from benchmarks.saved_numbers import SavedNumbers
from latentbo.codecs.vocabulary import PAD, SpellingName, Vocabulary
from latentbo.data.downloads import fetch
from latentbo.data.files import content_sha256
from latentbo.data.tables import read_smiles
from latentbo.diagnostics.molecule_space import SampleSizes, measure_space
from latentbo.errors import LatentboError
from latentbo.models.dkl_vae import DKLVAE
from latentbo.models.padding import pad
from latentbo.models.vae import VAE
from latentbo.torch_rng import stream
from latentbo.training.corpus import Corpus
from latentbo.training.corpus_reader import read_corpus
from latentbo.training.fit import fit, has_bf16
from latentbo.training.losses import warm_up
from latentbo.training.pretrain import HELD_OUT_EVERY, Recipe, elbo_terms, fit_prior, new_network
from latentbo.training.token_sets import Batch, TokenSet

RESULT = FOLDER / "space_codecs.json"
WORK = Path("runs/space_codecs")
TOKENS = 572  # of each vocabulary
MERGES: dict[SpellingName, int] = {"selfies": 400, "smiles": 484, "fragments": 484}
"""Enough for `TOKENS` on ZINC-250k; what is too much is left out again. Of fewer lines SELFIES knows fewer symbols, and its
vocabulary is smaller.
"""
WARM_UP = 0.1  # of the steps, for the KL term
ALL_SHOWN = 0.3  # of the steps, at the end: no token dropout
TIMED, TIMES = 20, 3  # steps that are timed together, and how often: the fastest counts
SHOWN = {  # figure: its head in the table
    "vocabulary": "tokens",
    "tokens_per_molecule": "a molecule",
    "steps": "steps",
    "exact_match": "exact, greedy",
    "exact_match_beam": "exact, beam",
    "valid_near": "valid near",
    "realistic_near": "realistic near",
    "realistic_samples": "realistic samples",
    "unique": "unique samples",
    "half_changed_tanimoto": "Tanimoto, half changed",
    "ks_qed": "KS QED",
    "ks_logp": "KS logP",
    "ks_weight": "KS weight",
}


@dataclass(frozen=True)
class Setting:
    """What the figures of a training depend on: `seconds` of CPU for it, the first `lines` of the file (None: all)."""

    recipe: Recipe
    seconds: float
    lines: int | None
    sizes: SampleSizes
    data_sha256: str = ""


FULL = Setting(Recipe(recombined=0, beta=0.1), 300.0, None, SampleSizes(1_000, 1_000, 50, 250))
SMOKE = Setting(
    replace(
        FULL.recipe,
        latent=8,
        embedding=16,
        encoder_hidden=16,
        encoder_layers=1,
        decoder_hidden=32,
        batch_size=16,
        exemplars=50,
    ),
    0.2,
    60,
    SampleSizes(2, 10, 2, 2),
)


@dataclass(frozen=True)
class Study:
    """The trainings in one spelling, the recipe's. `workers` processes read the file."""

    setting: Setting
    data: Path
    work: Path
    workers: int = 1

    @cached_property
    def corpus(self) -> Corpus:
        recipe, lines, file = self.setting.recipe, self.setting.lines, self.data
        if lines is not None:
            file = self.work / f"first_{lines}.smi"
            file.write_text("\n".join(read_smiles(self.data)[:lines]) + "\n")
        corpus = read_corpus(
            file,
            merges=recipe.merges,
            held_out_every=HELD_OUT_EVERY,
            spelling=recipe.spelling,
            folder=self.work / f"{recipe.spelling}_{'all' if lines is None else lines}",
            workers=self.workers,
        )
        return trimmed(corpus, TOKENS)

    @cached_property
    def rows(self) -> TokenSet:
        """What is trained on."""
        return self.corpus.token_sets()[0]

    @property
    def steps(self) -> int:
        """How many fit into the seconds: the same for all trainings in this spelling, and found out once."""
        saved = self._saved(f"{self.setting.recipe.spelling}_speed", self.setting)
        return round(saved.get("speed", self._speed)["steps"])

    def numbers(self, beta: float, seed: int) -> dict[str, float]:
        """The figures of one training; measured where they are not known."""
        recipe = replace(self.setting.recipe, beta=beta, seed=seed)
        saved = self._saved(name := cell(recipe.spelling, beta, seed), replace(self.setting, recipe=recipe))
        return saved.get(name, lambda: self._measured(recipe))

    def _saved(self, name: str, setting: Setting) -> SavedNumbers:
        return SavedNumbers(self.work / f"{name}.json", setting)

    def _speed(self) -> dict[str, float]:
        recipe, size = self.setting.recipe, len(self.corpus.codec.vocabulary)
        trained(self.rows, size, recipe, 3)  # the first steps make room, and are slow
        fastest = min(_seconds(self.rows, size, recipe) for _ in range(TIMES))
        return {"seconds_per_step": fastest, "steps": max(1, int(self.setting.seconds / fastest))}

    def _measured(self, recipe: Recipe) -> dict[str, float]:
        corpus, steps = self.corpus, self.steps
        size = len(corpus.codec.vocabulary)
        began = time.process_time()
        vae = trained(self.rows, size, recipe, steps)
        seconds = time.process_time() - began
        model = DKLVAE(corpus.codec, vae, fit_prior(vae, self.rows, recipe))
        known = {name for name, out in zip(corpus.objects, corpus.held_out.tolist(), strict=True) if not out}
        found = measure_space(
            model, corpus.readings(corpus.held_out), known, self.setting.sizes, seed=recipe.seed
        )
        finite = {name: value if math.isfinite(value) else math.nan for name, value in found.items()}
        return {
            **finite,
            "vocabulary": size,
            "tokens_per_molecule": float((corpus.tokens != PAD).sum(1).double().mean()),
            "steps": steps,
            "training_cpu_seconds": seconds,
        }


def trained(rows: TokenSet, vocabulary: int, recipe: Recipe, steps: int) -> VAE:
    """A new VAE after so many steps, over and over the rows as far as they go."""
    device = torch.device("cpu")
    vae = new_network(vocabulary, rows.targets.shape[1], recipe)
    shown = replace(recipe, token_dropout=0.0)

    def batches(_: int) -> Iterator[Batch]:
        passes = (rows.batches(recipe.batch_size, stream(recipe.seed, "batches", each)) for each in count())
        return islice(chain.from_iterable(passes), steps)

    def loss(batch: Batch, step: int) -> dict[str, Tensor]:
        weight = recipe.beta * warm_up(step, round(WARM_UP * steps))
        here = shown if step >= (1.0 - ALL_SHOWN) * steps else recipe
        return elbo_terms(vae, batch, weight, here, stream(recipe.seed, "noise", step))

    fit(
        vae,
        batches,
        loss,
        epochs=1,
        steps_per_epoch=steps,
        learning_rate=recipe.learning_rate,
        warmup_steps=min(200, steps // 10),
        autocast=torch.bfloat16 if recipe.bf16 and has_bf16(device) else None,
    )
    return vae


def _seconds(rows: TokenSet, vocabulary: int, recipe: Recipe) -> float:
    """CPU seconds of a step, with batches of all lengths."""
    some = torch.randperm(len(rows), generator=stream(0, "timed"))[: TIMED * recipe.batch_size]
    chosen = TokenSet(rows.tokens[some], rows.targets[some])
    began = time.process_time()
    trained(chosen, vocabulary, recipe, TIMED)
    return (time.process_time() - began) / TIMED


def trimmed(corpus: Corpus, size: int) -> Corpus:
    """The corpus in a vocabulary of at most `size` tokens: as if the last merges had not been learnt.

    A merge that was learnt later joins what is left when all earlier ones are done, so that taking it apart again gives the
    tokens that there would have been.
    """
    codec = corpus.codec
    full: Vocabulary = codec.vocabulary
    over = len(full) - size
    if over <= 0:
        return corpus
    parts = [(token,) for token in range(len(full))]
    for token, pair in enumerate(full.merges[-over:], start=size):
        parts[token] = tuple(chain.from_iterable(parts[each] for each in pair))
    rows = [
        tuple(chain.from_iterable(parts[token] for token in row if token != PAD))
        for row in corpus.tokens.tolist()
    ]
    vocabulary = Vocabulary(full.symbols, full.merges[:-over])
    return replace(
        corpus,
        codec=replace(codec, vocabulary=vocabulary, max_tokens=max(map(len, rows)) + 5),
        tokens=pad(rows).to(torch.int16),
    )


def cell(spelling: str, beta: float, seed: int | None = None) -> str:
    """The name of a training, or of the trainings of all seeds."""
    return f"{spelling}_beta{beta:g}" + ("" if seed is None else f"_seed{seed}")


def run(
    setting: Setting,
    spellings: Sequence[SpellingName],
    betas: Sequence[float],
    seeds: Sequence[int],
    data: Path,
    work: Path,
    workers: int,
) -> dict[str, dict[str, float]]:
    """Of each spelling and weight, the mean over seeds and the sample standard deviation of each figure."""
    work.mkdir(parents=True, exist_ok=True)
    setting = replace(setting, data_sha256=content_sha256(data))
    found: dict[str, dict[str, float]] = {}
    for spelling in spellings:
        recipe = replace(setting.recipe, spelling=spelling, merges=MERGES[spelling])
        study = Study(replace(setting, recipe=recipe), data, work, workers)
        for beta in betas:
            found[cell(spelling, beta)] = over_seeds([study.numbers(beta, seed) for seed in seeds])
    return found


def table(found: Mapping[str, Mapping[str, float]], seeds: int) -> str:
    """A line a spelling and weight; Markdown."""
    lines = [
        f"| mean ± sd of {seeds} seeds | " + " | ".join(SHOWN.values()) + " |",
        "| --- |" + " --- |" * len(SHOWN),
    ]
    for name, numbers in found.items():
        shown = [_shown(numbers[key], numbers[f"{key}_sd"]) for key in SHOWN]
        lines.append(f"| {name} | " + " | ".join(shown) + " |")
    return "\n".join(lines)


def _shown(mean: float, sd: float) -> str:
    if abs(mean) >= 2.0:  # a count
        return f"{mean:,.4g}"
    return f"{mean:.3f}" + (f" ± {sd:.3f}" if sd > 0.0 else "")


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks space --codecs",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--spellings", nargs="+", choices=list(MERGES), default=list(MERGES))
    parser.add_argument("--beta", nargs="+", type=float, default=None, help="weights of the KL term")
    parser.add_argument("--seeds", type=seeds_of, default="0-2")
    parser.add_argument("--seconds", type=float, default=None, help="of CPU for each training")
    parser.add_argument("--lines", type=int, default=None, help="of the file, the first ones (default: all)")
    parser.add_argument("--data", type=Path, default=None, help="the file of molecules")
    parser.add_argument("--work", type=Path, default=WORK, help="corpora, and what was measured so far")
    parser.add_argument("--workers", type=int, default=1, help="processes that read the file")
    parser.add_argument(
        "--smoke", action="store_true", help="60 lines and a fifth of a second, to see that it runs"
    )
    parser.add_argument("--out", type=Path, default=RESULT)
    chosen = parser.parse_args(arguments)
    setting = SMOKE if chosen.smoke else FULL
    setting = replace(setting, seconds=chosen.seconds or setting.seconds, lines=chosen.lines or setting.lines)
    betas, seeds = chosen.beta or [setting.recipe.beta], chosen.seeds[: 2 if chosen.smoke else None]
    torch.set_num_threads(1)
    began = time.perf_counter()
    try:
        data = chosen.data or fetch("zinc250k")
        found = run(setting, chosen.spellings, betas, seeds, data, chosen.work, chosen.workers)
    except LatentboError as error:
        parser.error(str(error))
    print(table(found, len(seeds)))
    flat = {f"{name}_{key}": value for name, numbers in found.items() for key, value in numbers.items()}
    about = {
        "seconds": setting.seconds,
        "lines": setting.lines,
        "betas": betas,
        "spellings": chosen.spellings,
        "measured_on": asdict(setting.sizes),
        "data_sha256": content_sha256(data),
        "smoke": chosen.smoke,
    }
    write_result(chosen.out, {**flat, **about}, seeds=seeds, wall_seconds=time.perf_counter() - began)


if __name__ == "__main__":
    main()
