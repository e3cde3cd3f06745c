"""Molecules laid out as graphs for editing: what can be cut, bonded and closed, and what an edited graph has become."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import combinations, pairwise, product

from rdkit import Chem
from rdkit.Chem import rdqueries

from latentbo.codecs.molecules import canonical, parsed, rewritten
from latentbo.errors import InputError

Cut = tuple[int, int, int]  # the atom kept, the atom lost, the order of the bond between them
CACHED = 512  # graphs, about 0.2 MB each with what is known of their edits
LARGEST_RING = 7  # that an edit may make; a parent's larger rings may stay
NEW_RINGS = range(3, LARGEST_RING + 1)  # sizes

N, O, F, S, CL, BR, I = 7, 8, 9, 16, 17, 35, 53  # noqa: E741
HALOGENS = (F, CL, BR, I)
# bonds that nobody keeps in a bottle
UNSTABLE = {frozenset((O,)), *(frozenset((x, y)) for x in HALOGENS for y in (N, O, S, *HALOGENS))}

ORDER = {Chem.BondType.SINGLE: 1, Chem.BondType.DOUBLE: 2, Chem.BondType.TRIPLE: 3}

_UNPAIRED = rdqueries.NumRadicalElectronsGreaterQueryAtom(0)
_STRAINED = Chem.MolFromSmarts("[$([R]=[R]=[R]),$([r3,r4]=[r3,r4]),$([R]#@[R]),$([a;r3])]")


@dataclass(frozen=True, eq=False)
class Graph:
    """A molecule laid out for editing: `smiles` is canonical and one fragment, `molecule` is what it spells.

    Atoms are numbered alike in all tables. Everything derived is computed when first asked for and then kept.
    """

    smiles: str
    molecule: Chem.Mol

    @cached_property
    def kekule(self) -> Chem.Mol:
        return loosened(self.molecule)

    @cached_property
    def elements(self) -> tuple[int, ...]:
        return tuple(atom.GetAtomicNum() for atom in self.kekule.GetAtoms())

    @cached_property
    def hydrogens(self) -> tuple[int, ...]:
        """Hydrogens of each atom that can give way to a bond."""
        atoms = self.kekule.GetAtoms()
        return tuple(0 if atom.GetNoImplicit() else atom.GetTotalNumHs() for atom in atoms)

    @cached_property
    def bonds(self) -> tuple[tuple[int, int, int], ...]:
        """Both atoms and the order of each bond of order 1, 2 or 3."""
        found = ((bond.GetBeginAtomIdx(), bond.GetEndAtomIdx(), bond) for bond in self.kekule.GetBonds())
        return tuple((i, j, ORDER[bond.GetBondType()]) for i, j, bond in found if bond.GetBondType() in ORDER)

    @cached_property
    def neighbours(self) -> tuple[dict[int, int], ...]:
        """The atoms bonded to each atom, and the orders."""
        table: tuple[dict[int, int], ...] = tuple({} for _ in self.elements)
        for i, j, order in self.bonds:
            table[i][j] = table[j][i] = order
        return table

    @cached_property
    def rings(self) -> tuple[tuple[int, ...], ...]:
        return tuple(self.molecule.GetRingInfo().AtomRings())

    @cached_property
    def ring_bonds(self) -> dict[frozenset[int], int]:
        """How many rings share each ring bond."""
        counts: dict[frozenset[int], int] = {}
        for ring in self.rings:
            for pair in pairwise((*ring, ring[0])):
                counts[frozenset(pair)] = counts.get(frozenset(pair), 0) + 1
        return counts

    @cached_property
    def doubled(self) -> frozenset[int]:
        """Atoms with a double bond inside a ring; a second one would be an allene's."""
        found = ((i, j) for i, j, order in self.bonds if order == 2 and frozenset((i, j)) in self.ring_bonds)
        return frozenset(atom for pair in found for atom in pair)

    @cached_property
    def strained(self) -> bool:
        """Whether a ring holds an allene or a triple bond, or a very small one a double or aromatic bond."""
        return self.molecule.HasSubstructMatch(_STRAINED)

    @cached_property
    def paired(self) -> frozenset[int]:
        """Atoms with the opposite charges of a nitro group or its like, which only make sense together."""
        q = [atom.GetFormalCharge() for atom in self.kekule.GetAtoms()]
        return frozenset(atom for i, j, _ in self.bonds if q[i] * q[j] < 0 for atom in (i, j))

    @cached_property
    def free_bonds(self) -> tuple[tuple[int, int, int], ...]:
        """The bonds that can be cut or changed: all but those inside such a group and those to a hydrogen."""

        def free(i: int, j: int, order: int) -> bool:
            held = (i in self.paired) + (j in self.paired)
            return min(self.elements[i], self.elements[j]) > 1 and held < (2 if order == 1 else 1)

        return tuple(bond for bond in self.bonds if free(*bond))

    @cached_property
    def deletions(self) -> tuple[tuple[int, tuple[int, ...]], ...]:
        """Atoms that can go, and for each the neighbours that can take over its other bonds."""
        free = [0] * len(self.elements)
        for i, j, _ in self.free_bonds:
            free[i] += 1
            free[j] += 1
        found = []
        for atom, around in enumerate(self.neighbours):
            if free[atom] == len(around) or (atom in self.paired and len(around) == 1):
                found.append((atom, tuple(hub for hub in around if self._can_take_over(hub, atom))))
        return tuple((atom, hubs) for atom, hubs in found if hubs)

    def _can_take_over(self, hub: int, atom: int) -> bool:
        new = [x for x in self.neighbours[atom] if x != hub and x not in self.neighbours[hub]]
        room = self.hydrogens[hub] + self.neighbours[atom][hub]
        return room >= len(new) and all(self.bondable(hub, self.elements[x]) for x in new)

    @cached_property
    def closures(self) -> dict[int, list[tuple[int, int]]]:
        """Pairs of atoms, each with a hydrogen, whose bond would close a ring; by the size of that ring."""
        distance = Chem.GetDistanceMatrix(self.molecule)
        pairs: dict[int, list[tuple[int, int]]] = {size: [] for size in NEW_RINGS}
        for i, j in combinations([atom for atom, count in enumerate(self.hydrogens) if count], 2):
            size = int(distance[i, j]) + 1
            if size in pairs and self.bondable(i, self.elements[j]):
                pairs[size].append((i, j))
        return pairs

    def bridges(self, i: int, j: int) -> bool:
        """Whether a bond between two atoms would span more than one bond of a ring, as a bridge does."""
        path = Chem.GetShortestPath(self.molecule, i, j)
        inside = [frozenset(pair) in self.ring_bonds for pair in pairwise(path)]
        return any(both for both in map(all, pairwise(inside)))

    @cached_property
    def chain_bonds(self) -> tuple[tuple[int, int], ...]:
        """Single bonds outside rings that can be cut."""
        free = ((i, j) for i, j, order in self.free_bonds if order == 1)
        return tuple(pair for pair in free if frozenset(pair) not in self.ring_bonds)

    @cached_property
    def arcs(self) -> dict[int, list[tuple[Cut, Cut]]]:
        """The runs of atoms that two cuts take out of a ring, by length. Bonds that two rings share stay."""
        found: dict[int, list[tuple[Cut, Cut]]] = {}
        for ring in self.rings:
            size = len(ring)
            for start, length in product(range(size), range(1, size)):
                end = (start + length - 1) % size
                sides = (ring[start], ring[start - 1]), (ring[end], ring[(end + 1) % size])
                if all(self.ring_bonds[frozenset(side)] == 1 and not self.paired & {*side} for side in sides):
                    left, right = ((kept, lost, self.neighbours[kept][lost]) for kept, lost in sides)
                    found.setdefault(length, []).append((left, right))
        return found

    @cached_property
    def oxidisable(self) -> tuple[int, ...]:
        """Sulfur that can take one more =O: that of sulfides, sulfoxides and sulfinamides."""

        def fits(atom: Chem.Atom) -> bool:
            sulfur = atom.GetAtomicNum() == S and atom.GetDegree() > 1 and atom.GetTotalValence() in (2, 4)
            return sulfur and not (atom.GetIsAromatic() or atom.GetTotalNumHs() or atom.GetFormalCharge())

        return tuple(atom.GetIdx() for atom in self.molecule.GetAtoms() if fits(atom))

    def bondable(self, atom: int, element: int) -> bool:
        """Whether a new bond between this atom and that element would last."""
        return frozenset((self.elements[atom], element)) not in UNSTABLE


def loosened(molecule: Chem.Mol) -> Chem.Mol:
    """Its Kekulé form with implicit hydrogens, so that valences fill up by themselves, those of radicals too.

    Atoms whose hydrogens RDKit would count otherwise (the sulfur of `C[SH2]C`) keep their number.
    """
    out = Chem.Mol(molecule)
    Chem.Kekulize(out, clearAromaticFlags=True)
    for atom in out.GetAtoms():
        total, radicals = atom.GetTotalNumHs(), atom.GetNumRadicalElectrons()
        if not atom.GetNoImplicit() and not radicals:
            continue
        atom.SetNoImplicit(False)
        atom.SetNumExplicitHs(0)
        atom.SetNumRadicalElectrons(0)
        atom.UpdatePropertyCache(strict=False)
        if not radicals and atom.GetTotalNumHs() != total:
            atom.SetNoImplicit(True)
            atom.SetNumExplicitHs(total)
            atom.UpdatePropertyCache(strict=False)
    return out


@lru_cache(maxsize=CACHED)
def read(smiles: str) -> Graph:
    """The molecule, of a salt its largest piece. Raises `InputError` where the string is no molecule."""
    text, reason = canonical(smiles)
    if text is None:
        raise InputError(f"a parent must be the SMILES of a molecule, not {smiles!r} ({reason})")
    return Graph(text, parsed(text))


def finish(edited: Chem.Mol, max_heavy_atoms: int) -> Graph | None:
    """What an edited graph has become; None where that is no molecule, in pieces, a radical or too large.

    Its SMILES is a fixed point of reading and writing, as an identity must be.
    """
    if not 0 < edited.GetNumHeavyAtoms() <= max_heavy_atoms:
        return None
    if Chem.SanitizeMol(edited, catchErrors=True) != Chem.SanitizeFlags.SANITIZE_NONE:
        return None
    written = Chem.MolToSmiles(edited)
    for _ in range(3):
        molecule = None if "." in written else parsed(written)
        if molecule is None or len(molecule.GetAtomsMatchingQuery(_UNPAIRED)):
            return None
        before, written = written, rewritten(written)
        if written == before:
            return Graph(written, molecule)
    return None


def child_of(edited: Chem.Mol | None, parents: Sequence[Graph], max_heavy_atoms: int) -> Graph | None:
    """The finished child; None where it is a parent again, or has larger or more strained rings than any."""
    child = None if edited is None else finish(edited, max_heavy_atoms)
    if child is None or any(child.smiles == parent.smiles for parent in parents):
        return None
    allowed = max([LARGEST_RING, *(len(ring) for parent in parents for ring in parent.rings)])
    if any(len(ring) > allowed for ring in child.rings):
        return None
    return None if child.strained and not any(parent.strained for parent in parents) else child
