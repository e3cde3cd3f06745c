"""Objects from a model's prior, and the figures by which one looks at a model quickly."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from latentbo.diagnostics.evaluation import reconstruction
from latentbo.errors import InputError, ShortfallError
from latentbo.models.dkl_vae import DKLVAE
from latentbo.torch_rng import stream

MOST_DRAWS = 10  # for each object that is wanted


def sample_objects(model: DKLVAE, n: int, seed: int) -> list[str]:
    """n canonical objects drawn from the prior; the same one may come twice.

    Draws that decode to nothing are replaced by others: `ShortfallError` where nine of ten do.
    """
    generator = stream(seed, "sample")
    found: list[str] = []
    drawn = 0
    while len(found) < n and drawn < MOST_DRAWS * n:
        found += [reading.object for reading in model.sample(n, generator) if reading.object is not None]
        drawn += n
    if len(found) < n:
        raise ShortfallError(
            f"{drawn} draws gave {len(found)} objects, {n} were asked for: train the model longer"
        )
    return found[:n]


def assess_reconstruction(model: DKLVAE, objects: Sequence[str], *, draws: int, seed: int) -> dict[str, Any]:
    """How a model rebuilds objects, and what its prior draws are worth, as JSON-able numbers.

    exact_match, _beam, _unaided         greedy first, as `decode` does, greedy alone: `diagnostics.evaluation.reconstruction`
    token_accuracy, active_units         see there
    validity                             share of `draws` prior draws that decode to an object
    uniqueness                           share of those that are different
    molecules_per_second                 latent points to canonical objects
    molecules, refused                   how many could be read, and how many could not

    Raises `InputError` for fewer than two objects that can be read.
    """
    readings = model.codec.read(objects)
    usable = [reading for reading in readings if reading.ok]
    if len(usable) < 2:
        raise InputError(f"two readable molecules at least are needed, but there are {len(usable)}")
    rebuilt = reconstruction(model, usable)
    drawn = [reading.object for reading in model.sample(draws, stream(seed, "sample")) if reading.ok]
    return {
        "exact_match": rebuilt.exact_match,
        "exact_match_beam": rebuilt.exact_match_beam,
        "exact_match_unaided": rebuilt.exact_match_unaided,
        "token_accuracy": rebuilt.token_accuracy,
        "validity": len(drawn) / draws,
        "uniqueness": len(set(drawn)) / max(1, len(drawn)),
        "active_units": rebuilt.active_units,
        "molecules_per_second": rebuilt.objects_per_second,
        "molecules": len(usable),
        "refused": len(readings) - len(usable),
    }
