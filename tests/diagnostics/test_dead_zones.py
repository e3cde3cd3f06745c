"""The dead-zone measures against their definitions, and the limits against what they promise."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
import torch

from latentbo.codecs.base import Reading
from latentbo.codecs.images import ImageCodec
from latentbo.diagnostics.dead_zones import Gauge, calibrate
from latentbo.errors import InputError
from latentbo.models.dkl_vae import DKLVAE
from latentbo.models.image_vae import ImageVAE
from latentbo.models.priors import GaussianMixture, spread
from latentbo.torch_rng import stream


def test_an_object_that_comes_back_is_no_stranger(gauge: Gauge) -> None:
    """Fixed points of encode - decode are where they are encoded; none of them is dead."""
    found = gauge.decode(gauge.known)
    np.testing.assert_allclose(found.reencoding_distance, 0.0, atol=1e-6)
    assert not found.dead.any()
    assert (found.stranger > 0.3).all()


def test_the_reencoding_distance_is_that_to_where_the_decode_lies(gauge: Gauge) -> None:
    model = gauge.model
    z = model.prior.sample(15, stream(0, "z")).double()
    found = gauge.decode(z)
    s = spread(model.prior).numpy()
    known = gauge.known.numpy()
    for i, reading in enumerate(model.decode(z, width=1)):
        assert found.objects[i] == reading.object
        back = model.embed([reading])[0].numpy()
        offsets = ((back - z[i].numpy()) / s, *((a - z[i].numpy()) / s for a in known))
        own, *apart = (float(np.sqrt(np.mean(v**2))) for v in offsets)
        assert found.reencoding_distance[i] == pytest.approx(own, abs=1e-6)
        assert found.stranger[i] == pytest.approx(np.quantile(apart, 0.05), abs=1e-9)
        assert found.dead[i] == (own >= np.quantile(apart, 0.05))
    np.testing.assert_allclose(found.entropy, model.entropy(z, model.decode_tokens(z, width=1)).numpy())


def test_few_known_places_are_undecided_and_most_far_ones_are_dead(gauge: Gauge) -> None:
    """The limit of the entropy is the 95 % quantile at draws of q(z | x); other draws must agree about it."""
    model = gauge.model
    posterior = model.encode(model.decode(gauge.known, width=1))
    near = torch.cat([posterior.sample(stream(seed, "near")) for seed in range(40)])
    assert np.mean(gauge.decode(near).undecided) == pytest.approx(0.05, abs=0.05)
    far = model.prior.mean() + 4.0 * spread(model.prior) * torch.randn(200, 8, generator=stream(1, "far"))
    assert gauge.decode(far.double()).dead.mean() > 3 * gauge.decode(near).dead.mean()


def test_a_space_whose_decoder_ignores_it_is_dead(gauge: Gauge, tiny_model: DKLVAE) -> None:
    """It is decided everywhere, and what it says comes from one place."""

    class Deaf(type(tiny_model.vae)):  # type: ignore[misc]
        def decode_tokens(self, z: torch.Tensor, **options: object) -> torch.Tensor:
            return super().decode_tokens(torch.zeros_like(z), **options)

    vae = Deaf(**tiny_model.vae.arguments)
    vae.load_state_dict(tiny_model.vae.state_dict())
    deaf = replace(gauge, model=replace(tiny_model, vae=vae.eval()))
    found = deaf.decode(gauge.known)
    assert len(set(found.objects)) == 1
    assert found.dead.mean() > 0.8


def test_what_decodes_to_nothing_is_dead(gauge: Gauge) -> None:
    class Mute(type(gauge.model.codec)):  # type: ignore[misc]
        def write(self, tokens: Sequence[Sequence[int]]) -> list[Reading]:
            return [
                Reading(None, reason="empty") if i == 1 else each
                for i, each in enumerate(super().write(tokens))
            ]

    codec = Mute.from_dict(gauge.model.codec.to_dict())
    found = replace(gauge, model=replace(gauge.model, codec=codec)).decode(gauge.known[:3])
    assert [name is None for name in found.objects] == found.dead.tolist() == [False, True, False]
    assert found.reencoding_distance[1] == np.inf


@pytest.mark.parametrize("n", [0, 1, 2])
def test_any_number_of_points(gauge: Gauge, n: int) -> None:
    found = gauge.decode(gauge.known[:n])
    for column in (found.reencoding_distance, found.stranger, found.entropy, found.dead, found.undecided):
        assert column.shape == (n,)
    assert len(found.readings) == n


def test_known_objects_come_back_and_count_once(tiny_model: DKLVAE, gauge: Gauge) -> None:
    names = [*map(str, gauge.decode(gauge.known).objects), "CCO", "OCC", "CCO"]
    lost = "CC(O)c1ccncc1"
    assert tiny_model.decode(tiny_model.embed(tiny_model.codec.read([lost])), width=1)[0].object != lost
    again = calibrate(tiny_model, 0, [*names, lost])
    assert len(again.known) == len(gauge.known)
    assert len({tuple(row) for row in gauge.known.tolist()}) == len(gauge.known)
    with pytest.raises(InputError, match="of 2 objects given 1 come back from encode - decode, 10 at least"):
        calibrate(tiny_model, 0, ["CCO", "C1CC", "CCO"])


def test_the_seed_decides_what_is_drawn(tiny_model: DKLVAE) -> None:
    first, again, other = (calibrate(tiny_model, seed) for seed in (0, 0, 1))
    assert torch.equal(first.known, again.known)
    assert first.usual == again.usual
    assert first.usual != other.usual


def test_images_are_judged_in_the_same_way() -> None:
    torch.manual_seed(0)
    vae = ImageVAE(8, 8, latent=3, hidden=16, channels=2).eval()
    model = DKLVAE(
        ImageCodec(8, 8), vae, GaussianMixture(torch.ones(1), torch.zeros(1, 3), torch.eye(3)[None])
    )
    z = torch.randn(5, 3, generator=stream(0, "z")).double()
    found = Gauge(model, z, 0.5).decode(z)
    assert all(reading.ok for reading in found.readings)
    assert np.isfinite(found.reencoding_distance).all()
    assert (found.entropy > 0).all()
