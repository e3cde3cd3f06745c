"""A parsed molecule is shared by every stage that looks at it: none of them may change it."""

from __future__ import annotations

import numpy as np
from rdkit import Chem

from latentbo.chemistry.descriptors import morgan_counts, properties, scaled_descriptors, tanimoto
from latentbo.chemistry.edits import GraphEdits
from latentbo.chemistry.realism import unrealistic
from latentbo.chemistry.rules import MoleculeRules
from latentbo.codecs.molecules import MoleculeCodec, _without_radicals, canonical, parsed
from latentbo.codecs.smiles import SmilesCodec

TEXTS = (
    "C[C@H](N)C(=O)O",
    "[CH3:1]O[CH2:2]C",
    "C[CH]C[CH2]",
    "F/C=C/Cl",
    "c1ccc2[nH]ccc2c1",
    "CC(=O)[O-].[Na+]",
    "O=C1CC2CCC1C2",
    "C[N+](C)(C)CC(=O)[O-]",
)


def described(text: str) -> str:
    """All that can be told of a molecule, as its atoms are numbered."""
    return Chem.MolToMolBlock(parsed(text)) + Chem.MolToCXSmiles(parsed(text))


def test_no_stage_changes_it() -> None:
    parsed.cache_clear()
    before = {text: described(text) for text in TEXTS}
    assert all(parsed(text) is parsed(text) for text in TEXTS)
    names = [name for name, _ in (canonical(text) for text in TEXTS) if name is not None]
    before |= {name: described(name) for name in names}
    codec = MoleculeCodec.learn(TEXTS, merges=5)
    assert _without_radicals("C[CH]C[CH2]", max_atoms=100) == "CCCC"
    codec.write([reading.tokens for reading in codec.read(TEXTS)])
    codec.write(np.random.default_rng(0).integers(3, len(codec.vocabulary), (200, 8)).tolist())
    in_fragments = SmilesCodec.learn(TEXTS, order="fragments", merges=5)
    in_fragments.write([reading.tokens for reading in in_fragments.read(TEXTS)])
    for name in names:
        unrealistic(name)
    morgan_counts(names)
    properties(names)
    scaled_descriptors(names)
    tanimoto(names[0], names)
    rules = MoleculeRules(catalogs=("PAINS", "BRENK"), windows={"logp": (-5.0, 5.0)}, require=("C",))
    rules(names)
    for seed in range(20):
        GraphEdits()(names, 10, np.random.default_rng(seed))
    assert {text: described(text) for text in before} == before
