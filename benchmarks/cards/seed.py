"""What is measured of one seed's cards, and drawn."""

from __future__ import annotations

from dataclasses import replace

import torch

from benchmarks.cards import pictures
from benchmarks.cards.loop import closed_loop
from benchmarks.cards.measures import across_the_gap, angle_rmse, beyond, decoded, head, ssim_by_suit
from benchmarks.cards.settings import ASKED, BEYOND
from benchmarks.cards.spaces import Study, latents
from benchmarks.cells import Cells
from benchmarks.pictures import save_picture
from latentbo.data.cards import SUITS
from latentbo.models.diagnosis import poles
from latentbo.models.dkl_vae import DKLVAE

SHOWN = 12  # cards in the picture of reconstructions


def of_seed(study: Study, cells: Cells) -> dict[str, float]:
    """All figures of one seed."""
    scale, seed = study.scale, study.seed
    vanilla = study.vanilla("deep", study.cards, scale.recipe)
    numbers: dict[str, float] = {}
    for name in ("vanilla", "sequential", "joint"):
        recipe = None if name == "vanilla" else replace(scale.refine, schedule=name)  # type: ignore[arg-type]
        model = vanilla if recipe is None else study.refined("deep", study.cards, vanilla, recipe)
        numbers |= cells.get(f"{name}_{seed}", lambda name=name, model=model: _of_space(name, model, study))
    flat = study.vanilla("flat", study.cards, scale.flat)
    joint = study.refined("flat", study.cards, flat, scale.briefly())
    for name, model in (("flat_vanilla", flat), ("flat_joint", joint)):
        numbers |= cells.get(f"{name}_{seed}", lambda name=name, model=model: _of_space(name, model, study))
    numbers |= cells.get(f"gap_{seed}", lambda: _gap(study))
    numbers |= cells.get(f"beyond_{seed}", lambda: _beyond(study))
    numbers |= cells.get(f"loop_{seed}", lambda: closed_loop(vanilla, scale, seed))
    _draw(study)
    return numbers


def _of_space(name: str, model: DKLVAE, study: Study) -> dict[str, float]:
    gp = head(model, study.cards, study.scale.head_points)
    likeness = ssim_by_suit(model, study.tests)
    found = {f"{name}_ssim_{suit}": value for suit, value in likeness.items()}
    return {
        f"{name}_rmse": angle_rmse(gp, model, study.tests),
        f"{name}_ssim_min": min(likeness.values()),
        **found,
    }


def _gap(study: Study) -> dict[str, float]:
    cards, scale = study.around_the_gap, study.scale
    base = study.vanilla("gap", cards, scale.recipe)
    model = study.refined("gap", cards, base, scale.briefly())
    numbers, images = across_the_gap(model, head(model, cards, scale.head_points))
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
    base = study.vanilla("deep", study.cards, study.scale.recipe)
    model = study.refined("beyond", known, base, study.scale.briefly(), replay=study.cards)
    return beyond(model, known, study.tests, study.scale.head_points)


def of_scales(study: Study, cells: Cells) -> dict[str, float]:
    """Two latents refined at every scale of the sweep: both errors, and whether the space has come apart."""
    scale, seed = study.scale, study.seed
    numbers: dict[str, float] = {}
    for factor in scale.sweep:
        numbers |= cells.get(f"scale_{factor:g}_{seed}", lambda factor=factor: _at_scale(factor, study))
    save_picture(
        pictures.sweep(
            scale.sweep,
            [numbers[f"scale_{factor:g}_rmse"] for factor in scale.sweep],
            [numbers[f"scale_{factor:g}_ssim_min"] for factor in scale.sweep],
        ),
        study.folder / f"cards_scales_{seed}.png",
    )
    return numbers


def _at_scale(factor: float, study: Study) -> dict[str, float]:
    """And at the largest scale the maps: before, after, and this one."""
    scale, cards = study.scale, study.cards
    base = study.vanilla("flat", cards, scale.flat)
    model = study.refined("flat", cards, base, replace(scale.briefly(), scale=factor))
    found, z = _of_space("sweep", model, study), latents(model, study.tests.images)
    apart = poles(z)
    print(f"scale {factor:g}: {apart}")
    if factor == max(scale.sweep):
        ordered = study.refined("flat", cards, base, scale.briefly())
        points = {
            "VAE alone": latents(base, study.tests.images).numpy(),
            f"scale {scale.refine.scale:g}": latents(ordered, study.tests.images).numpy(),
            f"scale {factor:g}{': two poles' if apart.found else ''}": z.numpy(),
        }
        save_picture(pictures.maps(points, study.tests), study.folder / f"cards_maps_{study.seed}.png")
    kept = {name: found[f"sweep_{name}"] for name in ("rmse", "ssim_min")}
    kept |= {"separation": apart.separation, "middle": apart.middle}
    return {f"scale_{factor:g}_{name}": value for name, value in kept.items()}


def _draw(study: Study) -> None:
    """Cards with what each space makes of them."""
    scale, tests = study.scale, study.tests
    flat = study.vanilla("flat", study.cards, scale.flat)
    deep = study.vanilla("deep", study.cards, scale.recipe)
    rows = {
        "true": deep,
        f"{scale.recipe.latent} latents": deep,
        "refined": study.refined("deep", study.cards, deep, scale.refine),
        f"{scale.flat.latent} latents": flat,
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
