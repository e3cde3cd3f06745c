"""What is measured of one seed's cards, and drawn."""

from __future__ import annotations

from dataclasses import replace

import torch

from benchmarks.cards import pictures
from benchmarks.cards.drawing import SUITS
from benchmarks.cards.loop import closed_loop
from benchmarks.cards.measures import across_the_gap, angle_rmse, beyond, decoded, head, ssim_by_suit
from benchmarks.cards.settings import ASKED, BEYOND
from benchmarks.cards.spaces import Study, latents
from benchmarks.pictures import save_picture
from benchmarks.saved_numbers import SavedNumbers
from latentbo.diagnostics.collapse import bimodal_collapse
from latentbo.models.dkl_vae import DKLVAE

SHOWN = 12  # cards in the picture of reconstructions


def of_seed(study: Study, saved: SavedNumbers) -> dict[str, float]:
    """All figures of one seed."""
    size, seed = study.size, study.seed
    vanilla = study.vanilla("deep", study.cards, size.recipe)
    numbers: dict[str, float] = {}
    for name in ("vanilla", "sequential", "joint"):
        recipe = None if name == "vanilla" else replace(size.fine_tune, schedule=name)  # type: ignore[arg-type]
        model = vanilla if recipe is None else study.fine_tuned("deep", study.cards, vanilla, recipe)
        numbers |= saved.get(f"{name}_{seed}", lambda name=name, model=model: _of_space(name, model, study))
    flat = study.vanilla("flat", study.cards, size.flat)
    joint = study.fine_tuned("flat", study.cards, flat, size.briefly())
    for name, model in (("flat_vanilla", flat), ("flat_joint", joint)):
        numbers |= saved.get(f"{name}_{seed}", lambda name=name, model=model: _of_space(name, model, study))
    numbers |= saved.get(f"gap_{seed}", lambda: _gap(study))
    numbers |= saved.get(f"beyond_{seed}", lambda: _beyond(study))
    numbers |= saved.get(f"loop_{seed}", lambda: closed_loop(vanilla, size, seed))
    _draw(study)
    return numbers


def _of_space(name: str, model: DKLVAE, study: Study) -> dict[str, float]:
    gp = head(model, study.cards, study.size.head_points)
    likeness = ssim_by_suit(model, study.tests)
    found = {f"{name}_ssim_{suit}": value for suit, value in likeness.items()}
    return {
        f"{name}_rmse": angle_rmse(gp, model, study.tests),
        f"{name}_ssim_min": min(likeness.values()),
        **found,
    }


def _gap(study: Study) -> dict[str, float]:
    cards, size = study.around_the_gap, study.size
    base = study.vanilla("gap", cards, size.recipe)
    model = study.fine_tuned("gap", cards, base, size.briefly())
    numbers, images = across_the_gap(model, head(model, cards, size.head_points))
    save_picture(
        pictures.pairs(
            {"decoded": images[0], "true": images[1]},
            tuple(SUITS),
            "Cards at 7 degrees, none of 0-15 trained on",
        ),
        study.folder / f"cards_gap_{study.seed}.png",
    )
    numbers["gap7_ssim_min"] = min(numbers[f"gap7_ssim_{suit}"] for suit in SUITS)
    numbers["gap7_angle_error"] = max(abs(numbers[f"gap7_angle_{suit}"] - ASKED) for suit in SUITS)
    return numbers


def _beyond(study: Study) -> dict[str, float]:
    """The angles below `BEYOND` are known, the cards all; what does the head say of those above?"""
    known, _ = study.cards.split_angles(BEYOND, 180.0)
    base = study.vanilla("deep", study.cards, study.size.recipe)
    model = study.fine_tuned("beyond", known, base, study.size.briefly(), replay=study.cards)
    return beyond(model, known, study.tests, study.size.head_points)


def of_weights(study: Study, saved: SavedNumbers) -> dict[str, float]:
    """Two latents fine-tuned with every weight of N in the sweep: both errors, and whether the space has come apart."""
    weights, seed = study.size.sweep, study.seed
    numbers: dict[str, float] = {}
    for weight in weights:
        numbers |= saved.get(f"scale_{weight:g}_{seed}", lambda weight=weight: _of_weight(weight, study))
    rmse, ssim = (
        [numbers[f"scale_{weight:g}_{what}"] for weight in weights] for what in ("rmse", "ssim_min")
    )
    save_picture(pictures.sweep(weights, rmse, ssim), study.folder / f"cards_weights_{seed}.png")
    return numbers


def _of_weight(weight: float, study: Study) -> dict[str, float]:
    """And of the largest weight the maps: before, after, and this one."""
    size, cards = study.size, study.cards
    base = study.vanilla("flat", cards, size.flat)
    model = study.fine_tuned("flat", cards, base, replace(size.briefly(), gp_loss_weight=weight))
    found, z = _of_space("sweep", model, study), latents(model, study.tests.images)
    apart = bimodal_collapse(z)
    print(f"weight {weight:g}: {apart}")
    if weight == max(size.sweep):
        ordered = study.fine_tuned("flat", cards, base, size.briefly())
        points = {
            "VAE alone": latents(base, study.tests.images).numpy(),
            f"weight {size.fine_tune.gp_loss_weight:g}": latents(ordered, study.tests.images).numpy(),
            f"weight {weight:g}{': two clusters' if apart.found else ''}": z.numpy(),
        }
        save_picture(pictures.maps(points, study.tests), study.folder / f"cards_maps_{study.seed}.png")
    kept = {name: found[f"sweep_{name}"] for name in ("rmse", "ssim_min")}
    kept |= {"separation": apart.separation, "middle": apart.middle}
    return {f"scale_{weight:g}_{name}": value for name, value in kept.items()}


def _draw(study: Study) -> None:
    """Cards with what each space makes of them."""
    size, tests = study.size, study.tests
    flat = study.vanilla("flat", study.cards, size.flat)
    deep = study.vanilla("deep", study.cards, size.recipe)
    rows = {
        "true": deep,
        f"{size.recipe.latent} latents": deep,
        "fine-tuned": study.fine_tuned("deep", study.cards, deep, size.fine_tune),
        f"{size.flat.latent} latents": flat,
    }
    some = torch.linspace(0, len(tests) - 1, min(SHOWN, len(tests))).long().numpy()
    images = tests.images[some]
    shown = {
        name: images if name == "true" else decoded(model, latents(model, images))
        for name, model in rows.items()
    }
    columns = [f"{tests.angle[row]:.0f}°" for row in some]
    save_picture(
        pictures.pairs(shown, columns, "Held-out cards and what is decoded of their latent points"),
        study.folder / f"cards_decoded_{study.seed}.png",
    )
