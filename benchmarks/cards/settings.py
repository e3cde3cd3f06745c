"""How much is drawn, trained and measured, in full and for a look whether it runs."""

from __future__ import annotations

from dataclasses import dataclass, replace

from latentbo.training.images import ImageRecipe
from latentbo.training.recipes import FineTuneRecipe

GAP, ASKED = (0.0, 15.0), 7.0  # degrees left out of training, and the angle that is asked for there
BEYOND = 30.0  # degrees, from which on no angle is known where extrapolation is measured
TARGET = ("hearts", 40.0)  # what the closed loop looks for
FOUND = 1.0  # degrees from it that count as found


@dataclass(frozen=True)
class Size:
    """`per_suit` cards of each suit are trained on, `tests` of each are held out; the head knows the angles of
    `head_points` of them. `recipe` and `fine_tune` are of the space in several latents, `flat` is of the one in two.
    `sweep` are the weights of N (`FineTuneRecipe.gp_loss_weight`) that are compared, `budget` the labels of a closed loop,
    of which `initial` are drawn at random.
    """

    per_suit: int
    tests: int
    head_points: int
    recipe: ImageRecipe
    flat: ImageRecipe
    fine_tune: FineTuneRecipe
    sweep: tuple[float, ...]
    budget: int
    initial: int

    def briefly(self) -> FineTuneRecipe:
        """Half of the steps, for all but the main question."""
        return replace(self.fine_tune, steps=self.fine_tune.steps // 2)


FULL = Size(
    per_suit=3000,
    tests=250,
    head_points=3000,
    recipe=ImageRecipe(latent=16, epochs=24),
    flat=ImageRecipe(latent=2, epochs=24, network="mlp", hidden=512, learning_rate=1e-3),
    fine_tune=FineTuneRecipe(
        schedule="joint",
        reach="encoder",
        gp_loss_weight=100.0,
        steps=2000,
        round_steps=250,
        batch_size=128,
        gp_points=192,
        gp_noise=0.0,
        watch_share=0.0,
        learning_rate=1e-3,
        beta=1.0,
        token_dropout=0.0,
        property_weight=0.0,
        rank_weight=1e3,
    ),
    sweep=(0.1, 1.0, 10.0, 100.0, 1000.0, 10_000.0, 100_000.0),
    budget=100,
    initial=20,
)
SMOKE = replace(
    FULL,
    per_suit=30,
    tests=5,
    head_points=60,
    recipe=ImageRecipe(latent=4, epochs=2, channels=4, hidden=32),
    flat=replace(FULL.flat, epochs=2, hidden=32),
    fine_tune=replace(FULL.fine_tune, steps=4, round_steps=2, batch_size=16, gp_points=16),
    sweep=(1.0, 100.0),
    budget=14,
    initial=8,
)
