"""One pass is every row once."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from latentbo.errors import InputError
from latentbo.models.padding import pad
from latentbo.training.token_sets import BUCKET, TokenSet


def token_set(lengths: list[int], dtype: torch.dtype = torch.int64) -> TokenSet:
    """Row i holds i + 3, `lengths[i]` times, and has the target (i, 2 i)."""
    tokens = pad([[i + 3] * length for i, length in enumerate(lengths)]).to(dtype)
    index = torch.arange(len(lengths), dtype=torch.float16)
    return TokenSet(tokens, torch.stack([index, 2 * index], dim=1))


@given(st.lists(st.integers(1, 9), max_size=60), st.integers(1, 7), st.integers(0, 5))
@settings(max_examples=60, deadline=None)
def test_a_pass_is_every_row_once(lengths: list[int], size: int, seed: int) -> None:
    data = token_set(lengths, torch.int16)
    for batches in (
        list(data.batches(size, torch.Generator().manual_seed(seed))),
        list(data.in_order(size)),
    ):
        assert len(batches) == data.steps(size)
        rows = [i for batch in batches for i in batch.targets[:, 0].int().tolist()]
        assert sorted(rows) == list(range(len(lengths)))
        for batch in batches:
            own = batch.targets[:, 0].int().tolist()
            assert 1 <= len(own) <= size
            assert batch.tokens.dtype == torch.int64
            assert batch.targets.dtype == torch.float32
            assert batch.tokens.shape[1] == max(lengths[i] for i in own), "trimmed to its longest row"
            for i, row in zip(own, batch.tokens.tolist(), strict=True):
                assert [token for token in row if token] == [i + 3] * lengths[i]
            torch.testing.assert_close(batch.targets[:, 1], 2 * batch.targets[:, 0])


def test_in_order_is_in_order() -> None:
    rows = [i for batch in token_set([2] * 10).in_order(3) for i in batch.targets[:, 0].tolist()]
    assert rows == list(range(10))


def test_a_pass_is_random_and_its_generator_s() -> None:
    data = token_set([1 + i % 5 for i in range(50)])

    def order(seed: int) -> list[float]:
        return [
            i
            for batch in data.batches(4, torch.Generator().manual_seed(seed))
            for i in batch.targets[:, 0].tolist()
        ]

    assert order(1) == order(1)
    assert order(1) != order(2)
    assert order(1) != sorted(order(1))


def test_batches_hold_rows_of_similar_length() -> None:
    lengths = torch.randint(1, 40, (200,), generator=torch.Generator().manual_seed(0)).tolist()
    assert len(lengths) <= 4 * BUCKET
    data = token_set(lengths)
    widths = [(batch.tokens != 0).sum(1) for batch in data.batches(4, torch.Generator().manual_seed(0))]
    assert max(int(width.max() - width.min()) for width in widths) <= 4
    shuffled = [int(width.max()) for width in widths]
    assert shuffled != sorted(shuffled), "batches of one length follow one another"


def test_an_empty_set_has_no_batches() -> None:
    empty = token_set([])
    assert len(empty) == empty.steps(4) == 0
    assert list(empty.batches(4, torch.Generator())) == list(empty.in_order(4)) == []
    assert empty.batch(torch.arange(0)).tokens.shape == (0, 1)


@pytest.mark.usefixtures("unchecked")
def test_rows_and_targets_go_together() -> None:
    with pytest.raises(InputError, match="3 token rows need as many target rows, but there are 2"):
        TokenSet(torch.ones(3, 2, dtype=torch.long), torch.zeros(2, 1))


def test_rows_of_two_sets_are_joined_in_the_types_of_the_first() -> None:
    known = TokenSet(torch.tensor([[3, 4], [5, 0]], dtype=torch.int16), torch.ones(2, 3, dtype=torch.float16))
    wide = TokenSet(torch.tensor([[3, 4, 5]]), torch.zeros(1, 3))
    both = known.joined(wide)
    assert both.tokens.tolist() == [[3, 4, 0], [5, 0, 0], [3, 4, 5]]
    assert (both.tokens.dtype, both.targets.dtype) == (torch.int16, torch.float16)
    assert both.targets.tolist() == [[1, 1, 1], [1, 1, 1], [0, 0, 0]]
    assert wide.joined(known).tokens.tolist() == [[3, 4, 5], [3, 4, 0], [5, 0, 0]]
    bare = known.joined(TokenSet(wide.tokens, torch.zeros(1, 0)))
    assert bare.targets[2].isnan().all()
    assert bare.targets[:2].isfinite().all()
