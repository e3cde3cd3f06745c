from __future__ import annotations

from itertools import product

import pytest
import torch
from torch import Tensor

from latentbo.codecs.vocabulary import END, PAD, START
from latentbo.models.beam import beam_search, likeliest_rows
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


def ranked(decoder: SequenceDecoder, z: Tensor, most: int) -> list[tuple[int, ...]]:
    """Every row, the likeliest first."""
    ordinary = range(3, 3 + TOKENS)
    ended = [(*row, END) for t in range(most) for row in product(ordinary, repeat=t)]
    rows = [*ended, *product(ordinary, repeat=most)]
    return sorted(rows, key=lambda row: log_probability(decoder, z, row), reverse=True)


def likeliest(decoder: SequenceDecoder, z: Tensor, most: int) -> tuple[int, ...]:
    return ranked(decoder, z, most)[0]


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


def test_several_rows_are_the_likeliest_in_order(decoder: SequenceDecoder) -> None:
    z = points(8)
    found = likeliest_rows(decoder, z, max_tokens=4, width=200, margin=1e9, kept=6)
    for point, rows, scores in zip(z, found.rows, found.scores, strict=True):
        expected = ranked(decoder, point, 4)[:6]
        assert spelled(rows) == expected
        probabilities = torch.tensor([log_probability(decoder, point, row) for row in expected])
        torch.testing.assert_close(scores, probabilities, atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize(("width", "margin"), [(3, 2.0), (5, 5.0), (2, 1e9)])
def test_the_first_of_several_is_no_worse_than_the_one_of_a_beam(
    decoder: SequenceDecoder, width: int, margin: float
) -> None:
    z = points(100)
    one = beam_search(decoder, z, max_tokens=9, width=width, margin=margin)
    several = likeliest_rows(decoder, z, max_tokens=9, width=width, margin=margin, kept=4)
    assert torch.equal(several.rows[:, 0], one)
    assert several.rows.shape == (100, 4, 9)
    there = several.scores.isfinite()
    assert there[:, 0].all()
    assert not there.all()  # some points leave fewer than four within the margin
    assert (several.scores[~there] == -torch.inf).all()
    assert (several.rows[~there] == PAD).all()
    assert (several.scores[:, 1:] <= several.scores[:, :-1]).all()
    assert (several.scores[there] >= (several.scores[:, :1] - margin).expand(-1, 4)[there]).all()
    for rows, scores in zip(several.rows, several.scores, strict=True):
        real = spelled(rows[scores.isfinite()])
        assert len(set(real)) == len(real)


def test_several_rows_are_found_alone_as_in_company(decoder: SequenceDecoder) -> None:
    z = points(30)
    settings = {"max_tokens": 9, "width": 5, "margin": 5.0, "kept": 5}
    together = likeliest_rows(decoder, z, **settings)  # type: ignore[arg-type]
    for i, point in enumerate(z):
        alone = likeliest_rows(decoder, point[None], **settings)  # type: ignore[arg-type]
        assert torch.equal(alone.rows[0], together.rows[i])
        torch.testing.assert_close(alone.scores[0], together.scores[i], atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize(("n", "most"), [(0, 5), (1, 1), (3, 0)])
def test_several_rows_at_odd_sizes(decoder: SequenceDecoder, n: int, most: int) -> None:
    found = likeliest_rows(decoder, points(n), max_tokens=most, width=5, margin=5.0, kept=5)
    assert found.rows.shape == (n, 5, most)
    assert found.scores.shape == (n, 5)
