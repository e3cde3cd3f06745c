"""New molecules from a corpus: halves of its molecules, put together anew.

A molecule is cut at one single bond outside rings; halves are exchanged among molecules cut at the same kind
of bond (element, aromaticity, degree, hydrogens and charge of both ends), so that what is joined has been
seen joined. Every half is used once and halves of one size are exchanged: sizes and properties stay those of
the corpus, and the molecules are new. They fill the space between the corpus's own molecules.
"""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import rdkit
import torch
from jaxtyping import Int
from rdkit import Chem, rdBase
from safetensors import safe_open
from safetensors.torch import save_file
from torch import Tensor

from latentbo.codecs.base import Codec, Reading
from latentbo.models.padding import pad
from latentbo.rng import numpy_stream
from latentbo.torch_rng import stream
from latentbo.training.corpus import Corpus
from latentbo.training.corpus_reader import mapper
from latentbo.training.token_sets import TokenSet

KEPT = "recombined.safetensors"
CHUNK = 10_000  # molecules whose halves are exchanged among themselves
SMALLEST_HALF = 3  # heavy atoms
JITTER = 2.0  # atoms; sizes are compared with this much noise, so that partners are not always the same
_CUTTABLE = Chem.MolFromSmarts("[!#1]-!@[!#1]")

End = tuple[int, bool, int, int, int]  # element, aromatic, degree, hydrogens, charge


@dataclass(frozen=True)
class Cut:
    """A molecule in two halves, each a SMILES with the atom [*:1] where the other was; `sizes` in heavy atoms."""

    ends: tuple[End, End]
    halves: tuple[str, str]
    sizes: tuple[int, int]


def cut(smiles: str, rng: np.random.Generator) -> Cut | None:
    """Cut at one bond at random; None where no bond leaves two halves of `SMALLEST_HALF` atoms."""
    molecule = Chem.MolFromSmiles(smiles)
    if molecule is None:
        return None
    bonds = molecule.GetSubstructMatches(_CUTTABLE)
    for index in rng.permutation(len(bonds)):
        i, j = bonds[index]
        # The end with the lesser kind comes first, so that the halves of two cuts of one kind can be exchanged.
        (end_i, i), (end_j, j) = sorted([(_end(molecule, i), i), (_end(molecule, j), j)])
        bond = molecule.GetBondBetweenAtoms(i, j)
        opened = Chem.FragmentOnBonds(molecule, [bond.GetIdx()], dummyLabels=[(0, 0)])
        atoms = Chem.GetMolFrags(opened)
        if len(atoms) != 2 or min(map(len, atoms)) <= SMALLEST_HALF:
            continue
        for atom in opened.GetAtoms():
            if atom.GetAtomicNum() == 0:
                atom.SetAtomMapNum(1)
        first = 0 if i in atoms[0] else 1
        halves = [Chem.MolFragmentToSmiles(opened, atoms[k]) for k in (first, 1 - first)]
        sizes = [len(atoms[k]) - 1 for k in (first, 1 - first)]
        return Cut((end_i, end_j), (halves[0], halves[1]), (sizes[0], sizes[1]))
    return None


def partners(cuts: Sequence[Cut | None], rng: np.random.Generator) -> list[tuple[int, int]]:
    """Pairs (a, b): the first half of cut a goes with the second half of cut b, which is of a's kind and about as
    large as a's own. Every cut is an a once and a b once, but for kinds that occur only once.
    """
    kinds: dict[tuple[End, End], list[int]] = defaultdict(list)
    for index, each in enumerate(cuts):
        if each is not None:
            kinds[each.ends].append(index)
    pairs: list[tuple[int, int]] = []
    for members in kinds.values():
        sizes = np.array([cuts[index].sizes[1] for index in members])  # type: ignore[union-attr]
        order = np.argsort(sizes + rng.uniform(0.0, JITTER, len(members)), kind="stable")
        ring = [members[k] for k in order]
        if len(ring) > 1:
            pairs.extend(zip(ring, [*ring[1:], ring[0]], strict=True))
    return sorted(pairs)


def join(first: str, second: str) -> str | None:
    """Two halves at their [*:1]; canonical SMILES, or None where RDKit refuses the whole."""
    a, b = Chem.MolFromSmiles(first), Chem.MolFromSmiles(second)
    if a is None or b is None:
        return None
    try:
        whole = Chem.molzip(a, b)
        Chem.SanitizeMol(whole)
        return str(Chem.MolToSmiles(whole))
    except (ValueError, RuntimeError):
        return None


def recombined(smiles: Sequence[str], rng: np.random.Generator) -> list[str]:
    """At most as many new molecules as there are `smiles`, each once, none of them among `smiles`."""
    with rdBase.BlockLogs():
        cuts = [cut(text, rng) for text in smiles]
        known, new = set(smiles), dict[str, None]()
        for a, b in partners(cuts, rng):
            whole = join(cuts[a].halves[0], cuts[b].halves[1])  # type: ignore[union-attr]
            if whole is not None and whole not in known:
                new[whole] = None
    return list(new)


def recombined_tokens(
    corpus: Corpus,
    rounds: int,
    seed: int,
    *,
    folder: Path | None = None,
    workers: int = 1,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> TokenSet:
    """New molecules, about nine tenths as many a round as the corpus has rows to train on, without descriptors.

    None of them is in the corpus: what is held out stays unseen. `folder` keeps them, or has them already.
    """
    key = {
        "sha256": corpus.sha256,
        "tokens": str(len(corpus.codec.vocabulary)),
        "rounds": str(rounds),
        "seed": str(seed),
        "rdkit": rdkit.__version__,
    }
    rows = _kept(folder, key)
    if rows is None:
        rows = _recombined(corpus, rounds, seed, workers, progress)
        if folder is not None:
            part = folder / f"{KEPT}.part"
            save_file({"tokens": rows}, part, metadata=key)
            os.replace(part, folder / KEPT)
    return TokenSet(rows, torch.zeros(len(rows), 0))


def _kept(folder: Path | None, key: dict[str, str]) -> Tensor | None:
    """What an earlier run has left, if it was made of the same."""
    if folder is None or not (folder / KEPT).exists():
        return None
    with safe_open(folder / KEPT, framework="pt") as file:
        return file.get_tensor("tokens") if file.metadata() == key else None


def _recombined(
    corpus: Corpus, rounds: int, seed: int, workers: int, progress: Callable[[int, int], None]
) -> Int[Tensor, "n t"]:
    rows = torch.nonzero(~corpus.held_out).flatten()
    jobs: list[tuple[list[str], int, int]] = []
    for turn in range(rounds):
        mixed = rows[torch.randperm(len(rows), generator=stream(seed, "recombined", turn))].tolist()
        jobs.extend(
            ([corpus.objects[i] for i in mixed[start : start + CHUNK]], turn, start)
            for start in range(0, len(mixed), CHUNK)
        )
    known = set(corpus.objects)
    tokens: list[tuple[int, ...]] = []
    with mapper(workers) as each:
        for done, readings in enumerate(each(partial(_chunk, codec=corpus.codec, seed=seed), jobs), 1):
            for reading in readings:
                if reading.object is not None and reading.object not in known:
                    known.add(reading.object)
                    tokens.append(reading.tokens)
            progress(done, len(jobs))
    return pad(tokens).to(torch.int16)


def _chunk(job: tuple[list[str], int, int], codec: Codec, seed: int) -> list[Reading]:
    smiles, turn, start = job
    new = recombined(smiles, numpy_stream(seed, "recombined", turn, start))
    return [reading for reading in codec.read(new) if reading.ok]


def _end(molecule: Chem.Mol, index: int) -> End:
    atom = molecule.GetAtomWithIdx(index)
    hydrogens, charge = atom.GetTotalNumHs(), atom.GetFormalCharge()
    return atom.GetAtomicNum(), atom.GetIsAromatic(), atom.GetDegree(), hydrogens, charge
