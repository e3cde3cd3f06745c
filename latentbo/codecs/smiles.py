"""Molecules as canonical SMILES outside and frequent runs of SMILES symbols inside.

Beside SELFIES (`codecs.molecules`), which counts its ring closures back, so that one wrong token opens a ring somewhere
else: here a slip mostly changes one fragment. The price is that not every row of tokens is a molecule, so a decoder's
likeliest spellings are tried in turn (`models.hypotheses`).

A symbol is an atom (with its brackets, if any), a bond, a branch's bracket, a dot or a ring number. The identity of a
molecule and the reason codes are those of `codecs.molecules`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, ClassVar, Literal, get_args

from latentbo.codecs.base import Reading
from latentbo.codecs.fragments import in_fragments
from latentbo.codecs.molecules import CACHED, MERGE_SAMPLE, TOO_LONG, UNSEEN_TOKEN, canonical
from latentbo.codecs.vocabulary import UnseenSymbolError, Vocabulary, learn_merges
from latentbo.errors import InputError, unknown_name

Order = Literal["canonical", "fragments"]
SYMBOL = re.compile(r"\[[^\]]+\]|Br|Cl|%\d\d|.")
_ATOMS = (
    "B C N O P S F Cl Br I b c n o p s [nH] [H] [C@] [C@@] [C@H] [C@@H] [N+] [N-] [NH+] [NH2+] [NH3+] [NH-] [n+] [n-] "
    "[nH+] [O-] [OH+] [O+] [o+] [S-] [S+] [s+] [S@] [S@@] [P@] [P@@] [C-] [c-] [N@] [N@@] [N@+] [N@@+] [NH] [N@H+] "
    "[N@@H+] [PH] [P+] [Si] [Se] [se] [BH-] [B-]"
)
ALPHABET = frozenset(_ATOMS.split()).union("()=#-/\\.123456789", (f"%{number}" for number in range(10, 20)))
"""What drug-like molecules are written with, whether or not the corpus shows it."""


@dataclass(frozen=True)
class SmilesCodec:
    """SMILES to runs of its symbols and back.

    `order` says how a molecule is spelled to the model: "canonical" is its canonical SMILES, "fragments" goes fragment by
    fragment (`codecs.fragments`). `max_tokens`, `max_atoms` and `salts` are those of `MoleculeCodec`. Raises `InputError`
    for another word.
    """

    vocabulary: Vocabulary
    max_tokens: int = 60
    max_atoms: int = 100
    salts: Literal["strip", "keep"] = "strip"
    order: Order = "canonical"
    kind: str = field(default="molecules", init=False)
    robust: ClassVar[bool] = False

    def __post_init__(self) -> None:
        if self.salts not in ("strip", "keep"):
            raise InputError(f"salts must be 'strip' or 'keep', not {self.salts!r}")
        if self.order not in get_args(Order):
            raise unknown_name("order", str(self.order), get_args(Order))

    def canonical(self, raw: Sequence[object]) -> list[str | None]:
        return [canonical(text, self.max_atoms, self.salts == "strip")[0] for text in raw]

    def read(self, raw: Sequence[object]) -> list[Reading]:
        return [self._tokenized(*canonical(text, self.max_atoms, self.salts == "strip")) for text in raw]

    def write(self, tokens: Sequence[Sequence[int]]) -> list[Reading]:
        return [self._tokenized(*self._object(row)) for row in tokens]

    def objects(self, tokens: Sequence[Sequence[int]]) -> list[tuple[str | None, str | None]]:
        """See `codecs.base.objects_of`."""
        return [self._object(row) for row in tokens]

    def _object(self, row: Sequence[int]) -> tuple[str | None, str | None]:
        try:
            spelled = "".join(self.vocabulary.expand(row))
        except UnseenSymbolError:
            return None, UNSEEN_TOKEN
        return canonical(spelled, self.max_atoms, self.salts == "strip")

    def _tokenized(self, smiles: str | None, reason: str | None) -> Reading:
        if smiles is None:
            return Reading(None, reason=reason)
        tokens = _tokens_of(spell(smiles, self.order), self.vocabulary)
        if tokens is None:
            return Reading(None, reason=UNSEEN_TOKEN)
        if len(tokens) > self.max_tokens:
            return Reading(None, reason=TOO_LONG)
        return Reading(smiles, tokens)

    def to_dict(self) -> dict[str, Any]:
        """Its `spelling` tells it from a `MoleculeCodec`, which has none."""
        return {
            "kind": self.kind,
            "spelling": "smiles",
            "order": self.order,
            "vocabulary": self.vocabulary.to_dict(),
            "max_tokens": self.max_tokens,
            "max_atoms": self.max_atoms,
            "salts": self.salts,
        }

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> SmilesCodec:
        fields = {name: data[name] for name in ("max_tokens", "max_atoms", "salts", "order")}
        return cls(Vocabulary.from_dict(data["vocabulary"]), **fields)

    @classmethod
    def learn(
        cls,
        smiles: Iterable[object],
        *,
        order: Order = "canonical",
        merges: int = 400,
        max_atoms: int = 100,
        salts: Literal["strip", "keep"] = "strip",
    ) -> SmilesCodec:
        """The codec of a corpus, as `MoleculeCodec.learn` makes one. Strings that cannot be read are left out; an empty
        corpus is an error.
        """
        molecules = (canonical(text, max_atoms, salts == "strip")[0] for text in smiles)
        spelled = [spell(molecule, order) for molecule in molecules if molecule is not None]
        return cls.from_spelled(spelled, order=order, merges=merges, max_atoms=max_atoms, salts=salts)

    @classmethod
    def from_spelled(
        cls,
        spelled: Sequence[str],
        *,
        order: Order = "canonical",
        merges: int = 400,
        max_atoms: int = 100,
        salts: Literal["strip", "keep"] = "strip",
    ) -> SmilesCodec:
        """`learn` for a corpus that `spell` has spelled in this order. Raises `InputError` for an empty one."""
        if not spelled:
            raise InputError("no molecule of the corpus can be read: one SMILES a line was expected")
        rows = [symbols_of(run) for run in spelled]
        alphabet = sorted(ALPHABET.union(*map(set, rows)))
        vocabulary = learn_merges(alphabet, rows[:: max(1, len(rows) // MERGE_SAMPLE)], merges)
        longest = max(len(vocabulary.tokenize(row)) for row in rows)
        return cls(vocabulary, longest + 5, max_atoms, salts, order)


def spell(smiles: str, order: Order) -> str:
    """How a canonical SMILES is written to the model; it reads back as the same one."""
    return in_fragments(smiles) if order == "fragments" else smiles


def symbols_of(spelled: str) -> list[str]:
    return SYMBOL.findall(spelled)


@lru_cache(maxsize=CACHED)
def _tokens_of(spelled: str, vocabulary: Vocabulary) -> tuple[int, ...] | None:
    """The tokens of a spelling; None where it has a symbol outside the vocabulary."""
    try:
        return tuple(vocabulary.tokenize(symbols_of(spelled)))
    except UnseenSymbolError:
        return None
