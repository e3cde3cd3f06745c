"""Objects to points and back, at any number of rows, and a surrogate of what their points are now."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
import torch

from latentbo.chemistry.descriptors import morgan_counts, scaled_descriptors
from latentbo.codecs.base import Reading
from latentbo.codecs.molecules import EMPTY, REASONS, MoleculeCodec
from latentbo.data.measurements import Measurements
from latentbo.errors import InputError
from latentbo.models import dkl_vae
from latentbo.models.dkl_vae import DKLVAE
from latentbo.models.priors import GaussianMixture
from latentbo.models.surrogate import latent_box
from tests.conftest import MOLECULES


@pytest.fixture(scope="module")
def readings(tiny_model: DKLVAE) -> list[Reading]:
    return tiny_model.codec.read(MOLECULES)


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def test_most_molecules_come_back(tiny_model: DKLVAE, readings: list[Reading]) -> None:
    back = tiny_model.decode(tiny_model.embed(readings))
    assert sum(a == b for a, b in zip(readings, back, strict=True)) > 24


def test_embeddings_are_the_encoder_s_means(tiny_model: DKLVAE, readings: list[Reading]) -> None:
    z = tiny_model.embed(readings)
    assert z.shape == (len(MOLECULES), tiny_model.latent)
    assert z.dtype == torch.float64
    assert not z.requires_grad
    for reading, point in zip(readings, z, strict=True):
        alone = tiny_model.vae.encode(torch.tensor([reading.tokens])).mean[0]
        torch.testing.assert_close(point, alone.detach().double(), atol=1e-5, rtol=1e-5)


def test_rows_keep_their_order_over_several_batches(
    tiny_model: DKLVAE, readings: list[Reading], monkeypatch: pytest.MonkeyPatch
) -> None:
    z, back = tiny_model.embed(readings), tiny_model.decode(tiny_model.embed(readings))
    monkeypatch.setattr(dkl_vae, "BATCH", 5)
    torch.testing.assert_close(tiny_model.embed(readings), z, atol=1e-5, rtol=1e-5)
    assert tiny_model.decode(z) == back
    turned = tiny_model.embed(readings[::-1])
    torch.testing.assert_close(turned.flip(0), z, atol=1e-5, rtol=1e-5)


def test_no_rows_are_no_rows(tiny_model: DKLVAE) -> None:
    assert tiny_model.embed([]).shape == (0, tiny_model.latent)
    assert tiny_model.decode(torch.empty(0, tiny_model.latent)) == []
    assert tiny_model.sample(0, seeded()) == []
    assert tiny_model.inputs([]).shape == (0, tiny_model.latent + 18 + 2048)


@pytest.mark.parametrize("n", [1, 2])
def test_one_row_is_one_row(tiny_model: DKLVAE, readings: list[Reading], n: int) -> None:
    z = tiny_model.embed(readings[:n])
    assert z.shape == (n, tiny_model.latent)
    assert len(tiny_model.decode(z)) == len(tiny_model.decode(z.float())) == n


def test_refused_objects_are_not_encoded(tiny_model: DKLVAE, readings: list[Reading]) -> None:
    with pytest.raises(InputError, match="1 of 2 objects cannot be encoded \\(empty\\): leave them out"):
        tiny_model.embed([readings[0], Reading(None, reason=EMPTY)])


@pytest.mark.usefixtures("unchecked")
def test_points_that_are_no_latents_are_refused(tiny_model: DKLVAE) -> None:
    for shape in ((8,), (2, 7), (2, 3, 8)):
        with pytest.raises(InputError, match="n x 8 were expected"):
            tiny_model.decode(torch.zeros(*shape))
    for value in (float("nan"), float("inf")):
        with pytest.raises(InputError, match="2 numbers that are not finite"):
            tiny_model.decode(torch.tensor([[0.0] * 8, [value] * 2 + [0.0] * 6]))
    with pytest.raises(InputError, match="temperature"):
        tiny_model.decode(torch.zeros(1, 8), temperature=-1.0)


def test_decoding_is_deterministic_unless_asked(tiny_model: DKLVAE, readings: list[Reading]) -> None:
    z = 3.0 * torch.randn(30, 8, generator=seeded())
    assert tiny_model.decode(z) == tiny_model.decode(z)
    drawn = [tiny_model.decode(z, temperature=1.5, generator=seeded(seed)) for seed in (0, 0, 1)]
    assert drawn[0] == drawn[1] != drawn[2]
    assert all(reading.ok or reading.reason in REASONS for reading in drawn[2])


def test_entropy_is_that_of_each_point_in_any_company(tiny_model: DKLVAE) -> None:
    z = 2.0 * torch.randn(20, 8, generator=seeded()).double()
    rows = tiny_model.decode_tokens(z, width=1)
    found = tiny_model.entropy(z, rows)
    assert found.dtype == torch.float64
    alone = torch.cat([tiny_model.entropy(z[i : i + 1], rows[i : i + 1]) for i in range(len(z))])
    torch.testing.assert_close(found, alone, atol=1e-6, rtol=1e-5)
    assert (found > 0).all()
    assert tiny_model.entropy(z[:0], []).shape == (0,)


def test_embeddings_are_the_means_of_the_posterior(tiny_model: DKLVAE, readings: list[Reading]) -> None:
    posterior = tiny_model.encode(readings[:5])
    assert torch.equal(posterior.mean, tiny_model.embed(readings[:5]))
    alone = tiny_model.vae.encode(torch.tensor([readings[3].tokens])).log_variance[0].double()
    torch.testing.assert_close(posterior.log_variance[3], alone, atol=1e-5, rtol=1e-5)


def test_samples_are_decoded_draws_of_the_prior(tiny_model: DKLVAE) -> None:
    drawn = tiny_model.decode(tiny_model.prior.sample(20, seeded(3)))
    found = tiny_model.sample(20, seeded(3), of=1)
    assert found == drawn


def test_the_training_mode_is_left_as_it_was(tiny_model: DKLVAE, readings: list[Reading]) -> None:
    for mode in (True, False):
        tiny_model.vae.train(mode)
        tiny_model.embed(readings[:2])
        with pytest.raises(InputError), tiny_model._evaluating():
            tiny_model.embed([Reading(None, reason=EMPTY)])
        assert tiny_model.vae.training is mode


def test_the_id_names_the_weights(tiny_model: DKLVAE) -> None:
    assert len(tiny_model.id) == 12
    assert tiny_model.latents_only.id == tiny_model.id
    changed = replace(tiny_model, vae=type(tiny_model.vae)(**tiny_model.vae.arguments))
    assert changed.id != tiny_model.id
    changed.vae.load_state_dict(tiny_model.vae.state_dict())
    assert replace(changed).id == tiny_model.id
    with torch.no_grad():
        changed.vae.encoder.mean.bias[0] += 1e-6
    assert replace(changed).id != tiny_model.id


def test_models_compare_without_an_error(tiny_model: DKLVAE) -> None:
    assert tiny_model == tiny_model
    assert tiny_model != tiny_model.latents_only


def test_parts_that_do_not_fit_together_are_refused(tiny_model: DKLVAE) -> None:
    with pytest.raises(InputError, match="tokens, but the codec has"):
        replace(tiny_model, codec=MoleculeCodec.learn(MOLECULES, merges=3))
    with pytest.raises(InputError, match="3 dimensions, the network 8"):
        replace(tiny_model, prior=GaussianMixture(torch.ones(1), torch.zeros(1, 3), torch.eye(3)[None]))


def test_inputs_are_latents_then_descriptors_then_counts(tiny_model: DKLVAE, readings: list[Reading]) -> None:
    x = tiny_model.inputs(readings)
    z = tiny_model.embed(readings)
    assert x.dtype == torch.float64
    torch.testing.assert_close(x[:, :8], z)
    objects = [reading.object for reading in readings if reading.object]
    torch.testing.assert_close(x[:, 8:26], torch.as_tensor(scaled_descriptors(objects)))
    torch.testing.assert_close(x[:, 26:], torch.as_tensor(morgan_counts(objects)).double())
    torch.testing.assert_close(replace(tiny_model, structure=None).inputs(readings), x[:, :26])
    assert torch.equal(tiny_model.latents_only.inputs(readings), z)


def test_what_is_not_encoded_is_judged_by_what_else_is_known(
    tiny_model: DKLVAE, readings: list[Reading]
) -> None:
    objects = tuple(reading.object for reading in readings if reading.object)
    weights = torch.tensor([[float(len(text))] for text in objects])
    gp = tiny_model.surrogate(Measurements(objects[:10], weights[:10])).model.requires_grad_(False)
    x = tiny_model.inputs_unencoded(objects)
    assert torch.equal(x[:, 8:], tiny_model.inputs(readings)[:, 8:])
    near, far = tiny_model.inputs(readings[:10]), x[10:]
    scaled = gp.transform_inputs(far), gp.transform_inputs(near)
    assert float(gp.covar_module.kernels[0](*scaled).to_dense().abs().max()) == 0.0
    # Neither is nothing known of them: the other terms still tell them apart.
    assert float(gp.covar_module.kernels[1](*scaled).to_dense().max()) > 0.0
    assert len(set(gp.posterior(far).mean[:, 0].tolist())) > len(far) / 2


def test_the_surrogate_is_fitted_where_objects_are_now(tiny_model: DKLVAE, readings: list[Reading]) -> None:
    objects = tuple(reading.object for reading in readings if reading.object)[:12]
    weights = torch.tensor([[float(len(text))] for text in objects])
    for model in (tiny_model, tiny_model.latents_only):
        found = model.surrogate(Measurements(objects, weights))
        assert found.steps == ("lbfgs",)
        gp = found.model
        expected = model.inputs(model.codec.read(objects))
        gp.train()
        torch.testing.assert_close(gp.train_inputs[0], expected)
        gp.eval()
        box = latent_box(model.prior)
        torch.testing.assert_close(gp.train_inputs[0][:, :8], (expected[:, :8] - box[0]) / (box[1] - box[0]))
        posterior = gp.posterior(expected)
        assert posterior.mean.dtype == torch.float64
        residual = posterior.mean.detach() - weights.double()
        assert float(residual.square().mean()) < 0.3 * float(weights.var())
        assert len(found.amplitudes) == (3 if model.structure else 1)


def test_a_surrogate_trusts_values_by_their_variances(tiny_model: DKLVAE) -> None:
    data = Measurements(MOLECULES[:12], torch.arange(12.0, dtype=torch.float64)[:, None] % 5)
    variances = torch.full_like(data.values, 1e-4)
    variances[3] = 25.0
    fitted = tiny_model.surrogate(data, variances=variances)
    x = tiny_model.inputs(tiny_model.codec.read(MOLECULES[:12]))
    errors = (fitted.model.posterior(x).mean - data.values).abs()[:, 0]
    assert errors.argmax() == 3
    assert errors[torch.arange(12) != 3].max() < 0.5


@pytest.mark.parametrize(("structure", "descriptors"), [(True, False), (False, True), (False, False)])
def test_a_surrogate_can_be_given_fewer_features(
    tiny_model: DKLVAE, structure: bool, descriptors: bool
) -> None:
    less = tiny_model.with_features(structure=structure, descriptors=descriptors)
    assert (less.structure is not None, less.descriptors is not None) == (structure, descriptors)
    assert (
        less.with_features(structure=True, descriptors=True).structure is less.structure
    )  # and no more again
    assert less.id == tiny_model.id


def test_a_surrogate_of_nothing_is_refused(tiny_model: DKLVAE) -> None:
    with pytest.raises(InputError, match="at least one measured object"):
        tiny_model.surrogate(Measurements((), torch.ones(0, 1)))


def test_a_surrogate_of_what_cannot_be_encoded_is_refused(tiny_model: DKLVAE) -> None:
    with pytest.raises(InputError, match="cannot be encoded"):
        tiny_model.surrogate(Measurements(("CCO", "hello"), torch.ones(2, 1)))


@pytest.mark.parametrize("of", [1, 2, 3])
def test_samples_are_the_draws_that_stray_least_among_those_of_their_length(
    tiny_model: DKLVAE, of: int
) -> None:
    n = 20
    found = tiny_model.sample(n, seeded(4), of=of)
    z = tiny_model.prior.sample(of * n, seeded(4))
    rows, drawn = tiny_model.decode_tokens(z), tiny_model.decode(z)
    reencoding_distance = [
        float((tiny_model.embed([reading])[0] - point).norm()) if reading.ok else math.inf
        for reading, point in zip(drawn, z, strict=True)
    ]
    order = sorted(range(len(z)), key=lambda i: len([token for token in rows[i] if token]))
    groups = [order[start : start + of] for start in range(0, len(z), of)]
    chosen = sorted(min(group, key=reencoding_distance.__getitem__) for group in groups)
    assert [reading.object for reading in found] == [drawn[i].object for i in chosen]
    if of > 1:
        assert sum(reencoding_distance[i] for i in chosen) / n < sum(reencoding_distance) / len(z)


def test_no_samples_are_no_samples(tiny_model: DKLVAE) -> None:
    assert tiny_model.sample(0, seeded(4)) == []
