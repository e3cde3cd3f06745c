"""A row must mean the same alone, in a batch, however padded, and however it is generated."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from latentbo.codecs.vocabulary import END, PAD, START
from latentbo.models.networks import BidirectionalGRU, SequenceDecoder, SequenceEncoder, reverse_within_length
from latentbo.models.padding import pad

V, D = 9, 3
ROWS = ((3, 4, 5, 6, 7, 8, 3), (4,), (8, 8, 8), (5, 6, 7, 3, 4), (3, 3))


@pytest.fixture(scope="module")
def encoder() -> SequenceEncoder:
    torch.manual_seed(0)
    return SequenceEncoder(V, embedding=5, hidden=6, layers=2, latent=D)


@pytest.fixture(scope="module")
def decoder() -> SequenceDecoder:
    torch.manual_seed(1)
    decoder = SequenceDecoder(V, embedding=5, hidden=8, latent=D)
    # Sharp weights, so that rows differ and some of them end early.
    with torch.no_grad():
        for weight in decoder.parameters():
            weight.mul_(4.0)
        decoder.logits.bias[END] = 2.0
        decoder.embedding.weight[PAD] = 0.0
    return decoder


def points(n: int, seed: int = 0) -> Tensor:
    return torch.randn(n, D, generator=torch.Generator().manual_seed(seed))


def test_reversal_is_row_by_row() -> None:
    states = torch.arange(2.0 * 5 * 3).reshape(2, 5, 3)
    for lengths in ((5, 0), (1, 3), (2, 4)):
        expected = states.clone()
        for row, length in enumerate(lengths):
            for step in range(length):
                expected[row, step] = states[row, length - 1 - step]
        torch.testing.assert_close(reverse_within_length(states, torch.tensor(lengths)), expected)


def test_both_directions_are_those_of_torch_without_padding() -> None:
    torch.manual_seed(0)
    ours = BidirectionalGRU(3, 4)
    torchs = torch.nn.GRU(3, 4, batch_first=True, bidirectional=True)
    names = {"forwards": "", "backwards": "_reverse"}
    torchs.load_state_dict(
        {f"{k}{names[part]}": v for part in names for k, v in getattr(ours, part).state_dict().items()}
    )
    x = torch.randn(2, 6, 3)
    torch.testing.assert_close(ours(x, torch.tensor([6, 6])), torchs(x)[0])
    torch.testing.assert_close(ours(x[:1], torch.tensor([4]))[:, :4], torchs(x[:1, :4])[0])


@pytest.mark.parametrize("extra", [0, 1, 7])
def test_encoding_does_not_depend_on_padding_or_company(encoder: SequenceEncoder, extra: int) -> None:
    together = encoder(torch.nn.functional.pad(pad(ROWS), (0, extra), value=PAD))
    for i, row in enumerate(ROWS):
        alone = encoder(torch.tensor([row]))
        for part, whole in zip(alone, together, strict=True):
            torch.testing.assert_close(part[0], whole[i], atol=1e-5, rtol=1e-5)
    assert together[0].std(0).min() > 1e-3, "all rows encode alike: nothing was compared"


def test_encoding_reads_order_and_every_token(encoder: SequenceEncoder) -> None:
    base = encoder(torch.tensor([[3, 4, 5, 6]]))[0]
    for changed in ([4, 3, 5, 6], [3, 4, 5, 7], [8, 4, 5, 6], [3, 4, 5]):
        assert not torch.allclose(encoder(torch.tensor([changed]))[0], base, atol=1e-4)


@pytest.mark.parametrize("n", [0, 1, 2])
def test_shapes_and_types_at_odd_sizes(encoder: SequenceEncoder, decoder: SequenceDecoder, n: int) -> None:
    x = torch.full((n, 4), 5)
    mean, log_variance = encoder(x)
    assert mean.shape == log_variance.shape == (n, D)
    assert mean.dtype == log_variance.dtype == torch.float32
    assert decoder(mean, x).shape == (n, 5, V)
    assert decoder.generate(mean, max_tokens=6).shape == (n, 6)
    assert decoder.generate(mean, max_tokens=6, temperature=1.0).shape == (n, 6)


def test_a_row_of_padding_only_is_finite(encoder: SequenceEncoder) -> None:
    assert all(torch.isfinite(part).all() for part in encoder(torch.zeros(2, 3, dtype=torch.long)))


def test_log_variances_are_bounded(encoder: SequenceEncoder) -> None:
    class Loud(torch.nn.Linear):
        def forward(self, x: Tensor) -> Tensor:
            return super().forward(x) * 1e6

    loud = SequenceEncoder(V, embedding=5, hidden=6, layers=1, latent=D)
    loud.log_variance = Loud(24, D)
    values = loud(pad(ROWS))[1]
    assert values.abs().max() > 1.0
    assert values.min() >= -12.0
    assert values.max() <= 4.0


def test_decoding_does_not_depend_on_padding_or_company(decoder: SequenceDecoder) -> None:
    z = points(len(ROWS))
    together = decoder(z, pad(ROWS))
    for i, row in enumerate(ROWS):
        alone = decoder(z[i : i + 1], torch.tensor([row]))[0]
        torch.testing.assert_close(together[i, : len(row) + 1], alone, atol=1e-5, rtol=1e-5)


def test_a_logit_knows_only_the_tokens_before_it(decoder: SequenceDecoder) -> None:
    z, x = points(1), torch.tensor([[3, 4, 5, 6]])
    before, after = decoder(z, x), decoder(z, torch.tensor([[3, 4, 8, 6]]))
    torch.testing.assert_close(before[:, :3], after[:, :3])
    assert not torch.allclose(before[:, 3], after[:, 3])
    assert not torch.allclose(before, decoder(z + 1.0, x))


def stepwise(decoder: SequenceDecoder, z: Tensor, max_tokens: int) -> list[int]:
    """Greedy decoding of one point by asking the teacher-forced decoder again for every token."""
    row: list[int] = []
    while len(row) < max_tokens:
        logits = decoder(z[None], torch.tensor([row], dtype=torch.long))[0, -1]
        logits[[PAD, START]] = -torch.inf
        row.append(int(logits.argmax()))
        if row[-1] == END:
            break
    return row + [PAD] * (max_tokens - len(row))


def test_greedy_generation_is_the_stepwise_best_of_the_teacher_forced_decoder(
    decoder: SequenceDecoder,
) -> None:
    z = points(60)
    generated = decoder.generate(z, max_tokens=12)
    assert generated.tolist() == [stepwise(decoder, point, 12) for point in z]
    ends = [row.index(END) for row in generated.tolist() if END in row]
    assert len(set(ends)) >= 3, "rows must end at different steps for this to test finished rows"
    assert len(ends) < len(z), "some rows must run to the end"


def test_rows_are_generated_alone_as_in_company(decoder: SequenceDecoder) -> None:
    z = points(40)
    together = decoder.generate(z, max_tokens=12)
    alone = torch.cat([decoder.generate(point[None], max_tokens=12) for point in z])
    assert torch.equal(together, alone)


def test_nothing_follows_an_end(decoder: SequenceDecoder) -> None:
    for temperature in (0.0, 1.0):
        rows = decoder.generate(points(60), max_tokens=12, temperature=temperature).tolist()
        for row in rows:
            if END in row:
                assert set(row[row.index(END) + 1 :]) <= {PAD}
                row = row[: row.index(END)]
            assert all(token > END for token in row)


def test_padding_and_start_are_never_answers(decoder: SequenceDecoder) -> None:
    with torch.no_grad():
        before = decoder.logits.bias.clone()
        decoder.logits.bias[[PAD, START]] = 1e3
        greedy = decoder.generate(points(5), max_tokens=4)
        drawn = decoder.generate(points(5), max_tokens=4, temperature=2.0)
        decoder.logits.bias.copy_(before)
    assert int(greedy[:, 0].min()) > START
    assert int(drawn[:, 0].min()) > START


def test_sampling_follows_its_generator_and_the_softmax(decoder: SequenceDecoder) -> None:
    z = points(1).expand(4000, D)

    def draw(seed: int, temperature: float) -> Tensor:
        generator = torch.Generator().manual_seed(seed)
        return decoder.generate(z, max_tokens=1, temperature=temperature, generator=generator)[:, 0]

    assert torch.equal(draw(0, 1.0), draw(0, 1.0))
    assert not torch.equal(draw(0, 1.0), draw(1, 1.0))
    logits = decoder(z[:1], torch.zeros(1, 0, dtype=torch.long))[0, 0].detach()
    logits[[PAD, START]] = -torch.inf
    for temperature in (1.0, 8.0):
        expected = torch.softmax(logits / temperature, -1)
        found = torch.bincount(draw(2, temperature), minlength=V) / 4000
        torch.testing.assert_close(found, expected, atol=0.03, rtol=0.0)


def test_a_cold_temperature_is_greedy(decoder: SequenceDecoder) -> None:
    z = points(20)
    cold = decoder.generate(z, max_tokens=12, temperature=1e-4, generator=torch.Generator().manual_seed(0))
    assert torch.equal(cold, decoder.generate(z, max_tokens=12))


def test_one_token_is_replaced_and_the_rest_is_the_likeliest(decoder: SequenceDecoder) -> None:
    z = torch.randn(40, 3, generator=torch.Generator().manual_seed(3))
    greedy = decoder.generate(z, max_tokens=12)
    places = torch.arange(40) % 3
    places = places.minimum((greedy != PAD).sum(1) - 1)
    prefix = greedy[:, :3].where(torch.arange(3) < places[:, None], PAD)
    banned = greedy.gather(1, places[:, None])[:, 0]
    made = decoder.generate(
        z,
        max_tokens=12,
        prefix=prefix,
        instead_of=banned,
        temperature=1.0,
        generator=torch.Generator().manual_seed(0),
    )
    new = made.gather(1, places[:, None])[:, 0]
    assert torch.equal(made[:, :3].where(torch.arange(3) < places[:, None], PAD), prefix)
    assert not (new == banned).any()
    begun = torch.where(torch.arange(3) == places[:, None], new[:, None], prefix)
    assert torch.equal(decoder.generate(z, max_tokens=12, prefix=begun), made)
    greedily = decoder.generate(z, max_tokens=12, prefix=prefix, instead_of=banned)
    assert not torch.equal(greedily, made)  # the temperature is that of the replaced token


def test_rows_begin_with_their_prefix_and_go_on_as_the_decoder_would(decoder: SequenceDecoder) -> None:
    z = points(5)
    greedy = decoder.generate(z, max_tokens=12)
    # Its own beginning, of another length each, brings the same row; a whole row stays what it is.
    lengths = torch.arange(5)[:, None]
    prefix = greedy.where(torch.arange(12) < lengths, PAD)
    assert torch.equal(decoder.generate(z, max_tokens=12, prefix=prefix), greedy)
    assert torch.equal(decoder.generate(z, max_tokens=12, prefix=prefix[:, :0]), greedy)
    other = torch.full((5, 3), V - 1)
    begun = decoder.generate(z, max_tokens=12, prefix=other)
    assert (begun[:, :3] == V - 1).all()
    assert not torch.equal(begun, greedy)
