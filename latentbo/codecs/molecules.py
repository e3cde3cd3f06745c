"""Molecules as canonical SMILES outside and SELFIES tokens inside (SELFIES: Krenn et al. 2020,
arXiv:1905.13741).

The canonical SMILES is the identity of a molecule. Stereochemistry is kept. A string is refused with one of
the reason codes below and never with an exception, because RDKit and selfies both accept, silently, strings
that mean something else (`MolFromSmiles("")` is a molecule, `"CC\\nO"` parses as `CC`,
`selfies.decoder("hello")` is an empty string).
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, ClassVar, Literal

import selfies
from rdkit import Chem, rdBase
from rdkit.Chem import rdqueries
from rdkit.Chem.MolStandardize import rdMolStandardize

from latentbo.codecs.base import Reading
from latentbo.codecs.vocabulary import UnseenSymbolError, Vocabulary, learn_merges
from latentbo.errors import InputError

MAX_CHARACTERS = 2_000  # above about 1,150 atoms RDKit's canonical ranking can overflow a thread's stack
CACHED = 200_000
PARSED = 5_000  # molecules, about 10 kB each: those of one ask

UNPARSABLE = "unparsable"
EMPTY = "empty"
TOO_LONG = "too_long"
TOO_MANY_ATOMS = "too_many_atoms"
UNSEEN_TOKEN = "unseen_token"
NO_SELFIES = "no_selfies"
NO_ROUND_TRIP = "no_round_trip"
MERGE_SAMPLE = 50_000

_HYDRIDES = (
    "C{}H1-1 CH2-1 N{}H1 N{}H1+1 NH2+1 NH3+1 N{}H1-1 O{}H1+1 OH2+1 "
    "S{}H1 SH2 SH3 S{}H1+1 SH2+1 P{}H1 PH2 PH3 P{}H1+1 PH2+1 PH3+1"
)
ALPHABET = frozenset(selfies.get_semantic_robust_alphabet()) | {
    f"[{bond}{atom.replace('{}', '')}]"
    for atom in _HYDRIDES.split()
    for bond in (("", "=", "/", "\\") if "{}" in atom else ("",))
}
"""SELFIES' own robust alphabet and the hydrides that filling up a derivation's open bonds can leave behind.
"""

_HYDROGEN = rdqueries.AtomNumEqualsQueryAtom(1)
_UNPAIRED = rdqueries.NumRadicalElectronsGreaterQueryAtom(0)
REASONS = (UNPARSABLE, EMPTY, TOO_LONG, TOO_MANY_ATOMS, UNSEEN_TOKEN, NO_SELFIES, NO_ROUND_TRIP)


@dataclass(frozen=True)
class MoleculeCodec:
    """SMILES to SELFIES tokens and back.

    `max_tokens` bounds the token rows of the model, `max_atoms` the heavy atoms (checked before
    canonicalising, which is what can blow up). `salts="strip"` keeps the fragment with most heavy atoms (of
    several, the one whose canonical SMILES comes first); `"keep"` keeps all of them. Raises `InputError` for another
    word.
    """

    vocabulary: Vocabulary
    max_tokens: int = 60
    max_atoms: int = 100
    salts: Literal["strip", "keep"] = "strip"
    kind: str = field(default="molecules", init=False)
    robust: ClassVar[bool] = True  # see `codecs.base.is_robust`

    def __post_init__(self) -> None:
        if self.salts not in ("strip", "keep"):
            raise InputError(f"salts must be 'strip' or 'keep', not {self.salts!r}")

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
        smiles = _without_radicals(_smiles_of(spelled), self.max_atoms)
        return canonical(smiles, self.max_atoms, self.salts == "strip")

    def _tokenized(self, smiles: str | None, reason: str | None) -> Reading:
        if smiles is None:
            return Reading(None, reason=reason)
        spelled, reason = selfies_of(smiles, self.max_atoms)
        if spelled is None:
            return Reading(None, reason=reason)
        tokens = _tokens_of(spelled, self.vocabulary)
        if tokens is None:
            return Reading(None, reason=UNSEEN_TOKEN)
        if len(tokens) > self.max_tokens:
            return Reading(None, reason=TOO_LONG)
        return Reading(smiles, tokens)

    def to_dict(self) -> dict[str, Any]:
        return {
            "kind": self.kind,
            "vocabulary": self.vocabulary.to_dict(),
            "max_tokens": self.max_tokens,
            "max_atoms": self.max_atoms,
            "salts": self.salts,
        }

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> MoleculeCodec:
        fields = {name: data[name] for name in ("max_tokens", "max_atoms", "salts")}
        return cls(Vocabulary.from_dict(data["vocabulary"]), **fields)

    @classmethod
    def learn(
        cls,
        smiles: Iterable[object],
        *,
        merges: int = 400,
        max_atoms: int = 100,
        salts: Literal["strip", "keep"] = "strip",
    ) -> MoleculeCodec:
        """The codec of a corpus: its alphabet joined with `ALPHABET`, its frequent runs, and room for its
        longest row.

        Merges are learnt on `MERGE_SAMPLE` rows spread evenly over the corpus. Strings that cannot be read
        are left out; an empty corpus is an error.
        """
        molecules = (canonical(text, max_atoms, salts == "strip")[0] for text in smiles)
        spelled = [run for molecule in molecules if molecule and (run := selfies_of(molecule, max_atoms)[0])]
        return cls.from_selfies(spelled, merges=merges, max_atoms=max_atoms, salts=salts)

    @classmethod
    def from_selfies(
        cls,
        spelled: Sequence[str],
        *,
        merges: int = 400,
        max_atoms: int = 100,
        salts: Literal["strip", "keep"] = "strip",
    ) -> MoleculeCodec:
        """`learn` for a corpus that is already SELFIES. Raises `InputError` for an empty one."""
        if not spelled:
            raise InputError("no molecule of the corpus can be read: one SMILES a line was expected")
        rows = [list(selfies.split_selfies(run)) for run in spelled]
        alphabet = sorted(ALPHABET.union(*map(set, rows)))
        vocabulary = learn_merges(alphabet, rows[:: max(1, len(rows) // MERGE_SAMPLE)], merges)
        longest = max(len(vocabulary.tokenize(row)) for row in rows)
        return cls(vocabulary, max_tokens=longest + 5, max_atoms=max_atoms, salts=salts)


@contextmanager
def quiet_rdkit() -> Iterator[None]:
    """Keep RDKit's log off the terminal, whoever calls it: what cannot be read has a reason code."""
    with rdBase.BlockLogs():
        yield


def canonical(text: object, max_atoms: int = 100, strip_salts: bool = True) -> tuple[str | None, str | None]:
    """Canonical SMILES and no reason, or None and the reason code. A canonical SMILES comes back as it is."""
    if not isinstance(text, str):
        missing = text is None or (isinstance(text, float) and math.isnan(text))
        return None, EMPTY if missing else UNPARSABLE
    text = str(text).strip()
    if not text:
        return None, EMPTY
    if len(text) > MAX_CHARACTERS:
        return None, TOO_LONG
    # RDKit stops reading at white space, and cannot take text that has no UTF-8 form.
    if len(text.split()) > 1 or not text.isascii():
        return None, UNPARSABLE
    return _canonical(text, max_atoms, strip_salts)


@lru_cache(maxsize=CACHED)
def _canonical(text: str, max_atoms: int, strip_salts: bool) -> tuple[str | None, str | None]:
    molecule = parsed(text)
    if molecule is None:
        return None, UNPARSABLE
    pieces = [Chem.Mol(molecule) if ":" in text else molecule]
    if strip_salts and "." in text:
        try:
            with rdBase.BlockLogs():
                pieces = list(Chem.GetMolFrags(molecule, asMols=True))
        except ValueError:  # aromatic atoms that RDKit reads once and not again
            return None, UNPARSABLE
    size = max(map(_heavy_atoms, pieces))
    if size == 0:
        return None, EMPTY
    if size > max_atoms:
        return None, TOO_MANY_ATOMS
    spelled = []
    for piece in (piece for piece in pieces if _heavy_atoms(piece) == size):
        # Atom maps label a drawing, not the molecule; a second reading makes the string a fixed point.
        for atom in piece.GetAtoms() if ":" in text else ():
            atom.SetAtomMapNum(0)
        first = rewritten(text) if piece is molecule else Chem.MolToSmiles(piece)
        again = rewritten(first)
        if not again:
            return None, UNPARSABLE
        spelled.append(again)
    return min(spelled), None


@lru_cache(maxsize=CACHED)
def rewritten(smiles: str) -> str:
    """What RDKit writes of the molecule that it reads in a string, empty where it reads none. A canonical SMILES comes back
    as it is.
    """
    molecule = parsed(smiles)
    return "" if molecule is None else Chem.MolToSmiles(molecule)


@lru_cache(maxsize=PARSED)
def parsed(smiles: str) -> Any:
    """The molecule (`Chem.Mol`) that RDKit reads in a string, None for none. Several stages look at the same one, so it
    is shared: do not change it.
    """
    with rdBase.BlockLogs():
        return Chem.MolFromSmiles(smiles)


def neutralised(smiles: str) -> str:
    """The molecule without the charges that a proton more or less makes: an amine and its ammonium are one."""
    with rdBase.BlockLogs():
        return Chem.MolToSmiles(rdMolStandardize.Uncharger().uncharge(parsed(smiles)))


def _heavy_atoms(molecule: Chem.Mol) -> int:
    """Atoms that are not hydrogen. RDKit's own count leaves out wildcards, a chain of which can be as long as
    any.
    """
    return molecule.GetNumAtoms() - len(molecule.GetAtomsMatchingQuery(_HYDROGEN))


@lru_cache(maxsize=CACHED)
def selfies_of(smiles: str, max_atoms: int) -> tuple[str | None, str | None]:
    """The SELFIES of a canonical SMILES that is written as the same molecule, or None and the reason."""
    try:
        spelled = selfies.encoder(smiles)
    except selfies.EncoderError:
        return None, NO_SELFIES
    back = _without_radicals(_smiles_of(spelled), max_atoms)
    # One writing is nearly always enough to see that it is the same molecule.
    same = rewritten(back) == smiles or canonical(back, max_atoms, strip_salts=False)[0] == smiles
    return (spelled, None) if same else (None, NO_ROUND_TRIP)


@lru_cache(maxsize=CACHED)
def _tokens_of(spelled: str, vocabulary: Vocabulary) -> tuple[int, ...] | None:
    """The tokens of a SELFIES string; None where it has a symbol outside the vocabulary."""
    try:
        return tuple(vocabulary.tokenize(selfies.split_selfies(spelled)))
    except UnseenSymbolError:
        return None


@lru_cache(maxsize=CACHED)
def _smiles_of(spelled: str) -> str:
    """SMILES that a SELFIES string derives; empty where it derives nothing."""
    try:
        return selfies.decoder(spelled) or ""
    except selfies.DecoderError:
        return ""


@lru_cache(maxsize=CACHED)
def _without_radicals(smiles: str, max_atoms: int) -> str:
    """The SMILES with hydrogens where a derivation left an atom short of bonds.

    A SELFIES symbol such as `[C@H1]` fixes its hydrogens for four bonds; where the grammar gives it fewer,
    RDKit sees a radical that nobody meant. Strings that `canonical` will refuse anyway are returned as they
    are.
    """
    # Only an atom in brackets has its hydrogens fixed.
    molecule = parsed(smiles) if "[" in smiles and len(smiles) <= MAX_CHARACTERS else None
    if molecule is None or _heavy_atoms(molecule) > max_atoms:
        return smiles
    radicals = [atom.GetIdx() for atom in molecule.GetAtomsMatchingQuery(_UNPAIRED)]
    if not radicals:
        return smiles
    molecule = Chem.Mol(molecule)
    for atom in map(molecule.GetAtomWithIdx, radicals):
        atom.SetNumExplicitHs(atom.GetNumExplicitHs() + atom.GetNumRadicalElectrons())
        atom.SetNumRadicalElectrons(0)
        atom.SetChiralTag(Chem.ChiralType.CHI_UNSPECIFIED)
    return Chem.MolToSmiles(molecule)
