"""What a molecule is made of, counted: atoms with hydrogens, bonds by their ends and order, rings by their size.

Total energies are sums over these to a few hundredths of a Hartree (Benson 1976: group additivity), so that a surrogate of
an energy should have to learn only the rest.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from latentbo.codecs.molecules import parsed


def atom_counts(smiles: str) -> Counter[str]:
    """Atoms by symbol, hydrogens among them."""
    counts: Counter[str] = Counter()
    for atom in parsed(smiles).GetAtoms():
        counts[atom.GetSymbol()] += 1
        counts["H"] += atom.GetTotalNumHs()
    return +counts  # without those that are 0


def group_counts(smiles: str) -> Counter[str]:
    """Atoms, and bonds ("C-C", "C=O", "C:N", "N-H" ...) and rings ("ring 5") beside them."""
    molecule, counts = parsed(smiles), atom_counts(smiles)
    for bond in molecule.GetBonds():
        a, b = sorted((bond.GetBeginAtom().GetSymbol(), bond.GetEndAtom().GetSymbol()))
        counts[f"{a}{_SIGNS.get(bond.GetBondTypeAsDouble(), '~')}{b}"] += 1
    for atom in molecule.GetAtoms():
        counts[f"{atom.GetSymbol()}-H"] += atom.GetTotalNumHs()
    for ring in molecule.GetRingInfo().AtomRings():
        counts[f"ring {len(ring)}"] += 1
    return +counts


@dataclass(frozen=True)
class Groups:
    """A fixed list of groups; a call counts them in canonical SMILES. Groups that are not in the list are not counted."""

    names: tuple[str, ...]

    @classmethod
    def of(cls, smiles: Sequence[str], *, atoms_only: bool = False) -> Groups:
        """Those that occur in these molecules, by name."""
        found: set[str] = set()
        for text in smiles:
            found.update(atom_counts(text) if atoms_only else group_counts(text))
        return cls(tuple(sorted(found)))

    def __call__(self, smiles: Sequence[str]) -> Float[np.ndarray, "n q"]:
        rows = [[counts[name] for name in self.names] for counts in map(group_counts, smiles)]
        return np.asarray(rows, dtype=np.float64).reshape(len(smiles), len(self.names))


_SIGNS = {1.0: "-", 1.5: ":", 2.0: "=", 3.0: "#"}
