"""Molecules: canonical SMILES, rules of drug-like shape, graph edits, descriptors and structure counts."""

from __future__ import annotations

from latentbo.chemistry.descriptors import morgan_counts, scaled_descriptors, tanimoto
from latentbo.chemistry.drawing import draw, raster
from latentbo.chemistry.edits import GraphEdits
from latentbo.chemistry.realism import unrealistic
from latentbo.chemistry.rules import MoleculeRules
from latentbo.codecs.molecules import neutralised
from latentbo.codecs.spellings import molecule_codec
from latentbo.kinds.base import Kind

MOLECULES = Kind(
    name="molecules",
    noun="molecule",
    column="smiles",
    expected="SMILES that RDKit reads",
    codec=molecule_codec,
    rules=MoleculeRules.from_dict,
    realism=lambda objects: [unrealistic(name) for name in objects],
    edits={"graph": GraphEdits()},
    structure=morgan_counts,
    descriptors=scaled_descriptors,
    parent=neutralised,
    left_out="charges",
    draw=draw,
    raster=raster,
    similarity=tanimoto,
    likeness="Tanimoto similarity",
)
