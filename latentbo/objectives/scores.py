"""Scores of one molecule, and how to join them. Every score is maximised except `sa_score`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping

import networkx
from rdkit import Chem
from rdkit.Chem import QED, rdMolDescriptors
from rdkit.Contrib.SA_Score import sascorer

from latentbo.objectives.modifiers import Modifier, gaussian, geometric_mean

Score = Callable[[Chem.Mol], float]

# Mean and deviation of logP, -SA and the cycle penalty over ZINC-250k: You et al. 2018, arXiv:1806.02473.
LOGP_MEAN, LOGP_STD = 2.4570953396190123, 1.434324401111988
SA_MEAN, SA_STD = -3.0525811293166134, 0.8335207024513095
CYCLE_MEAN, CYCLE_STD = -0.0485696876403053, 0.2860212110245455


def shaped(score: Score, modifier: Modifier) -> Score:
    """The modifier of the score."""
    return lambda molecule: modifier(score(molecule))


def geometric(*scores: Score) -> Score:
    """The geometric mean of non-negative scores. The first 0 ends it: put cheap ones first."""
    return lambda molecule: geometric_mean((score(molecule) for score in scores), len(scores))


def arithmetic(*scores: Score) -> Score:
    """The arithmetic mean of the scores."""
    return lambda molecule: sum(score(molecule) for score in scores) / len(scores)


def has(smarts: str) -> Score:
    """1 where the molecule contains the pattern, 0 where it does not."""
    pattern = Chem.MolFromSmarts(smarts)
    return lambda molecule: float(molecule.HasSubstructMatch(pattern))


def lacks(smarts: str) -> Score:
    """1 where the molecule does not contain the pattern, 0 where it does."""
    pattern = Chem.MolFromSmarts(smarts)
    return lambda molecule: float(not molecule.HasSubstructMatch(pattern))


def element_counts(molecule: Chem.Mol) -> Counter[str]:
    """How many atoms of each element there are, implicit hydrogens included."""
    atoms = molecule.GetAtoms()
    counts = Counter(atom.GetSymbol() for atom in atoms)
    counts["H"] += sum(atom.GetTotalNumHs() for atom in atoms)
    return counts


def fluorines(molecule: Chem.Mol) -> float:
    """The number of fluorine atoms."""
    return element_counts(molecule)["F"]


def isomer(formula: Mapping[str, int]) -> Score:
    """How near the molecule comes to a formula, hydrogens named in it: 1 for its isomers alone.

    The geometric mean of a Gaussian on each count (width 1) and of one on the number of all atoms (width 2).
    """
    bells = {element: gaussian(count, 1.0) for element, count in formula.items()}
    whole = gaussian(sum(formula.values()), 2.0)

    def score(molecule: Chem.Mol) -> float:
        counts = element_counts(molecule)
        parts = [bell(counts[element]) for element, bell in bells.items()]
        return geometric_mean([*parts, whole(counts.total())], len(parts) + 1)

    return score


def logp(molecule: Chem.Mol) -> float:
    """Crippen's octanol-water partition coefficient, log10."""
    return float(rdMolDescriptors.CalcCrippenDescriptors(molecule)[0])


def qed(molecule: Chem.Mol) -> float:
    """Quantitative estimate of drug-likeness, in [0, 1] (Bickerton et al. 2012, Nat. Chem. 4, 90)."""
    return float(QED.qed(molecule))  # type: ignore[no-untyped-call]


def sa_score(molecule: Chem.Mol) -> float:
    """Synthetic accessibility from 1 (easy) to 10 (hard): smaller is better (Ertl and Schuffenhauer 2009)."""
    return float(sascorer.calculateScore(molecule))


def penalized_logp(molecule: Chem.Mol) -> float:
    """logP less the penalties for poor accessibility and for large cycles, each standardised on ZINC-250k.

    Nothing bounds it: long chains score ever higher. The largest cycle follows the order of the atoms (see
    `largest_cycle`), so score canonical SMILES.
    """
    cycle = -max(0, largest_cycle(molecule) - 6)
    return (
        (logp(molecule) - LOGP_MEAN) / LOGP_STD
        + (-sa_score(molecule) - SA_MEAN) / SA_STD
        + (cycle - CYCLE_MEAN) / CYCLE_STD
    )


def largest_cycle(molecule: Chem.Mol) -> int:
    """The length of the longest cycle in networkx's cycle basis, 0 without cycles.

    Published numbers rest on this basis, which is not one of smallest rings: for 0.5 % of ZINC-250k it
    differs from RDKit's (mean penalty 0.049 against 0.038, published 0.0486), and for 0.3 % it changes with
    the order of the atoms.
    """
    graph = networkx.Graph(Chem.GetAdjacencyMatrix(molecule))
    return max(map(len, networkx.cycle_basis(graph)), default=0)


def chemvae(molecule: Chem.Mol) -> float:
    """5 QED - SA, the target of Gómez-Bombarelli et al. (2018, arXiv:1610.02415)."""
    return 5.0 * qed(molecule) - sa_score(molecule)
