from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pytest
import torch
from scipy.stats import ks_2samp
from torch import Tensor

from latentbo.codecs.base import Reading
from latentbo.codecs.vocabulary import Vocabulary
from latentbo.diagnostics import evaluation
from latentbo.diagnostics.evaluation import ks_distance, reconstruction, samples, smoothness
from latentbo.models.beam import WIDTH
from latentbo.models.dkl_vae import DKLVAE
from latentbo.models.hypotheses import TokenRow
from latentbo.models.priors import GaussianMixture
from latentbo.models.vae import SequenceVAE
from latentbo.torch_rng import stream

UNREAD = ["CCCCO", "CCCN", "Brc1ccccc1", "CC(C)(C)O", "Nc1ccncc1", "CCCC(=O)O"]


def teacher_forced(model: DKLVAE, z: Tensor, tokens: Sequence[int]) -> list[bool]:
    """Whether each token and the END are the likeliest one after the true ones before, one row by itself."""
    with torch.no_grad():
        logits = model.vae.decoder(z[None].float(), torch.tensor([list(tokens)]))[0]
    return [int(row.argmax()) == token for row, token in zip(logits, [*tokens, 2], strict=True)]


def test_reconstruction_agrees_with_one_molecule_at_a_time(tiny_model: DKLVAE) -> None:
    # The tiny model has learnt some of these, so that both shares lie inside (0, 1).
    readings = [
        reading for reading in tiny_model.codec.read([*UNREAD, "CCO", "c1ccccc1", "CC(C)O"]) if reading.ok
    ]
    found = reconstruction(tiny_model, readings)
    zs = torch.cat([tiny_model.embed([reading]) for reading in readings])
    for width, share in ((1, found.exact_match), (WIDTH, found.exact_match_beam)):
        back = [tiny_model.decode(z[None], width=width)[0].object for z in zs]
        assert share == sum(a.object == b for a, b in zip(readings, back, strict=True)) / len(readings)
    assert 0.0 < found.exact_match < 1.0
    hits = [
        hit
        for z, reading in zip(zs, readings, strict=True)
        for hit in teacher_forced(tiny_model, z, reading.tokens)
    ]
    assert found.token_accuracy == pytest.approx(sum(hits) / len(hits))
    assert found.token_accuracy > found.exact_match
    assert found.active_units == sum(float(column.var()) > 0.01 for column in zs.T)
    assert min(found.encodes_per_second, found.decodes_per_second, found.objects_per_second) > 0.0
    assert found.objects_per_second < found.beam_decodes_per_second


@dataclass(frozen=True, eq=False)
class OneDead(DKLVAE):
    """A model whose fourth unit hardly moves."""

    def embed(self, readings: Sequence[Reading]) -> Tensor:
        z = super().embed(readings)
        z[:, 3] *= 0.05
        return z


def test_a_dead_unit_is_not_active(tiny_model: DKLVAE) -> None:
    readings = tiny_model.codec.read(["CCO", "c1ccccc1", "CC(C)O", "CCN"])
    dead = OneDead(tiny_model.codec, tiny_model.vae, tiny_model.prior)
    assert (
        reconstruction(dead, readings).active_units == reconstruction(tiny_model, readings).active_units - 1
    )


def test_samples_agree_with_their_definitions(tiny_model: DKLVAE) -> None:
    def lengths(objects: Sequence[str]) -> dict[str, np.ndarray]:
        return {"length": np.array([len(text) for text in objects])}

    drawn = [reading for reading in tiny_model.sample(200, stream(3, "samples")) if reading.ok]
    objects = [reading.object or "" for reading in drawn]
    known = set(objects[:20])
    reference = {"length": np.array([3, 5, 8, 13])}
    found = samples(tiny_model, 200, 3, known=known, properties=lengths, reference=reference)
    assert found.valid == len(drawn) / 200
    assert found.unique == len(set(objects)) / len(drawn)
    assert found.new == sum(text not in known for text in objects) / len(drawn)
    back = [tiny_model.decode(tiny_model.embed([reading]))[0].object for reading in drawn]
    assert found.fixed_points == sum(a == b for a, b in zip(objects, back, strict=True)) / len(drawn)
    assert found.kolmogorov_smirnov == {
        "length": ks_distance(lengths(objects)["length"], reference["length"])
    }
    assert 0.0 < found.unique < 1.0
    assert 0.0 < found.fixed_points < 1.0


@pytest.mark.parametrize("sizes", [(1, 1), (7, 30), (200, 50)])
def test_ks_distance_agrees_with_scipy(sizes: tuple[int, int]) -> None:
    rng = np.random.default_rng(0)
    a, b = rng.normal(size=sizes[0]).round(1), rng.normal(0.3, size=sizes[1]).round(1)
    assert ks_distance(a, b) == pytest.approx(ks_2samp(a, b).statistic)
    assert ks_distance(a, a) == 0.0


class Spelling:
    """A codec in which tokens 4k to 4k + 3 all spell the object k, and token 3 spells nothing."""

    robust = True  # what it wrote stays

    kind = "molecules"

    vocabulary = Vocabulary(("x",))
    max_tokens = 1

    def __init__(self) -> None:
        self.written = 0

    def canonical(self, raw: Sequence[object]) -> list[str | None]:
        raise NotImplementedError

    def read(self, raw: Sequence[object]) -> list[Reading]:
        raise NotImplementedError

    def write(self, tokens: Sequence[Sequence[int]]) -> list[Reading]:
        self.written += len(tokens)
        return [
            Reading(None, reason="empty") if row[0] == 3 else Reading(str(row[0] // 4), tuple(row))
            for row in tokens
        ]

    def to_dict(self) -> dict[str, Any]:
        raise NotImplementedError


@dataclass(frozen=True, eq=False)
class Ruler(DKLVAE):
    """A model of two latent units with centres on their diagonal; another token for every `cell` of the first."""

    cell: float = 1.0

    def embed(self, readings: Sequence[Reading]) -> Tensor:
        return torch.linspace(-1.0, 1.0, len(readings), dtype=torch.float64)[:, None].repeat(1, 2)

    def raw_tokens(self, z: Tensor, **_: Any) -> list[TokenRow]:
        tokens = (200 + (z[:, :1].float() / self.cell).floor().long()).clamp(min=3)
        return [tuple(row) for row in tokens.tolist()]


def ruler(cell: float) -> Ruler:
    vae = SequenceVAE(4, latent=2, embedding=2, encoder_hidden=2, decoder_hidden=2)
    prior = GaussianMixture(torch.ones(1), torch.zeros(1, 2), torch.eye(2)[None])
    return Ruler(Spelling(), vae, prior, cell=cell)


def test_a_model_without_valid_samples_has_no_share_of_anything() -> None:
    values = {"length": np.zeros(0)}
    far = GaussianMixture(torch.ones(1), torch.full((1, 2), -9.0), torch.eye(2)[None])
    mute, reference = replace(ruler(0.01), prior=far), {"length": np.ones(3)}
    found = samples(mute, 5, 1, known=set(), properties=lambda _: values, reference=reference)
    assert (found.valid, found.unique, found.fixed_points) == (0.0, 0.0, 0.0)
    assert found.kolmogorov_smirnov == {"length": 1.0}


def nearness(home: str, others: Sequence[str]) -> list[float]:
    return [1.0 / (1.0 + abs(int(home) - int(other))) for other in others]


@pytest.mark.parametrize("written", [1, 3, 1000])
def test_smoothness_agrees_with_comparing_every_object(monkeypatch: pytest.MonkeyPatch, written: int) -> None:
    monkeypatch.setattr(evaluation, "WRITTEN", written)
    model, centres = ruler(0.03), [Reading("x")] * 9
    found = smoothness(model, centres, nearness, 5, directions=8)
    z = model.embed(centres)
    rays = torch.randn(9, 8, 2, generator=stream(5, "directions"), dtype=torch.float64)
    rays = rays / rays.norm(dim=-1, keepdim=True)

    def objects(points: Tensor) -> list[str | None]:
        return [reading.object for reading in Spelling().write(model.decode_tokens(points))]

    homes = [home for home in objects(z) for _ in range(8)]

    def differing(step: float) -> list[tuple[str | None, str | None]]:
        around = objects((z[:, None] + step * rays).flatten(0, 1))
        return [(a, b) for a, b in zip(homes, around, strict=True) if a != b]

    low, high = 0.0, 4.0 * float(z.std()) * 2**0.5
    for _ in range(12):
        middle = (low + high) / 2
        low, high = (low, middle) if len(differing(middle)) >= 36 else (middle, high)
    expected = [nearness(home or "", [other])[0] for home, other in differing(high) if home and other]
    assert found.half_changed_step == pytest.approx(high)
    assert found.half_changed_similarity == pytest.approx(np.mean(expected))
    assert 0.02 < high < 1.0


def test_smoothness_writes_each_spelling_once() -> None:
    model = ruler(0.01)
    smoothness(model, [Reading("x")] * 50, nearness, 0)
    assert model.codec.written < 1_500  # of 13 x 1,000 points; there are about 1,100 different tokens


def test_a_coarser_space_is_smoother() -> None:
    fine, coarse = (smoothness(ruler(cell), [Reading("x")] * 20, nearness, 0) for cell in (0.01, 0.05))
    assert coarse.half_changed_step == pytest.approx(5 * fine.half_changed_step, rel=0.3)


def test_a_space_where_nothing_changes_has_no_half() -> None:
    found = smoothness(ruler(1e6), [Reading("x")] * 4, nearness, 0)
    assert found.half_changed_step == math.inf
    assert math.isnan(found.half_changed_similarity)
