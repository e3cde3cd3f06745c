"""The ways to spell a molecule to a model: SELFIES, canonical SMILES, SMILES fragment by fragment."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import selfies

from latentbo.codecs.fragments import in_fragments
from latentbo.codecs.molecules import MoleculeCodec, selfies_of
from latentbo.codecs.smiles import SmilesCodec, symbols_of
from latentbo.codecs.vocabulary import SpellingName


@dataclass(frozen=True)
class Spelling:
    """One of them: how a corpus is read and its codec learnt.

    spell    a canonical SMILES and the most heavy atoms -> the string, or None and a reason code
    symbols  of such a string
    learn    such strings of the training molecules and `merges` -> the codec
    """

    spell: Callable[[str, int], tuple[str | None, str | None]]
    symbols: Callable[[str], list[str]]
    learn: Callable[..., MoleculeCodec | SmilesCodec]


SPELLINGS: dict[SpellingName, Spelling] = {
    "selfies": Spelling(
        selfies_of, lambda spelled: list(selfies.split_selfies(spelled)), MoleculeCodec.from_selfies
    ),
    "smiles": Spelling(
        lambda smiles, max_atoms: (smiles, None),
        symbols_of,
        partial(SmilesCodec.from_spelled, order="canonical"),
    ),
    "fragments": Spelling(
        lambda smiles, max_atoms: (in_fragments(smiles), None),
        symbols_of,
        partial(SmilesCodec.from_spelled, order="fragments"),
    ),
}


def spelling_of(codec: MoleculeCodec | SmilesCodec) -> SpellingName:
    """What a codec's tokens spell."""
    if isinstance(codec, MoleculeCodec):
        return "selfies"
    return "fragments" if codec.order == "fragments" else "smiles"


def molecule_codec(card: dict[str, Any]) -> MoleculeCodec | SmilesCodec:
    """The codec that a model card describes: of SELFIES where it names no spelling, as cards did before there was a choice.

    Raises `KeyError` for a spelling that nobody knows.
    """
    codecs: dict[str, type[MoleculeCodec] | type[SmilesCodec]] = {
        "selfies": MoleculeCodec,
        "smiles": SmilesCodec,
    }
    return codecs[card.get("spelling", "selfies")].from_dict(card)
