"""One symbol of a molecule's SELFIES replaced, inserted or deleted.

The edit of STONED (Nigam et al. 2021, Chem. Sci. 12, 7079). The SELFIES grammar makes a molecule of any row
of symbols, so that no rule of chemistry has to be written down here; the price is that one symbol can change
the meaning of all that follow it, and that a child is now and then a stump of its parent.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
import selfies
from rdkit import Chem, rdBase

from latentbo.chemistry.graphs import CACHED, finish, loosened, read
from latentbo.errors import InputError
from latentbo.rng import draw, pick

TRIES = 10
REPLACE, INSERT, DELETE = "replace", "insert", "delete"


def edit_selfies(
    smiles: str,
    alphabet: Sequence[str],
    rng: np.random.Generator,
    *,
    weights: Sequence[float] | None = None,
    max_heavy_atoms: int = 60,
) -> str | None:
    """One symbol replaced, inserted or deleted, each as often; new symbols in proportion to their `weights`.

    Canonical SMILES, or None where ten tries came to nothing or the molecule has no SELFIES. Atoms that the
    grammar leaves short of bonds get hydrogens. Raises `InputError` for a string that is no molecule, for a
    symbol that is none of SELFIES', and for weights that do not fit.
    """
    chances = _chances(tuple(alphabet), None if weights is None else tuple(map(float, weights)))
    parent = read(smiles)
    symbols = _symbols(parent.smiles)
    if symbols is None:
        return None
    with rdBase.BlockLogs():
        for _ in range(TRIES):
            molecule = Chem.MolFromSmiles(_decoded(_edited(symbols, chances, rng)))
            child = None if molecule is None else finish(loosened(molecule), max_heavy_atoms)
            if child is not None and child.smiles != parent.smiles:
                return child.smiles
    return None


def _edited(symbols: Sequence[str], chances: dict[str, float], rng: np.random.Generator) -> str:
    kind = pick(rng, (REPLACE, INSERT, DELETE))
    place = int(rng.integers(len(symbols) + (kind == INSERT)))
    new = [] if kind == DELETE else [draw(rng, chances)]
    return "".join([*symbols[:place], *new, *symbols[place + (kind != INSERT) :]])


def _decoded(spelled: str) -> str:
    try:
        return selfies.decoder(spelled) or ""
    except selfies.DecoderError:
        return ""


@lru_cache(maxsize=CACHED)
def _symbols(smiles: str) -> tuple[str, ...] | None:
    """The SELFIES of a canonical SMILES; None where its grammar refuses the valences of the molecule."""
    try:
        return tuple(selfies.split_selfies(selfies.encoder(smiles)))
    except selfies.EncoderError:
        return None


@lru_cache(maxsize=16)
def _chances(alphabet: tuple[str, ...], weights: tuple[float, ...] | None) -> dict[str, float]:
    """The weight of each symbol, after every check that concerns the alphabet alone."""
    if not alphabet:
        raise InputError("an alphabet of one SELFIES symbol or more was expected, such as ['[C]', '[=O]']")
    for symbol in alphabet:
        if not _is_symbol(symbol):
            raise InputError(f"{symbol!r} is no SELFIES symbol: one in brackets was expected, such as '[=C]'")
    numbers = (1.0,) * len(alphabet) if weights is None else weights
    if len(numbers) != len(alphabet):
        raise InputError(f"one weight a symbol was expected ({len(alphabet)}), not {len(numbers)}")
    if not np.isfinite(numbers).all() or min(numbers) < 0 or not any(numbers):
        raise InputError("weights must be finite and not negative, and one of them above 0")
    chances = dict.fromkeys(alphabet, 0.0)
    for symbol, number in zip(alphabet, numbers, strict=True):
        chances[symbol] += number
    return chances


def _is_symbol(symbol: str) -> bool:
    if not isinstance(symbol, str) or not (symbol.startswith("[") and symbol.endswith("]")):
        return False
    try:
        selfies.decoder(f"[C]{symbol}")
    except selfies.DecoderError:
        return False
    return symbol.count("[") == 1
