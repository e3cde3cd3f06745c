"""Symbols, and frequent runs of symbols, as integers.

Merges are byte-pair encoding (Gage 1994; Sennrich et al. 2016) over whole symbols: a benzene ring that takes
eight SELFIES symbols becomes one token. On ZINC-250k 400 merges shorten a molecule from 37 to 11 tokens,
which makes a recurrent decoder three times as fast, and a slip of one token a change of one fragment instead
of a broken ring. Every token expands to symbols, so nothing that could be written before becomes impossible.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise, takewhile
from typing import Any, Literal

import numpy as np

from latentbo.errors import ModelFileError

PAD, START, END = 0, 1, 2
SPECIAL = 3


class UnseenSymbolError(KeyError):
    """A symbol or token outside the vocabulary; the codec turns it into the reason code `unseen_token`."""


@dataclass(frozen=True)
class Vocabulary:
    """Tokens 0-2 are padding, start and end; then the symbols in order; then one token a merge, in order."""

    symbols: tuple[str, ...]
    merges: tuple[tuple[int, int], ...] = ()

    def __len__(self) -> int:
        return SPECIAL + len(self.symbols) + len(self.merges)

    @cached_property
    def _ids(self) -> dict[str, int]:
        return {symbol: SPECIAL + i for i, symbol in enumerate(self.symbols)}

    @cached_property
    def _ranks(self) -> dict[tuple[int, int], int]:
        return {pair: rank for rank, pair in enumerate(self.merges)}

    @cached_property
    def _expansions(self) -> list[tuple[str, ...]]:
        table: list[tuple[str, ...]] = [()] * SPECIAL + [(symbol,) for symbol in self.symbols]
        for left, right in self.merges:
            table.append(table[left] + table[right])
        return table

    def tokenize(self, symbols: Iterable[str]) -> list[int]:
        """Symbols to tokens, the earliest learnt merge first. Raises `UnseenSymbolError`."""
        try:
            tokens = [self._ids[symbol] for symbol in symbols]
        except KeyError as error:
            raise UnseenSymbolError(*error.args) from None
        first, unknown, rank_of = SPECIAL + len(self.symbols), len(self.merges), self._ranks.get
        ranks = [rank_of(pair, unknown) for pair in pairwise(tokens)]
        while ranks and (rank := min(ranks)) < unknown:
            # One place at a time, from the left: what a merge makes is merged by later ones only.
            i = ranks.index(rank)
            tokens[i : i + 2] = [first + rank]
            del ranks[i]
            if i > 0:
                ranks[i - 1] = rank_of((tokens[i - 1], tokens[i]), unknown)
            if i < len(ranks):
                ranks[i] = rank_of((tokens[i], tokens[i + 1]), unknown)
        return tokens

    def expand(self, tokens: Iterable[int]) -> list[str]:
        """Tokens to symbols up to the first end; padding and start are silent. Raises `UnseenSymbolError`."""
        symbols: list[str] = []
        for token in tokens:
            if token == END:
                break
            if not 0 <= token < len(self):
                raise UnseenSymbolError(token)
            symbols.extend(self._expansions[token])
        return symbols

    def to_dict(self) -> dict[str, Any]:
        return {"symbols": list(self.symbols), "merges": [list(pair) for pair in self.merges]}

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Vocabulary:
        """What `to_dict` gave. Raises `ModelFileError` for anything else."""
        try:
            vocabulary = cls(tuple(data["symbols"]), tuple((int(a), int(b)) for a, b in data["merges"]))
        except (KeyError, TypeError, ValueError) as error:
            raise ModelFileError(
                f"a vocabulary needs 'symbols' and 'merges' (token pairs): {error}"
            ) from error
        if len(vocabulary._ids) != len(vocabulary.symbols):
            raise ModelFileError("a symbol stands twice in the vocabulary: the file is damaged")
        for rank, pair in enumerate(vocabulary.merges):
            if not all(SPECIAL <= token < SPECIAL + len(vocabulary.symbols) + rank for token in pair):
                raise ModelFileError(f"merge {rank} joins {pair}, not tokens before it: the file is damaged")
        return vocabulary


LEVELS = 256
GREYS = Vocabulary(tuple(map(str, range(LEVELS))))
"""The grey levels of an image, 0 black. They stand here and not with the codec, which needs Pillow: the network does not.
"""
SpellingName = Literal["selfies", "smiles", "fragments"]
"""The ways to spell a molecule (`codecs.spellings`). They are named here and not there, which needs RDKit: a recipe does not.
"""


def before_end(row: Sequence[int]) -> tuple[int, ...]:
    """The tokens of a row before its END or padding."""
    return tuple(takewhile(lambda token: token not in (END, PAD), row))


def learn_merges(symbols: Sequence[str], corpus: Sequence[Sequence[str]], merges: int) -> Vocabulary:
    """The vocabulary with the `merges` most frequent pairs of the corpus joined one after the other.

    Of equally frequent pairs the one with the smaller tokens goes first; in a run a a a the pair a a counts
    twice. Stops early when no pair occurs twice. `symbols` is the whole alphabet, whether or not the corpus
    uses it.
    """
    base = Vocabulary(tuple(symbols))
    text = np.array([token for row in corpus for token in (*base.tokenize(row), PAD)], dtype=np.int64)
    learnt: list[tuple[int, int]] = []
    size = len(base) + merges
    for new in range(len(base), size):
        left, right = text[:-1], text[1:]
        inside = (left != PAD) & (right != PAD)
        counts = np.bincount(left[inside] * size + right[inside], minlength=1)
        code = int(counts.argmax())
        if counts[code] < 2:
            break
        pair = divmod(code, size)
        text = _merge_array(text, pair, new)
        learnt.append(pair)
    return Vocabulary(base.symbols, tuple(learnt))


def _merge_array(text: np.ndarray, pair: tuple[int, int], new: int) -> np.ndarray:
    hits = np.flatnonzero((text[:-1] == pair[0]) & (text[1:] == pair[1]))
    if pair[0] == pair[1] and len(hits):  # in a run a a a only every other place starts a pair
        run_start = np.concatenate([[True], np.diff(hits) > 1])
        offset = hits - hits[run_start][np.cumsum(run_start) - 1]
        hits = hits[offset % 2 == 0]
    text = text.copy()
    text[hits] = new
    return np.delete(text, hits + 1)
