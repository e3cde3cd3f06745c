"""Whether a molecule looks like one that a chemist would make, by the molecules of ZINC-250k.

A molecule is realistic if every ring system of it occurs in at least `OFTEN` molecules of ZINC-250k, no ring has more
than `LARGEST_RING` atoms, and none of the `ALARMS` matches. 95 % of ZINC-250k is.

The table `data/ring_systems.txt.gz` has the 5,857 ring systems that occur there, a line `count<TAB>system` each, the most
frequent first; 1,201 of them occur ten times or more. `write_ring_counts` made it of `zinc250k.smi.gz`.
"""

from __future__ import annotations

import gzip
from collections import Counter
from collections.abc import Iterable, Mapping
from functools import cache, lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

from rdkit import Chem

from latentbo.codecs.molecules import CACHED, UNPARSABLE, canonical, parsed
from latentbo.errors import InputError

TABLE = Path(__file__).parent / "data" / "ring_systems.txt.gz"
OFTEN = 10  # molecules of ZINC-250k
LARGEST_RING = 7  # atoms
RARE_RING_SYSTEM, LARGE_RING = "rare_ring_system", "large_ring"


class Alarm(NamedTuple):
    """A pattern (SMARTS) that molecules should not have, and why."""

    smarts: str
    why: str


ALARMS: Mapping[str, Alarm] = MappingProxyType(
    {
        # As the measure is defined. SMARTS binds ',' closer than ';', so that of the three it finds gem-diamines alone.
        "hemiaminal": Alarm(
            "[CX4;!$(C([#8,#7])[#8,#7]C=O)]([NX3;!$(NC=O);!$(NS(=O)=O);!a,OX2H,OX1-;!a])"
            "([NX3H2,NX3H1;!$(NC=O);!$(NS(=O)=O),OX2H,OX1-])",
            "hemiaminal, gem-diol or gem-diamine: falls apart to a carbonyl compound in water",
        ),
        "hypervalent_sh": Alarm("[SX4;H1,H2,SX3;H1](=O)", "hydrogen at an oxidised sulphur: rearranges"),
        "acyclic_triene": Alarm("C=C-C=C-C=C", "triene: polymerises, and is oxidised by air"),
        "triazane": Alarm("[NX3][NX3][NX3]", "three nitrogens in a chain: loses nitrogen"),
        "peroxide": Alarm("[OX2][OX2]", "peroxide: explosive, oxidises what it meets"),
        "enol": Alarm("[CX3]=[CX3]-[OX2H,NX3H2]", "enol or primary enamine: turns to ketone or imine"),
        "allene": Alarm("C=C=C", "two double bonds at one carbon: reactive, and hardly ever bought"),
    }
)


@lru_cache(maxsize=CACHED)
def unrealistic(smiles: str) -> str | None:
    """Why a molecule is not realistic, None where it is: `unparsable`, `large_ring`, `rare_ring_system`, or the name of
    an alarm. What costs least is asked first.
    """
    molecule = parsed(smiles)
    if molecule is None:
        return UNPARSABLE
    if any(len(ring) > LARGEST_RING for ring in molecule.GetRingInfo().AtomRings()):
        return LARGE_RING
    counts = ring_counts()
    if any(counts.get(system, 0) < OFTEN for system in ring_systems(smiles)):
        return RARE_RING_SYSTEM
    return next((name for name, pattern in _patterns().items() if molecule.HasSubstructMatch(pattern)), None)


def ring_systems(smiles: str) -> frozenset[str]:
    """Fused and spiro rings together, with the atoms double-bonded to them, each as SMILES without stereochemistry.

    Bridged rings share atoms and are one system too. Raises `InputError` for what RDKit cannot read.
    """
    molecule = parsed(smiles)
    if molecule is None:
        raise InputError(f"a SMILES that RDKit reads was expected, not {smiles!r}")
    systems: list[set[int]] = []
    for ring in molecule.GetRingInfo().AtomRings():
        apart = [system for system in systems if system.isdisjoint(ring)]
        joined = set(ring).union(*(system for system in systems if not system.isdisjoint(ring)))
        systems = [*apart, joined]
    return frozenset(_spelled(molecule, system) for system in systems)


@cache
def ring_counts() -> Mapping[str, int]:
    """In how many molecules of ZINC-250k each ring system occurs, the most frequent first."""
    with gzip.open(TABLE, "rt", encoding="ascii") as file:
        rows = (line.rstrip("\n").split("\t") for line in file)
        return MappingProxyType({system: int(count) for count, system in rows})


def write_ring_counts(smiles: Iterable[str], file: Path = TABLE) -> None:
    """Make the table anew of a corpus; lines that cannot be read are left out. The same corpus gives the same bytes."""
    objects = (canonical(text)[0] for text in smiles)
    counts = Counter(system for name in objects if name is not None for system in ring_systems(name))
    order = sorted(counts.items(), key=lambda row: (-row[1], row[0]))
    text = "".join(f"{count}\t{system}\n" for system, count in order)
    file.write_bytes(gzip.compress(text.encode("ascii"), 9, mtime=0))


def _spelled(molecule: Chem.Mol, system: set[int]) -> str:
    """The atoms of a ring system and those double-bonded to it, as SMILES."""
    bonds = (bond for index in system for bond in molecule.GetAtomWithIdx(index).GetBonds())
    doubles = (bond for bond in bonds if bond.GetBondType() == Chem.BondType.DOUBLE)
    ends = {end for bond in doubles for end in (bond.GetBeginAtomIdx(), bond.GetEndAtomIdx())}
    return str(Chem.MolFragmentToSmiles(molecule, sorted(system | ends), isomericSmiles=False))


@cache
def _patterns() -> dict[str, Chem.Mol]:
    return {name: Chem.MolFromSmarts(alarm.smarts) for name, alarm in ALARMS.items()}
