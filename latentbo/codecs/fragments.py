"""A molecule spelled fragment by fragment: SAFE (Noutahi et al. 2024, 10.1039/D4DD00019F).

The single bonds that BRICS would cut (Degen et al. 2008, 10.1002/cmdc.200800178) are written as ring numbers from %10 on,
and the fragments between them, joined by dots, in the order in which the canonical SMILES comes to them. Any reader of
SMILES reads the result. Rings inside a fragment begin with the number 1 again, so that the same ring system is spelled
alike wherever it stands, and a slip in one fragment leaves the rings of the others as they were.
"""

from __future__ import annotations

import re
from bisect import insort
from collections.abc import Iterator
from functools import lru_cache

from rdkit import Chem
from rdkit.Chem import BRICS

from latentbo.codecs.molecules import CACHED, MAX_CHARACTERS, parsed

FIRST, LAST = 10, 99  # numbers of cut bonds: above those of most rings, and of two digits
_END = re.compile(r"\(\[(\d+)\*\]\)|\[(\d+)\*\]")  # where a bond was cut, as RDKit writes it
_ORDER = "_smilesAtomOutputOrder"


@lru_cache(maxsize=CACHED)
def in_fragments(smiles: str) -> str:
    """The spelling of a canonical SMILES, which reads back as the same one. It is the canonical SMILES itself where nothing is
    cut, or where the cuts cannot be spelled: a fragment with ten rings open, more open bonds than there are numbers.
    """
    spelled = _spelled(smiles)
    if spelled is None or len(spelled) > MAX_CHARACTERS:
        return smiles
    again = parsed(spelled)
    return spelled if again is not None and Chem.MolToSmiles(again) == smiles else smiles


def _spelled(smiles: str) -> str | None:
    """The fragments, not yet read back; None where nothing is cut."""
    molecule = parsed(smiles)
    if molecule is None or "*" in smiles:  # a wildcard would be taken for the end of a bond
        return None
    bonds = [molecule.GetBondBetweenAtoms(a, b) for (a, b), _ in BRICS.FindBRICSBonds(molecule)]  # type: ignore[no-untyped-call]
    cuts = sorted({bond.GetIdx() for bond in bonds if bond.GetBondType() == Chem.BondType.SINGLE})
    if not cuts:
        return None
    opened = Chem.FragmentOnBonds(molecule, cuts, dummyLabels=[(i, i) for i in range(1, len(cuts) + 1)])
    return _numbered(".".join(_pieces(molecule, opened)))


def _pieces(molecule: Chem.Mol, opened: Chem.Mol) -> Iterator[str]:
    """SMILES of the fragments, each from its first atom on, in the order of the whole molecule's SMILES."""
    whole = Chem.Mol(molecule)  # writing leaves the order of its atoms in it
    Chem.MolToSmiles(whole)
    place = {atom: i for i, atom in enumerate(whole.GetPropsAsDict(True, True)[_ORDER])}
    held: list[tuple[int, ...]] = []
    pieces = Chem.GetMolFrags(opened, asMols=True, sanitizeFrags=False, fragsMolAtomMapping=held)
    first = [min((atom for atom in atoms if atom in place), key=place.__getitem__) for atoms in held]
    for i in sorted(range(len(pieces)), key=lambda i: place[first[i]]):
        yield Chem.MolToSmiles(pieces[i], rootedAtAtom=held[i].index(first[i]))


def _numbered(text: str) -> str | None:
    """The text with a ring number for each cut bond, free again as soon as the bond is closed.

    None where the numbers do not suffice.
    """
    free = list(range(LAST, FIRST - 1, -1))  # the smallest last
    numbers: dict[str, int] = {}

    def number(found: re.Match[str]) -> str:
        label = found[1] or found[2]
        if label in numbers:
            closed = numbers.pop(label)
            insort(free, closed, key=lambda number: -number)
            return f"%{closed}"
        numbers[label] = free.pop()
        return f"%{numbers[label]}"

    try:
        return _END.sub(number, text)
    except IndexError:  # no number is free
        return None
