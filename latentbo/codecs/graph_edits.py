"""Structural edits of a molecule: the mutations of Jensen's genetic algorithm (Chem. Sci. 2019, 10, 3567).

They are direct edits of the Kekulé graph instead of reaction SMARTS, drawn only from the places where valence
allows them. What differs from the original: a ligand that replaces another takes its place at a stereocentre,
charges stay, no new bond is one that nobody keeps in a bottle (`UNSTABLE`), elements are drawn by
`FREQUENCY`, sulfur can be oxidised, and rings close fused or spiro but never as a bridge.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import combinations, pairwise, product
from typing import TypeVar

import numpy as np
from rdkit import Chem
from rdkit.Chem import rdqueries

from latentbo.codecs.molecules import canonical, parsed
from latentbo.errors import InputError

T = TypeVar("T")
Cut = tuple[int, int, int]  # the atom kept, the atom lost, the order of the bond between them
CACHED = 512  # graphs, about 0.2 MB each with what is known of their edits
LARGEST_RING = 7  # that an edit may make; a parent's larger rings may stay

C, N, O, F, P, S, CL, BR, I = 6, 7, 8, 9, 15, 16, 17, 35, 53  # noqa: E741
VALENCE = {C: 4, N: 3, O: 2, F: 1, P: 3, S: 2, CL: 1, BR: 1}
HIGHEST_ORDER = {C: 3, N: 3, O: 2, F: 1, P: 1, S: 2, CL: 1, BR: 1}
# Nearer to what drugs are made of than Jensen's even odds, which moreover leave out phosphorus.
FREQUENCY = {C: 0.40, N: 0.18, O: 0.18, F: 0.08, S: 0.06, CL: 0.06, BR: 0.02, P: 0.02}
HALOGENS = (F, CL, BR, I)
UNSTABLE = {frozenset((O,)), *(frozenset((x, y)) for x in HALOGENS for y in (N, O, S, *HALOGENS))}

BOND = {1: Chem.BondType.SINGLE, 2: Chem.BondType.DOUBLE, 3: Chem.BondType.TRIPLE}
SIDES = (Chem.BondDir.ENDDOWNRIGHT, Chem.BondDir.ENDUPRIGHT)  # of a double bond next to it
VACANT = "vacant"  # the side where an atom next to a double bond has lost a ligand
ORDER = {bond: order for order, bond in BOND.items()}
NEW_ORDER = {1: 0.60, 2: 0.35, 3: 0.05}  # Jensen's, as is the next
CHANGED_ORDER = {1: 0.45, 2: 0.50, 3: 0.05}
RING_SIZE = {3: 0.05, 4: 0.05, 5: 0.40, 6: 0.45, 7: 0.05}

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
        pairs: dict[int, list[tuple[int, int]]] = {size: [] for size in RING_SIZE}
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
        before, written = written, Chem.MolToSmiles(molecule)
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


def draw(rng: np.random.Generator, weights: Mapping[T, float]) -> T:
    """One key, with probability in proportion to its weight."""
    left = rng.random() * sum(weights.values())
    for key, weight in weights.items():
        left -= weight
        if left < 0:
            return key
    return key


def pick(rng: np.random.Generator, places: Sequence[T]) -> T:
    """One of the places, each as likely. There must be one."""
    return places[int(rng.integers(len(places)))]


def release(molecule: Chem.RWMol, i: int, j: int) -> None:
    """Cut a bond such that what comes next to either atom, a bond or else a hydrogen, stands where it stood.

    RDKit's chiral tags go by the order of an atom's bonds, in which a new bond is last, as an implicit
    hydrogen is. The side of a double bond is noted for `attach`.
    """
    cut = molecule.GetBondBetweenAtoms(i, j)
    for here, there in ((i, j), (j, i)):
        atom = molecule.GetAtomWithIdx(here)
        if atom.GetChiralTag() != Chem.ChiralType.CHI_UNSPECIFIED:
            ligands = [bond.GetOtherAtomIdx(here) for bond in atom.GetBonds()]
            if (len(ligands) - 1 - ligands.index(there)) % 2:
                atom.InvertChirality()
        if cut.GetBondDir() in SIDES and _has_double_bond(atom):
            atom.SetBoolProp(VACANT, _points_up(cut, here))
    molecule.RemoveBond(i, j)


def attach(molecule: Chem.RWMol, i: int, j: int, order: int) -> None:
    """Bond two atoms, each on the side of its double bond where a released ligand was.

    Where the two atoms disagree about the direction of the bond, the geometry is left open.
    """
    molecule.AddBond(i, j, BOND[order])
    new = molecule.GetBondBetweenAtoms(i, j)
    upwards = set()
    for here in (i, j):
        atom = molecule.GetAtomWithIdx(here)
        if atom.HasProp(VACANT):
            upwards.add(atom.GetBoolProp(VACANT) == (here == i))
            atom.ClearProp(VACANT)
    if order != 1 or len(upwards) != 1:
        return
    new.SetBondDir(SIDES[upwards.pop()])
    for here in (i, j):
        atom = molecule.GetAtomWithIdx(here)
        sided = [bond for bond in atom.GetBonds() if bond.GetBondDir() in SIDES]
        if _has_double_bond(atom) and len({_points_up(bond, here) for bond in sided}) < len(sided):
            new.SetBondDir(Chem.BondDir.NONE)
            return


def _has_double_bond(atom: Chem.Atom) -> bool:
    return any(bond.GetBondType() == BOND[2] for bond in atom.GetBonds())


def _points_up(bond: Chem.Bond, here: int) -> bool:
    """Whether a bond with a direction rises from one of its atoms, as `/` in F/C=C rises to the carbon."""
    return (bond.GetBondDir() == SIDES[True]) == (bond.GetBeginAtomIdx() == here)


def _element(rng: np.random.Generator, order: int, valence: int) -> int:
    """An element that forms bonds of an order, and has at least some valence."""
    return draw(
        rng, {z: x for z, x in FREQUENCY.items() if HIGHEST_ORDER[z] >= order and VALENCE[z] >= valence}
    )


def append_atom(graph: Graph, rng: np.random.Generator) -> Chem.RWMol | None:
    """A new atom in the place of one, two or three hydrogens, or an oxygen on sulfur."""
    order = draw(rng, NEW_ORDER)
    element = _element(rng, order, order)
    sites = [i for i, free in enumerate(graph.hydrogens) if free >= order and graph.bondable(i, element)]
    if (element, order) == (O, 2):
        sites += graph.oxidisable
    if not sites:
        return None
    out = Chem.RWMol(graph.kekule)
    new = out.AddAtom(Chem.Atom(element))
    out.AddBond(pick(rng, sites), new, BOND[order])
    return out


def insert_atom(graph: Graph, rng: np.random.Generator) -> Chem.RWMol | None:
    """A new atom between two bonded ones. A multiple bond becomes a single one on one side at least."""
    order = draw(rng, NEW_ORDER)
    element = _element(rng, order, order + 1)
    both_ways = [(i, j, old) for x, y, old in graph.free_bonds for i, j in ((x, y), (y, x))]
    places = [
        (i, j)
        for i, j, old in both_ways
        if graph.hydrogens[i] + old >= order and graph.bondable(i, element) and graph.bondable(j, element)
        if order < 3 or frozenset((i, j)) not in graph.ring_bonds
    ]
    if not places:
        return None
    i, j = pick(rng, places)
    out = Chem.RWMol(graph.kekule)
    release(out, i, j)
    new = out.AddAtom(Chem.Atom(element))
    attach(out, i, new, order)
    attach(out, j, new, 1)
    return out


def delete_atom(graph: Graph, rng: np.random.Generator) -> Chem.RWMol | None:
    """One atom less; one of its neighbours takes over its other bonds, as single ones."""
    if not graph.deletions:
        return None
    atom, hubs = pick(rng, graph.deletions)
    hub = pick(rng, hubs)
    out = Chem.RWMol(graph.kekule)
    for x in graph.neighbours[atom]:
        release(out, atom, x)
        if atom in graph.paired and x in graph.paired:
            out.GetAtomWithIdx(x).SetFormalCharge(0)
    for x in graph.neighbours[atom]:
        if x != hub and x not in graph.neighbours[hub]:
            attach(out, hub, x, 1)
    out.RemoveAtom(atom)
    return out


def change_bond(graph: Graph, rng: np.random.Generator) -> Chem.RWMol | None:
    """Another order of one bond, paid for or filled up with hydrogens."""
    order = draw(rng, CHANGED_ORDER)

    def fits(i: int, j: int, old: int) -> bool:
        if old == order or min(graph.hydrogens[i], graph.hydrogens[j]) < order - old:
            return False
        in_ring = frozenset((i, j)) in graph.ring_bonds
        return order == 1 or not in_ring or (order == 2 and not graph.doubled & {i, j})

    places = [(i, j) for i, j, old in graph.free_bonds if fits(i, j, old)]
    if not places:
        return None
    out = Chem.RWMol(graph.kekule)
    out.GetBondBetweenAtoms(*pick(rng, places)).SetBondType(BOND[order])
    return out


def change_atom(graph: Graph, rng: np.random.Generator) -> Chem.RWMol | None:
    """Another element, uncharged, at one atom."""
    element = draw(rng, FREQUENCY)

    def fits(atom: int) -> bool:
        around = graph.neighbours[atom]
        held = atom in graph.paired or any(x in graph.paired and order > 1 for x, order in around.items())
        if held or graph.elements[atom] in (1, element) or sum(around.values()) > VALENCE[element]:
            return False
        return all(
            graph.bondable(x, element) and order <= HIGHEST_ORDER[element] for x, order in around.items()
        )

    sites = [atom for atom in range(len(graph.elements)) if fits(atom)]
    if not sites:
        return None
    out = Chem.RWMol(graph.kekule)
    atom = out.GetAtomWithIdx(pick(rng, sites))
    atom.SetAtomicNum(element)
    atom.SetFormalCharge(0)
    atom.SetIsotope(0)
    atom.SetNumExplicitHs(0)
    atom.SetNoImplicit(False)
    return out


def close_ring(graph: Graph, rng: np.random.Generator) -> Chem.RWMol | None:
    """A new single bond that closes a ring of 3 to 7 atoms, fused or spiro or alone."""
    pairs = graph.closures[draw(rng, RING_SIZE)]
    shuffled = (pairs[k] for k in rng.permutation(len(pairs)))
    place = next((pair for pair in shuffled if not graph.bridges(*pair)), None)
    if place is None:
        return None
    out = Chem.RWMol(graph.kekule)
    out.AddBond(place[0], place[1], BOND[1])
    return out


def open_ring(graph: Graph, rng: np.random.Generator) -> Chem.RWMol | None:
    """One bond of one ring less; bonds that two rings share stay."""
    places = [(i, j) for i, j, _ in graph.free_bonds if graph.ring_bonds.get(frozenset((i, j))) == 1]
    if not places:
        return None
    out = Chem.RWMol(graph.kekule)
    release(out, *pick(rng, places))
    return out


MUTATIONS: dict[str, Callable[[Graph, np.random.Generator], Chem.RWMol | None]] = {
    "append_atom": append_atom,
    "insert_atom": insert_atom,
    "delete_atom": delete_atom,
    "change_bond": change_bond,
    "change_atom": change_atom,
    "close_ring": close_ring,
    "open_ring": open_ring,
}
