"""How much is trained and measured, in full and for a look whether it runs."""

from __future__ import annotations

from dataclasses import dataclass, replace

from latentbo.training.pretrain import Recipe
from latentbo.training.recipes import FineTuneRecipe

KCAL = 627.5094740631  # kcal/mol a Hartree
POSITIONS = 21  # of the paper's one-hot code: token accuracy with padding counts so many for each molecule


@dataclass(frozen=True)
class Size:
    """`lines` of the SMILES file are trained on (None: all), of which every 50th is held out; the heads know the
    enthalpies of `rows` molecules and are asked for `tests` others. `fine_tune` orders the space by what the trend leaves;
    `sweep` are other weights of N for it.
    """

    lines: int | None
    recipe: Recipe
    fine_tune: FineTuneRecipe
    sweep: tuple[float, ...]
    rows: int
    tests: int
    draws: int
    centres: int


FULL = Size(
    lines=None,
    recipe=Recipe(
        latent=48,
        embedding=96,
        encoder_hidden=128,
        encoder_layers=1,
        decoder_hidden=256,
        merges=0,
        recombined=0,
        epochs=12,
        batch_size=128,
        anneal_epochs=1,
        beta=0.02,
        exemplars=10_000,
    ),
    fine_tune=FineTuneRecipe(
        schedule="joint",
        reach="encoder",
        gp_loss_weight=10.0,
        steps=1000,
        round_steps=100,
        batch_size=128,
        gp_points=192,
        gp_noise=0.3,
        watch_share=0.1,
        learning_rate=5e-4,
        beta=0.02,
        token_dropout=0.0,
        replay_share=0.5,
        rank_weight=1e3,
    ),
    sweep=(1.0, 100.0),
    rows=10_000,
    tests=3000,
    draws=10_000,
    centres=100,
)
SMOKE = replace(
    FULL,
    lines=600,
    recipe=replace(
        FULL.recipe, latent=8, embedding=16, encoder_hidden=32, encoder_layers=1, decoder_hidden=64, epochs=3,
        anneal_epochs=1, exemplars=100,
    ),
    fine_tune=replace(FULL.fine_tune, steps=4, round_steps=2, batch_size=16, gp_points=16),
    sweep=(100.0,),
    rows=120,
    tests=40,
    draws=40,
    centres=5,
)  # fmt: skip
