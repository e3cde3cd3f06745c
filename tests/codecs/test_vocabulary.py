"""Merges are byte-pair encoding: against a slow one, and back."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from latentbo.codecs.vocabulary import (
    END,
    PAD,
    SPECIAL,
    START,
    UnseenSymbolError,
    Vocabulary,
    learn_merges,
)
from latentbo.errors import ModelFileError

ABC = ("a", "b", "c")
corpora = st.lists(st.lists(st.sampled_from(ABC), max_size=12), max_size=8)
rows = st.lists(st.sampled_from(ABC), max_size=30)


def joined(row: list[int], pair: tuple[int, int], new: int) -> list[int]:
    """Left to right, each token in one pair only."""
    out: list[int] = []
    while row:
        if tuple(row[:2]) == pair:
            out, row = [*out, new], row[2:]
        else:
            out, row = [*out, row[0]], row[1:]
    return out


def slow_merges(corpus: list[list[str]], merges: int) -> tuple[tuple[int, int], ...]:
    """Byte-pair encoding by counting everything again: the most frequent pair, then the smallest."""
    text = [[SPECIAL + ABC.index(symbol) for symbol in row] for row in corpus]
    learnt: list[tuple[int, int]] = []
    for new in range(SPECIAL + len(ABC), SPECIAL + len(ABC) + merges):
        counts = Counter(pair for row in text for pair in pairwise(row))
        if not counts or max(counts.values()) < 2:
            break
        best = min(counts, key=lambda pair: (-counts[pair], pair))
        text = [joined(row, best, new) for row in text]
        learnt.append(best)
    return tuple(learnt)


@given(corpora, st.integers(0, 8))
@settings(max_examples=150, deadline=None)
def test_learnt_merges_are_those_of_a_slow_byte_pair_encoder(corpus: list[list[str]], merges: int) -> None:
    assert learn_merges(ABC, corpus, merges).merges == slow_merges(corpus, merges)


@given(corpora, rows)
@settings(max_examples=150, deadline=None)
def test_expand_undoes_tokenize(corpus: list[list[str]], row: list[str]) -> None:
    vocabulary = learn_merges(ABC, corpus, 8)
    tokens = vocabulary.tokenize(row)
    assert vocabulary.expand(tokens) == row
    assert all(SPECIAL <= token < len(vocabulary) for token in tokens)
    ranks = {pair: rank for rank, pair in enumerate(vocabulary.merges)}
    assert not any(pair in ranks for pair in pairwise(tokens)), "a learnt pair was left apart"


@given(corpora.filter(lambda corpus: any(map(len, corpus))))
@settings(max_examples=60, deadline=None)
def test_tokens_of_the_corpus_are_the_learner_s_own(corpus: list[list[str]]) -> None:
    vocabulary = learn_merges(ABC, corpus, 6)
    text = [[SPECIAL + ABC.index(symbol) for symbol in row] for row in corpus]
    for rank, pair in enumerate(vocabulary.merges):
        text = [joined(row, pair, SPECIAL + len(ABC) + rank) for row in text]
    assert [vocabulary.tokenize(row) for row in corpus] == text


@pytest.mark.parametrize("length", [*range(1, 10), 15, 23])
def test_runs_of_one_symbol_pair_up_from_the_left(length: int) -> None:
    vocabulary = learn_merges(("a",), [["a"] * 8] * 2, 3)
    assert vocabulary.merges == ((3, 3), (4, 4), (5, 5))
    tokens = vocabulary.tokenize(["a"] * length)
    powers = [bit for bit in (5, 4, 3) for _ in range(length >> (bit - 3) & 1)]
    eights = [6] * (length // 8)
    assert tokens == eights + powers


def test_a_merge_does_not_reach_across_rows() -> None:
    vocabulary = learn_merges(ABC, [["a"], ["b"], ["a"], ["b"], ["a"], ["b"]], 3)
    assert vocabulary.merges == ()


@pytest.mark.parametrize("corpus", [[], [[]], [["a"]]])
def test_a_corpus_without_pairs_teaches_nothing(corpus: list[list[str]]) -> None:
    assert learn_merges(ABC, corpus, 5) == Vocabulary(ABC)


def test_the_alphabet_need_not_occur_in_the_corpus() -> None:
    vocabulary = learn_merges(ABC, [["a", "b"], ["a", "b"]], 5)
    assert vocabulary.tokenize(["c", "a", "b"]) == [5, 6]
    assert len(vocabulary) == SPECIAL + 3 + 1


def test_expand_stops_at_the_end_and_ignores_padding_and_start() -> None:
    vocabulary = Vocabulary(ABC)
    assert vocabulary.expand([START, 3, PAD, 4, END, 5, 99]) == ["a", "b"]


@pytest.mark.parametrize("token", [-1, 6, 10**9])
def test_a_token_outside_the_vocabulary_is_unseen(token: int) -> None:
    with pytest.raises(UnseenSymbolError):
        Vocabulary(ABC).expand([token])


def test_a_symbol_outside_the_alphabet_is_unseen() -> None:
    with pytest.raises(UnseenSymbolError, match="d"):
        Vocabulary(ABC).tokenize(["a", "d"])


def test_the_description_is_the_vocabulary() -> None:
    vocabulary = learn_merges(ABC, [["a", "b", "a", "b"]], 3)
    assert vocabulary.merges
    assert Vocabulary.from_dict(vocabulary.to_dict()) == vocabulary


@pytest.mark.parametrize(
    "damaged",
    [
        {},
        {"symbols": ["a"]},
        {"symbols": ["a"], "merges": [[3]]},
        {"symbols": ["a"], "merges": [[3, "x"]]},
        {"symbols": ["a"], "merges": [[3, 4]]},
        {"symbols": ["a"], "merges": [[0, 3]]},
        {"symbols": ["a", "b"], "merges": [[3, 4], [6, 3]]},
        {"symbols": ["a", "a"], "merges": []},
        {"symbols": 3, "merges": []},
    ],
)
def test_a_damaged_description_is_refused(damaged: dict[str, object]) -> None:
    with pytest.raises(ModelFileError):
        Vocabulary.from_dict(damaged)
