"""A file of molecules to a saved model: how the shipped one was made.

Read the corpus, train, fit the prior, measure, save. Each stage leaves what it made in `out/pretraining`, so
that a run that was killed goes on where it was when it is started again. `card.json` is written last.
"""

from __future__ import annotations

import math
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import rdkit
import selfies
import torch

from latentbo.chemistry.descriptors import morgan_counts, scaled_descriptors
from latentbo.data.files import content_sha256
from latentbo.diagnostics.molecule_space import FULL, SampleSizes, measure_space
from latentbo.errors import InputError
from latentbo.kinds.cards import CARD, read_card
from latentbo.models.dkl_vae import DKLVAE
from latentbo.models.pretrained import load_model, save_model
from latentbo.training.corpus import Corpus
from latentbo.training.corpus_reader import read_corpus
from latentbo.training.fit import FitReport
from latentbo.training.pretrain import HELD_OUT_EVERY, Recipe, anneal, fit_prior, pretrain
from latentbo.training.recombine import recombined_tokens
from latentbo.training.runs import (
    WORK,
    Listener,
    begin_run,
    checkpoint_of,
    heard,
    run_of,
    same_run,
    training_facts,
)
from latentbo.training.self_training import train_on_samples
from latentbo.training.start_from import Start, start_of, with_sizes_of
from latentbo.training.token_sets import TokenSet
from latentbo.version import __version__

FEWEST = 20  # training molecules: the prior needs neighbours


def make_model(
    file: str | Path,
    out: str | Path,
    recipe: Recipe,
    *,
    device: torch.device | None = None,
    workers: int = 1,
    sizes: SampleSizes = FULL,
    listener: Listener = lambda stage, done, total, note: None,
) -> DKLVAE:
    """Pretrain on a file of molecules and save the model in the folder `out`; a finished one is loaded.

    With `recipe.start_from`, training goes on from the weights of a model there is.

    `workers` processes read the file. `listener(stage, done, total, note)` hears of the stages "read", "recombine",
    "main", "anneal", "prior", "self-training" and "measure". Raises `InputError` where the file gives too few molecules, or
    `out` holds what another recipe or file has made.
    """
    file, out = Path(file), Path(out)
    work = out / WORK
    start = None if recipe.start_from is None else start_of(recipe.start_from)
    recipe = recipe if start is None else with_sizes_of(start, recipe)
    run = {"recipe": asdict(recipe), "data_sha256": content_sha256(file)}
    if (out / CARD).exists():
        card = read_card(out)
        same_run(run_of(card), run, out)
        return load_model(out)
    begin_run(work, run, out)
    corpus = read_corpus(
        file,
        codec=None if start is None else start.codec,
        merges=recipe.merges,
        held_out_every=HELD_OUT_EVERY,
        spelling=recipe.spelling,
        folder=work,
        workers=workers,
        progress=lambda done, total: listener("read", done, total, ""),
    )
    train, held_out = corpus.token_sets()
    if len(train) < FEWEST or len(held_out) < 2:
        raise InputError(
            f"{file} gives {len(train)} training and {len(held_out)} held-out molecules, but at least {FEWEST} and 2 are "
            "needed: use a larger file"
        )
    new = recombined_tokens(
        corpus,
        recipe.recombined,
        recipe.seed,
        folder=work,
        workers=workers,
        progress=lambda done, total: listener("recombine", done, total, ""),
    )
    device = device or torch.device("cuda" if torch.cuda.is_available() else "cpu")
    model, reports = _trained(corpus, train, new, held_out, recipe, start, device, work, listener)
    listener("measure", 0, 1, "")
    known = {text for text, out_ in zip(corpus.objects, corpus.held_out.tolist(), strict=True) if not out_}
    metrics = measure_space(model, corpus.readings(corpus.held_out), known, sizes, seed=recipe.seed)
    listener("measure", 1, 1, "")
    save_model(model, out, facts=_facts(corpus, len(new), recipe, start, reports, metrics, sizes))
    return load_model(out)


def _trained(
    corpus: Corpus,
    train: TokenSet,
    new: TokenSet,
    held_out: TokenSet,
    recipe: Recipe,
    start: Start | None,
    device: torch.device,
    work: Path,
    listener: Listener,
) -> tuple[DKLVAE, dict[str, FitReport]]:
    """The model after the stages the recipe has, and how each of them went."""
    known, exemplars = set_apart(train, new, recipe.exemplars)
    vae, report = pretrain(
        known,
        held_out,
        len(corpus.codec.vocabulary),
        recipe,
        device=device,
        start=None if start is None else start.vae,
        checkpoint=checkpoint_of(work, "main"),
        progress=heard(listener, "main"),
    )
    reports = {"main": report}
    if recipe.anneal_epochs:
        reports["anneal"] = anneal(
            vae,
            known,
            held_out,
            recipe,
            checkpoint=checkpoint_of(work, "anneal"),
            progress=heard(listener, "anneal"),
        )
    listener("prior", 0, 1, "")
    model = DKLVAE(corpus.codec, vae, fit_prior(vae, exemplars, recipe), morgan_counts, scaled_descriptors)
    listener("prior", 1, 1, "")
    if recipe.self_training_epochs:
        vae, reports["self-training"] = train_on_samples(
            model,
            known,
            held_out,
            recipe,
            checkpoint=checkpoint_of(work, "self-training"),
            progress=heard(listener, "self-training"),
        )
        model = replace(model, vae=vae, prior=fit_prior(vae, exemplars, recipe))
    return model, reports


def set_apart(train: TokenSet, new: TokenSet, exemplars: int) -> tuple[TokenSet, TokenSet]:
    """What is trained on, and what the prior's exemplars are drawn from.

    Those are new molecules that nothing is trained on, so that a draw which decodes to its exemplar is no copy;
    or training rows, where a tenth of the new ones are too few.
    """
    apart = min(exemplars, len(new) // 10)
    if apart < FEWEST:
        return train.joined(new), train
    return train.joined(new.rows(apart, len(new))), new.rows(0, apart)


def _facts(
    corpus: Corpus,
    recombined: int,
    recipe: Recipe,
    start: Start | None,
    reports: dict[str, FitReport],
    metrics: dict[str, float],
    sizes: SampleSizes,
) -> dict[str, Any]:
    """What the card says about how the model was made; no date, so that it differs in speeds alone."""
    held_out = int(corpus.held_out.sum())
    return {
        "data": {
            "file": corpus.name,
            "sha256": corpus.sha256,
            "lines": corpus.total,
            "refused": corpus.refused,
            "training": len(corpus) - held_out,
            "recombined": recombined,
            "held_out": held_out,
            "held_out_lines": f"0-based index a multiple of {corpus.held_out_every}",
        },
        "recipe": asdict(recipe),
        **({} if start is None else {"start_from": start.facts}),
        "training": training_facts(reports),
        "metrics": {
            name: round(value, 4) if math.isfinite(value) else None for name, value in metrics.items()
        },
        "measured_on": asdict(sizes),
        "versions": {
            "latentbo": __version__,
            "torch": torch.__version__,
            "rdkit": rdkit.__version__,
            "selfies": selfies.__version__,
        },
    }
