"""Every measure of a molecule model's space, as one flat table of numbers."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import torch

from latentbo.chemistry.descriptors import properties, tanimoto
from latentbo.codecs.base import Reading
from latentbo.diagnostics.evaluation import reconstruction, samples, smoothness
from latentbo.diagnostics.realistic import nearby, realistic_share, ring_systems_tv
from latentbo.errors import InputError
from latentbo.models.dkl_vae import DKLVAE
from latentbo.torch_rng import stream

COMPARED = ("qed", "logp", "weight")


@dataclass(frozen=True)
class SampleSizes:
    """How much is measured: held-out molecules at most, draws from the prior, centres of the smoothness, and centres of
    the decodes near known molecules.
    """

    held_out: int | None
    samples: int
    centres: int
    near: int = 500


FULL = SampleSizes(None, 10_000, 100)
SMOKE = SampleSizes(100, 100, 10, 20)


def measure_space(
    model: DKLVAE,
    held_out: Sequence[Reading],
    known: Collection[str],
    sizes: SampleSizes = FULL,
    *,
    seed: int = 0,
) -> dict[str, float]:
    """Every measure by name; see `diagnostics.evaluation` for what each of them means. Speeds are of one thread.

    valid_near, realistic_near    see `diagnostics.realistic.nearby`
    realistic_samples             share of valid samples that are realistic: the best of four draws each (`DKLVAE.sample`)
    realistic_draws               the same of single draws, a quarter as many
    ring_systems_tv               see `diagnostics.realistic`; of valid samples, no more than there are held-out molecules
    ring_systems_tv_held_out      the same of as many held-out molecules: what a perfect sampler would get

    `held_out` are molecules the model was not trained on, `known` canonical SMILES of those it was. Raises
    `InputError` for fewer than two that can be read.
    """
    readings = [reading for reading in held_out if reading.ok][: sizes.held_out]
    if len(readings) < 2:
        raise InputError(f"two held-out molecules at least are needed, but {len(readings)} can be read")
    objects = [reading.object for reading in readings if reading.object is not None]
    with _one_thread():
        rebuilt = reconstruction(model, readings)
        drawn = samples(
            model,
            sizes.samples,
            seed,
            known=set(known),
            properties=_compared,
            reference=_compared(objects),
        )
        single = model.sample(max(1, sizes.samples // 4), stream(seed, "draws"), of=1)
        smooth = smoothness(model, readings[: sizes.centres], tanimoto, seed)
        near = nearby(model, readings[: sizes.near], seed)
    alike = min(len(objects), len(drawn.objects))
    return {
        "exact_match": rebuilt.exact_match,
        "exact_match_beam": rebuilt.exact_match_beam,
        "exact_match_unaided": rebuilt.exact_match_unaided,
        "token_accuracy": rebuilt.token_accuracy,
        "valid": drawn.valid,
        "unique": drawn.unique,
        "new": drawn.new,
        **{f"ks_{name}": distance for name, distance in drawn.kolmogorov_smirnov.items()},
        "fixed_points": drawn.fixed_points,
        "valid_near": near.valid,
        "realistic_near": near.realistic,
        "realistic_samples": realistic_share(drawn.objects),
        "realistic_draws": realistic_share([each.object for each in single if each.object is not None]),
        "ring_systems_tv": ring_systems_tv(drawn.objects[:alike]),
        "ring_systems_tv_held_out": ring_systems_tv(objects[:alike]),
        "half_changed_tanimoto": smooth.half_changed_similarity,
        "half_changed_step": smooth.half_changed_step,
        "active_units": rebuilt.active_units,
        "posterior_sd": rebuilt.posterior_sd,
        "encodes_per_second": rebuilt.encodes_per_second,
        "decodes_per_second": rebuilt.decodes_per_second,
        "beam_decodes_per_second": rebuilt.beam_decodes_per_second,
        "objects_per_second": rebuilt.objects_per_second,
    }


def _compared(smiles: Sequence[str]) -> dict[str, np.ndarray]:
    return dict(zip(COMPARED, properties(smiles, COMPARED).T, strict=True))


@contextmanager
def _one_thread() -> Iterator[None]:
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)
