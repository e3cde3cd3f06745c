"""Which decoded molecules may be measured, and the reason code of each that may not.

A molecule outside the rules is not a bad molecule: it gets no value at all, only a reason that can be counted
and shown (law 2 of the design). The same rules filter proposals and label what the feasibility model learns.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields
from functools import cache, lru_cache
from typing import Any

from rdkit import Chem, rdBase
from rdkit.Chem import rdqueries
from rdkit.Chem.FilterCatalog import FilterCatalog, FilterCatalogParams

from latentbo.chemistry.descriptors import PROPERTIES
from latentbo.codecs.molecules import EMPTY, MAX_CHARACTERS, TOO_LONG, TOO_MANY_ATOMS, UNPARSABLE, parsed
from latentbo.errors import InputError, made_of, unknown_name

Rule = Callable[[Chem.Mol], str | None]  # the reason code, or None where the molecule passes
Number = int | float
Bounds = tuple[Number | None, Number | None]  # lowest and highest allowed, both inclusive; None is open

TOO_FEW_ATOMS = "too_few_atoms"
ELEMENT = "element"
RADICAL = "radical"
CHARGE = "charge"
RING_SIZE = "ring_size"

CATALOGS: dict[str, Any] = FilterCatalogParams.FilterCatalogs.names
ELEMENTS = {Chem.GetPeriodicTable().GetElementSymbol(z): z for z in range(1, 119)}
ORGANIC_SUBSET = ("B", "C", "N", "O", "F", "P", "S", "Cl", "Br", "I")
DEAR = ("sa_score", "logp", "qed")  # 0.15 to 0.9 ms a molecule; every other property costs below 0.06 ms


@dataclass(frozen=True)
class MoleculeRules:
    """A flat description of the molecules that may be measured; a call gives a reason code or None for each.

    Rules are asked in this order, cheap ones first, and the first that fails names the reason:

        field            rule                                                    reason
        (always)         a string RDKit reads, with a heavy atom or more         empty, too_long, unparsable
        heavy_atoms      bounds on the atoms other than hydrogen                 too_few_atoms, too_many_atoms
        elements         symbols allowed besides hydrogen; () allows all         element
        charge           bounds on the sum of the formal charges                 charge
        ring_sizes       bounds on the atoms of every ring (RDKit's SSSR)        ring_size
        radicals         whether unpaired electrons are allowed                  radical
        require          SMARTS that must all be found                           required:<smarts>
        forbid           SMARTS of which none may be found                       forbidden:<smarts>
        windows          bounds on `chemistry.descriptors.PROPERTIES`            window:<property>
        catalogs         RDKit's structural alerts (PAINS, BRENK, NIH ...)       catalog:<name>

    Bounds are inclusive pairs, open where None or infinite. Of the windows, sa_score, logp and qed come last.

    The defaults ask for drug-like shape and no more: 99.9 % of ZINC-250k passes, and so does every reference
    molecule of the GuacaMol tasks. `radicals` is for SELFIES decoders: a token such as `[C@@H1]` keeps its
    one hydrogen when it gets too few neighbours, and RDKit accepts the carbon radical that this leaves.

    Raises `InputError` at construction for bounds that cross, SMARTS that do not parse, and unknown names.
    """

    heavy_atoms: Bounds = (1, 60)
    elements: tuple[str, ...] = ORGANIC_SUBSET
    charge: Bounds = (-2, 2)
    ring_sizes: Bounds = (3, 8)
    radicals: bool = False
    require: tuple[str, ...] = ()
    forbid: tuple[str, ...] = ()
    windows: Mapping[str, Bounds] = field(default_factory=dict, hash=False)
    catalogs: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        def put(name: str, value: Any) -> None:
            object.__setattr__(self, name, value)

        for name in ("heavy_atoms", "charge", "ring_sizes"):
            put(name, _bounds(name, getattr(self, name), whole=True))
        for name in ("elements", "require", "forbid", "catalogs"):
            put(name, _names(name, getattr(self, name)))
        if not isinstance(self.radicals, bool):
            raise InputError(f"radicals must be true or false, not {self.radicals!r}")
        for symbol in self.elements:
            _check_element(symbol)
        for smarts in self.require + self.forbid:
            _pattern(smarts)
        for name in self.catalogs:
            if name not in CATALOGS:
                raise unknown_name("catalog", name, CATALOGS)
        put("windows", _windows(self.windows))

    def __call__(self, objects: Sequence[str]) -> list[str | None]:
        """The reason code of each canonical SMILES, None where it passes. A bad row never raises; `InputError` for one string
        instead of a list.
        """
        if isinstance(objects, str):
            raise InputError(f"a sequence of SMILES was expected, not one string: write [{objects!r}]")
        rules = tuple(self.rules())
        with rdBase.BlockLogs():
            return [_first_reason(text, rules) for text in objects]

    def rules(self) -> Iterator[Rule]:
        """The rules that limit anything, in the order in which they are asked."""
        yield from _within(Chem.Mol.GetNumHeavyAtoms, self.heavy_atoms, TOO_FEW_ATOMS, TOO_MANY_ATOMS)
        if self.elements:
            allowed = sorted({1, *(ELEMENTS[symbol] for symbol in self.elements)})
            other = "[" + ";".join(f"!#{z}" for z in allowed) + "]"
            yield _substructure(other, wanted=False, reason=ELEMENT)
        yield from _within(Chem.GetFormalCharge, self.charge, CHARGE, CHARGE)
        yield from _within(_smallest_ring, (self.ring_sizes[0], None), RING_SIZE, RING_SIZE)
        yield from _within(_largest_ring, (None, self.ring_sizes[1]), RING_SIZE, RING_SIZE)
        if not self.radicals:
            yield lambda molecule: RADICAL if len(molecule.GetAtomsMatchingQuery(_UNPAIRED)) else None
        for smarts in self.require:
            yield _substructure(smarts, wanted=True, reason=f"required:{smarts}")
        for smarts in self.forbid:
            yield _substructure(smarts, wanted=False, reason=f"forbidden:{smarts}")
        for name, bounds in self.windows.items():
            yield from _within(PROPERTIES[name], bounds, f"window:{name}", f"window:{name}")
        for name in self.catalogs:
            yield _alerts(name)

    def __str__(self) -> str:
        """What differs from the defaults, in a line."""
        usual = MoleculeRules().to_dict()
        chosen = {name: value for name, value in self.to_dict().items() if value != usual[name]}
        return "; ".join(f"{name} {json.dumps(value)}" for name, value in chosen.items()) or "the defaults"

    def to_dict(self) -> dict[str, Any]:
        """JSON-able; `from_dict` turns it back."""
        data = {each.name: getattr(self, each.name) for each in fields(self)}
        listed = {name: list(value) if isinstance(value, tuple) else value for name, value in data.items()}
        return listed | {"windows": {name: list(bounds) for name, bounds in self.windows.items()}}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> MoleculeRules:
        """Rules from JSON or a TOML table, whose lists stand for tuples; a missing key keeps its default.

        Raises `InputError` for an unknown key and for values that mean nothing.
        """
        return made_of(cls, {name: _tuples(value) for name, value in data.items()}, "molecule rule")


def _tuples(value: Any) -> Any:
    """Lists as tuples, in a table too."""
    if isinstance(value, Mapping):
        return {name: _tuples(each) for name, each in value.items()}
    return tuple(value) if isinstance(value, list) else value


def _first_reason(text: str, rules: Sequence[Rule]) -> str | None:
    if not isinstance(text, str) or not text.strip():
        return EMPTY
    if len(text) > MAX_CHARACTERS:
        return TOO_LONG
    molecule = parsed(text) if _one_word(text) else None
    if molecule is None:
        return UNPARSABLE
    if molecule.GetNumHeavyAtoms() == 0:
        return EMPTY
    return next((reason for rule in rules if (reason := rule(molecule)) is not None), None)


def _one_word(text: str) -> bool:
    """Whether RDKit would read all of it: white space ends a pattern in silence, a lone surrogate raises."""
    return text.isascii() and len(text.split()) == 1


_UNPAIRED = rdqueries.NumRadicalElectronsGreaterQueryAtom(0)


def _largest_ring(molecule: Chem.Mol) -> Number:
    return max(map(len, molecule.GetRingInfo().AtomRings()), default=-math.inf)


def _smallest_ring(molecule: Chem.Mol) -> Number:
    return min(map(len, molecule.GetRingInfo().AtomRings()), default=math.inf)


def _within(measure: Callable[[Chem.Mol], Number], bounds: Bounds, below: str, above: str) -> Iterator[Rule]:
    """The rule that a number lies within its bounds; none where both are open."""
    low, high = (
        (-math.inf if bounds[0] is None else bounds[0]),
        (math.inf if bounds[1] is None else bounds[1]),
    )

    def rule(molecule: Chem.Mol) -> str | None:
        value = measure(molecule)
        if value < low:
            return below
        return None if value <= high else above  # so that NaN is outside any window

    if bounds != (None, None):
        yield rule


def _substructure(smarts: str, *, wanted: bool, reason: str) -> Rule:
    pattern = _pattern(smarts)
    return lambda molecule: None if molecule.HasSubstructMatch(pattern) == wanted else reason


def _alerts(name: str) -> Rule:
    catalog = _catalog(name)
    return lambda molecule: f"catalog:{name}" if catalog.HasMatch(molecule) else None


@cache
def _catalog(name: str) -> FilterCatalog:
    chosen = FilterCatalogParams()
    chosen.AddCatalog(CATALOGS[name])
    return FilterCatalog(chosen)


@lru_cache(maxsize=1_000)
def _pattern(smarts: str) -> Chem.Mol:
    with rdBase.BlockLogs():
        pattern = Chem.MolFromSmarts(smarts) if _one_word(smarts) else None
    if pattern is None:
        raise InputError(
            f"a SMARTS pattern such as '[#7]' was expected, not {smarts!r}: RDKit cannot read it"
        )
    return pattern


def _check_element(symbol: str) -> None:
    if symbol not in ELEMENTS:
        if symbol.capitalize() in ELEMENTS:
            raise InputError(f"unknown element {symbol!r}: did you mean {symbol.capitalize()!r}?")
        raise InputError(
            f"unknown element {symbol!r}: a symbol of the periodic table was expected, such as 'Cl'"
        )


def _names(name: str, value: Any) -> tuple[str, ...]:
    """A tuple of strings; one bare string would be taken apart letter by letter."""
    if (
        isinstance(value, str)
        or not isinstance(value, Sequence)
        or not all(isinstance(x, str) for x in value)
    ):
        raise InputError(f"{name} must be a list of strings, not {value!r}: write {name} = ['...']")
    return tuple(value)


def _bounds(name: str, value: Any, *, whole: bool = False) -> Bounds:
    """A pair of numbers in order, with None where it is open."""
    if isinstance(value, str) or not isinstance(value, Sequence) or len(value) != 2:
        raise InputError(
            f"{name} must be a pair (lowest, highest), not {value!r}; None or inf leaves an end open"
        )
    low, high = (
        _end(name, end, whole, open_end) for end, open_end in zip(value, (-math.inf, math.inf), strict=True)
    )
    if low is not None and high is not None and low > high:
        raise InputError(f"{name} has its lowest {low} above its highest {high}: exchange them")
    return low, high


def _end(name: str, value: Any, whole: bool, open_end: float) -> Number | None:
    if value is None or value == open_end:
        return None
    number = isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
    if not number or (whole and value != int(value)):
        kind = "whole number" if whole else "number"
        raise InputError(f"{name} must have a {kind}, None or {open_end} as this bound, not {value!r}")
    return int(value) if whole else value


def _windows(value: Any) -> dict[str, Bounds]:
    """Checked windows, the dear ones last."""
    if not isinstance(value, Mapping):
        raise InputError(
            f"windows must map a property to (lowest, highest), such as {{'logp': (-1, 5)}}, not {value!r}"
        )
    for name in value:
        if name not in PROPERTIES:
            raise unknown_name("property", str(name), PROPERTIES)
    order = sorted(value, key=lambda name: DEAR.index(name) if name in DEAR else -1)
    return {name: _bounds(f"windows.{name}", value[name]) for name in order}
