"""The image VAE: likelihoods by another formula, every size, and through the DKL-VAE like any other object."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from torch.distributions import Bernoulli, Normal

from benchmarks.cards.drawing import SUITS, render
from latentbo.codecs.images import ImageCodec, image_name, image_pixels
from latentbo.codecs.vocabulary import SPECIAL
from latentbo.data.measurements import Measurements
from latentbo.errors import InputError
from latentbo.models.dkl_vae import DKLVAE
from latentbo.models.image_networks import brightness
from latentbo.models.image_vae import ImageVAE
from latentbo.models.pretrained import load_model, save_model
from latentbo.models.priors import GaussianMixture
from latentbo.torch_rng import stream

SIDE = 16
STANDARD = GaussianMixture(torch.ones(1), torch.zeros(1, 3), torch.eye(3)[None])


def tokens(n: int = 3, height: int = SIDE, width: int = SIDE) -> torch.Tensor:
    return SPECIAL + torch.randint(0, 256, (n, height * width), generator=torch.Generator().manual_seed(0))


def vae(**changed: object) -> ImageVAE:
    torch.manual_seed(0)
    return ImageVAE(SIDE, SIDE, **{"latent": 3, "hidden": 32, "channels": 4, **changed})


def cards() -> list[str]:
    angles = np.linspace(-40.0, 40.0, 4)
    suits = tuple(SUITS)
    return [image_name(card) for card in render(suits, angles, np.zeros(4), np.zeros((4, 2)), side=SIDE)]


@pytest.mark.parametrize("network", ["conv", "mlp"])
@pytest.mark.parametrize(("height", "width"), [(1, 1), (7, 12), (16, 16), (17, 8)])
@pytest.mark.parametrize("n", [1, 3])
def test_every_size(network: str, height: int, width: int, n: int) -> None:
    model = ImageVAE(height, width, latent=2, network=network, hidden=8, channels=2)
    x = tokens(n, height, width)
    posterior = model.encode(x)
    assert posterior.mean.shape == posterior.log_variance.shape == (n, 2)
    assert model.log_likelihood(posterior.mean, x).shape == (n,)
    written = model.decode_tokens(
        posterior.mean, max_tokens=height * width, width=1, temperature=0.0, generator=None
    )
    assert written.shape == (n, height * width)
    assert written.min() >= SPECIAL
    assert written.max() < SPECIAL + 256


@pytest.mark.parametrize("likelihood", ["bernoulli", "gaussian"])
def test_entropy_is_that_of_the_pixels(likelihood: str) -> None:
    model, points = vae(likelihood=likelihood), torch.randn(4, 3, generator=stream(0, "z"))
    m = torch.sigmoid(model.decoder(points)).detach()
    pixels = Bernoulli(m) if likelihood == "bernoulli" else Normal(m, model.log_sd.exp().detach())
    torch.testing.assert_close(model.entropy(points, tokens(4)), pixels.entropy().mean(1))


@pytest.mark.parametrize("network", ["conv", "mlp"])
def test_an_image_does_not_depend_on_the_others_of_its_batch(network: str) -> None:
    model, x = vae(network=network), tokens(4)
    together = model.encode(x)
    for row in range(4):
        torch.testing.assert_close(model.encode(x[row : row + 1]).mean, together.mean[row : row + 1])


def test_likelihoods_agree_with_torch_distributions() -> None:
    x, z = tokens(), torch.randn(3, 3, generator=torch.Generator().manual_seed(1))
    y = brightness(x, SIDE * SIDE)
    assert y.min() >= 0.0
    assert y.max() <= 1.0
    bernoulli = vae()
    expected = Bernoulli(logits=bernoulli.decoder(z), validate_args=False).log_prob(y).sum(1)
    torch.testing.assert_close(bernoulli.log_likelihood(z, x), expected)
    gaussian = vae(likelihood="gaussian")
    assert gaussian.log_sd is not None
    normal = Normal(torch.sigmoid(gaussian.decoder(z)), gaussian.log_sd.exp())
    torch.testing.assert_close(gaussian.log_likelihood(z, x), normal.log_prob(y).sum(1))


def test_the_variance_is_learnt() -> None:
    model, x = vae(likelihood="gaussian"), tokens()
    z = model.encode(x).mean.detach()
    assert model.log_sd is not None
    optimiser = torch.optim.Adam([model.log_sd], lr=0.05)
    for _ in range(200):
        optimiser.zero_grad()
        (-model.log_likelihood(z, x).mean()).backward()
        optimiser.step()
    error = (brightness(x, SIDE * SIDE) - torch.sigmoid(model.decoder(z))).square().mean().sqrt()
    assert float(model.log_sd.detach().exp()) == pytest.approx(float(error.detach()), rel=0.01)


@pytest.mark.parametrize("network", ["conv", "mlp"])
def test_it_learns_four_cards_by_heart(network: str) -> None:
    codec = ImageCodec(SIDE, SIDE)
    x = torch.tensor([reading.tokens for reading in codec.read(cards())])
    model = vae(network=network, hidden=256, channels=8)
    optimiser = torch.optim.Adam(model.parameters(), lr=1e-3)
    for _ in range(300):
        optimiser.zero_grad()
        (-model.log_likelihood(model.encode(x).mean, x).mean()).backward()
        optimiser.step()
    written = model.decode_tokens(
        model.encode(x).mean, max_tokens=SIDE**2, width=1, temperature=0.0, generator=None
    )
    assert (written - x).abs().float().mean() < 8.0  # of 255 grey levels
    hits, counted = model.token_hits(model.encode(x).mean, x)
    assert counted == x.numel()
    assert hits == int((written == x).sum())


def test_images_go_through_the_dkl_vae_like_any_object(tmp_path: Path) -> None:
    codec = ImageCodec(SIDE, SIDE)
    model = DKLVAE(codec, vae().eval(), STANDARD)
    readings = codec.read(cards())
    z = model.embed(readings)
    assert z.shape == (4, 3)
    back = model.decode(z)
    assert all(reading.ok for reading in back)
    assert image_pixels(back[0].object or "").shape == (SIDE, SIDE)
    assert model.decode(z, width=1) == back
    drawn = model.sample(3, stream(0, "draw"))
    assert [reading.ok for reading in drawn] == [True] * 3
    data = Measurements(tuple(cards()), torch.tensor([[0.0], [1.0], [2.0], [3.0]], dtype=torch.float64))
    posterior = model.surrogate(data).model.posterior(z)
    assert torch.isfinite(posterior.mean).all()
    save_model(model, tmp_path / "cards")
    again = load_model(tmp_path / "cards")
    assert again.id == model.id
    assert again.codec == codec
    assert torch.equal(again.embed(readings), z)


def test_bad_input_says_what_was_expected() -> None:
    with pytest.raises(InputError, match="transformer"):
        vae(network="transformer")
    with pytest.raises(InputError, match="poisson"):
        vae(likelihood="poisson")
    with pytest.raises(InputError, match="256 pixels, but these have 255"):
        vae().encode(tokens()[:, :-1])
    model = DKLVAE(ImageCodec(SIDE, SIDE), vae(), STANDARD)
    with pytest.raises(InputError, match="temperature must be 0"):
        model.decode(torch.zeros(1, 3), temperature=1.0)
    other = DKLVAE(ImageCodec(8, 8), vae(), STANDARD)
    with pytest.raises(InputError, match="writes 256 pixels, but the codec's images have 64"):
        other.decode(torch.zeros(1, 3))
