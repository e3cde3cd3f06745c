from __future__ import annotations

from itertools import product

import pytest
import torch
from torch import Tensor

from latentbo.codecs.vocabulary import END, PAD, START
from latentbo.models.beam import beam_search
from latentbo.models.networks import SequenceDecoder

TOKENS = 3  # ordinary ones, after PAD, START and END


@pytest.fixture
def decoder() -> SequenceDecoder:
    torch.manual_seed(3)
    made = SequenceDecoder(3 + TOKENS, embedding=4, hidden=8, latent=3)
    with torch.no_grad():
        made.logits.weight.mul_(6.0)  # answers of which some are sure and some are not
    return made.eval()


def points(n: int) -> Tensor:
    return 2.0 * torch.randn(n, 3, generator=torch.Generator().manual_seed(0))


def log_probability(decoder: SequenceDecoder, z: Tensor, row: tuple[int, ...]) -> float:
    """Of one row that ends with END or is as long as rows get, by the teacher-forced decoder."""
    with torch.no_grad():
        logits = decoder(z[None], torch.tensor([row]))[0, : len(row)]
    logits[:, [PAD, START]] = -torch.inf
    return float(torch.log_softmax(logits, -1)[torch.arange(len(row)), torch.tensor(row)].sum())


def spelled(tokens: Tensor) -> list[tuple[int, ...]]:
    return [tuple(token for token in row if token != PAD) for row in tokens.tolist()]


def likeliest(decoder: SequenceDecoder, z: Tensor, most: int) -> tuple[int, ...]:
    """By trying every row."""
    ordinary = range(3, 3 + TOKENS)
    ended = [(*row, END) for t in range(most) for row in product(ordinary, repeat=t)]
    return max([*ended, *product(ordinary, repeat=most)], key=lambda row: log_probability(decoder, z, row))


def test_a_beam_that_forgets_nothing_finds_the_likeliest_row(decoder: SequenceDecoder) -> None:
    z = points(25)
    found = spelled(beam_search(decoder, z, max_tokens=4, width=200, margin=1e9))
    assert found == [likeliest(decoder, point, 4) for point in z]
    greedy = spelled(decoder.generate(z, max_tokens=4))
    assert 0 < sum(a != b for a, b in zip(found, greedy, strict=True)) < len(z)


def test_a_beam_of_one_is_greedy(decoder: SequenceDecoder) -> None:
    z = points(60)
    assert torch.equal(beam_search(decoder, z, max_tokens=9, width=1), decoder.generate(z, max_tokens=9))
    no_doubt = beam_search(decoder, z, max_tokens=9, width=5, margin=0.0)
    assert torch.equal(no_doubt, decoder.generate(z, max_tokens=9))


def test_a_narrow_beam_is_mostly_better_than_greedy(decoder: SequenceDecoder) -> None:
    z = points(200)
    rows = zip(
        z,
        spelled(beam_search(decoder, z, max_tokens=9)),
        spelled(decoder.generate(z, max_tokens=9)),
        strict=True,
    )
    gains = [log_probability(decoder, p, a) - log_probability(decoder, p, b) for p, a, b in rows if a != b]
    assert len(gains) > 20
    assert sum(gain > 0.0 for gain in gains) > 0.9 * len(gains)


def test_rows_are_found_alone_as_in_company(decoder: SequenceDecoder) -> None:
    z = points(40)
    alone = [beam_search(decoder, point[None], max_tokens=9) for point in z]
    assert torch.equal(beam_search(decoder, z, max_tokens=9), torch.cat(alone))


@pytest.mark.parametrize(("n", "most"), [(0, 5), (1, 1), (3, 0)])
def test_odd_sizes(decoder: SequenceDecoder, n: int, most: int) -> None:
    found = beam_search(decoder, points(n), max_tokens=most)
    assert found.shape == (n, most)
    assert torch.equal(found, decoder.generate(points(n), max_tokens=most)) or most > 1
