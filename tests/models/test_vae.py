"""The likelihood against a loop, noise and dropout only where asked, and shapes at odd sizes."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor

from latentbo.codecs.vocabulary import END, PAD, START
from latentbo.models.padding import pad
from latentbo.models.vae import Gaussian, SequenceVAE

ROWS = ((3, 4, 5), (6,), (7, 7, 3, 5, 4), (3, 6, 4, 4))
V, D = 8, 4


@pytest.fixture(scope="module")
def vae() -> SequenceVAE:
    torch.manual_seed(0)
    return SequenceVAE(
        V, latent=D, embedding=6, encoder_hidden=5, encoder_layers=2, decoder_hidden=7, properties=2
    )


def z(n: int = len(ROWS)) -> Tensor:
    return torch.randn(n, D, generator=torch.Generator().manual_seed(3))


def test_log_likelihood_is_the_sum_over_tokens_and_the_end(vae: SequenceVAE) -> None:
    x, points = pad(ROWS), z()
    logits = vae.decoder(points, x).detach().double()
    expected = []
    for i, row in enumerate(ROWS):
        total = 0.0
        for step, token in enumerate((*row, END)):
            weights = logits[i, step].exp()
            total += math.log(float(weights[token] / weights.sum()))
        expected.append(total)
    torch.testing.assert_close(
        vae.log_likelihood(points, x).double(), torch.tensor(expected).double(), rtol=1e-5, atol=1e-5
    )


def test_log_likelihood_does_not_depend_on_padding(vae: SequenceVAE) -> None:
    wide = torch.nn.functional.pad(pad(ROWS), (0, 4), value=PAD)
    torch.testing.assert_close(vae.log_likelihood(z(), wide), vae.log_likelihood(z(), pad(ROWS)))


def test_dropout_only_when_asked(vae: SequenceVAE) -> None:
    vae.train()
    x, points = pad(ROWS), z()
    plain = vae.log_likelihood(points, x)
    assert torch.equal(plain, vae.log_likelihood(points, x))

    def dropped(seed: int, share: float) -> Tensor:
        return vae.log_likelihood(points, x, share, torch.Generator().manual_seed(seed))

    assert not torch.equal(dropped(0, 0.5), plain)
    assert torch.equal(dropped(0, 0.5), dropped(0, 0.5))
    assert not torch.equal(dropped(0, 0.5), dropped(1, 0.5))


def test_full_dropout_hides_the_past_and_asks_for_the_same_answers(vae: SequenceVAE) -> None:
    x, points = pad(ROWS), z()
    blank = vae.decoder(points, torch.zeros_like(x)).detach().log_softmax(-1)
    expected = [
        float(sum(blank[i, step, token] for step, token in enumerate((*row, END))))
        for i, row in enumerate(ROWS)
    ]
    torch.testing.assert_close(vae.log_likelihood(points, x, 1.0), torch.tensor(expected))


def test_token_hits_count_the_likeliest_token_everywhere(vae: SequenceVAE) -> None:
    x, points = pad(ROWS), z()
    logits = vae.decoder(points, x)
    right = [
        int(logits[i, step].argmax()) == token
        for i, row in enumerate(ROWS)
        for step, token in enumerate((*row, END))
    ]
    assert vae.token_hits(points, x) == (sum(right), len(right))


def spelled(vae: SequenceVAE, points: Tensor) -> Tensor:
    return vae.decode_tokens(points, max_tokens=6, width=1, temperature=0.0, generator=None)


def test_entropy_is_the_mean_over_what_was_written_and_the_end(vae: SequenceVAE) -> None:
    points = z()
    x = spelled(vae, points)
    logits = vae.decoder(points, x).detach().double()
    expected = []
    for i, row in enumerate(x.tolist()):
        parts = []
        for step in range(row.index(END) + 1 if END in row else len(row)):
            allowed = [float(logits[i, step, token].exp()) for token in range(V) if token not in (PAD, START)]
            parts.append(-sum(e / sum(allowed) * math.log(e / sum(allowed)) for e in allowed))
        expected.append(sum(parts) / len(parts))
    torch.testing.assert_close(vae.entropy(points, x).double(), torch.tensor(expected).double())
    wide = torch.nn.functional.pad(x, (0, 3), value=PAD)
    torch.testing.assert_close(vae.entropy(points, wide), vae.entropy(points, x))
    assert vae.entropy(points[:0], x[:0]).shape == (0,)


@pytest.mark.parametrize(("bias", "expected"), [(0.0, math.log(V - 2)), (60.0, 0.0)])
def test_entropy_of_a_decoder_that_knows_nothing_and_of_one_that_knows_all(
    bias: float, expected: float
) -> None:
    """All tokens but PAD and START are alike; or one of them is far above the others."""
    torch.manual_seed(0)
    fixed = SequenceVAE(V, latent=D, embedding=3, encoder_hidden=3, encoder_layers=1, decoder_hidden=3)
    with torch.no_grad():
        fixed.decoder.logits.weight.zero_()
        fixed.decoder.logits.bias.zero_()
        fixed.decoder.logits.bias[5] = bias
    found = fixed.entropy(z(), spelled(fixed, z()))
    torch.testing.assert_close(found, torch.full((len(ROWS),), expected), atol=1e-6, rtol=1e-6)


@pytest.mark.parametrize("n", [0, 1, 3])
@pytest.mark.parametrize("t", [1, 5])
@pytest.mark.parametrize("dtype", [torch.int16, torch.int64])
def test_shapes_and_types(vae: SequenceVAE, n: int, t: int, dtype: torch.dtype) -> None:
    x = torch.full((n, t), 4, dtype=dtype).long()
    posterior = vae.encode(x)
    drawn = posterior.sample(torch.Generator().manual_seed(0))
    assert posterior.mean.shape == posterior.log_variance.shape == drawn.shape == (n, D)
    assert vae.log_likelihood(drawn, x).shape == (n,)
    assert vae.log_likelihood(drawn, x).dtype == torch.float32
    assert vae.head is not None
    assert vae.head(drawn).shape == (n, 2)


def test_draws_have_the_posterior_s_moments_and_its_gradient() -> None:
    mean = torch.tensor([[1.0, -2.0]]).expand(40_000, 2).clone().requires_grad_()
    log_variance = torch.tensor([[0.0, 2.0]]).expand(40_000, 2).clone().requires_grad_()
    drawn = Gaussian(mean, log_variance).sample(torch.Generator().manual_seed(0))
    torch.testing.assert_close(drawn.mean(0), torch.tensor([1.0, -2.0]), atol=0.05, rtol=0.0)
    torch.testing.assert_close(drawn.var(0), torch.tensor([1.0, math.exp(2.0)]), atol=0.0, rtol=0.05)
    drawn.sum().backward()
    torch.testing.assert_close(mean.grad, torch.ones_like(mean))
    assert log_variance.grad is not None
    torch.testing.assert_close(log_variance.grad, (0.5 * (drawn - mean)).detach())


def test_the_same_stream_draws_the_same_noise() -> None:
    posterior = Gaussian(torch.zeros(3, 2), torch.zeros(3, 2))
    one, same, other = (posterior.sample(torch.Generator().manual_seed(seed)) for seed in (1, 1, 2))
    assert torch.equal(one, same)
    assert not torch.equal(one, other)


def test_the_arguments_make_the_same_network(vae: SequenceVAE) -> None:
    again = SequenceVAE(**vae.arguments)
    again.load_state_dict(vae.state_dict())
    assert torch.equal(again.encode(pad(ROWS)).mean, vae.encode(pad(ROWS)).mean)


def test_without_properties_there_is_no_head() -> None:
    bare = SequenceVAE(V, latent=2, embedding=3, encoder_hidden=3, encoder_layers=1, decoder_hidden=3)
    assert bare.head is None
    assert not [name for name in bare.state_dict() if name.startswith("head")]
