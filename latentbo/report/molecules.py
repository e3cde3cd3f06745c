"""Drawings of molecules as inline SVG (RDKit)."""

from __future__ import annotations

from typing import Any

from markupsafe import Markup
from rdkit import Chem, rdBase
from rdkit.Chem import rdDepictor
from rdkit.Chem.Draw import rdMolDraw2D

MOST_CHARACTERS = 2_000  # RDKit's parser and ring search take long over more
MOST_ATOMS = 150  # a drawing of more is a tangle, and laying it out takes seconds
# RDKit's own F, S and Cl are too pale on white.
COLOURS = {9: (0.0, 0.5, 0.4), 16: (0.6, 0.42, 0.0), 17: (0.1, 0.5, 0.1)}


def draw(smiles: object, width: int = 260, height: int = 190, *, bond: float = 26.0) -> Markup | None:
    """The molecule as an `<svg>` with a description, or None where RDKit cannot read or draw it.

    Lengths are pixels; `bond` is that of molecules small enough for it, larger ones shrink to fit.
    """
    if not isinstance(smiles, str) or not smiles.isascii() or not 0 < len(smiles.strip()) <= MOST_CHARACTERS:
        return None
    with rdBase.BlockLogs():
        molecule = Chem.MolFromSmiles(smiles)
        if molecule is None or not 0 < molecule.GetNumAtoms() <= MOST_ATOMS:
            return None
        text = _drawn(molecule, width, height, bond)
    body = text[text.index(">", text.index("<svg")) + 1 :]
    head = Markup('<svg class="molecule" role="img" aria-label="Structure of {}" viewBox="0 0 {} {}">')
    return head.format(smiles, width, height) + Markup(body)


def _drawn(molecule: Chem.Mol, width: int, height: int, bond: float) -> str:
    rdDepictor.Compute2DCoords(molecule)
    rdDepictor.NormalizeDepiction(molecule)
    rdDepictor.StraightenDepiction(molecule)
    drawer = rdMolDraw2D.MolDraw2DSVG(width, height)
    options: Any = rdMolDraw2D.MolDrawOptions()
    options.clearBackground = False
    options.fixedBondLength = bond
    options.bondLineWidth = 1.6
    options.padding = 0.04
    options.updateAtomPalette(COLOURS)
    drawer.SetDrawOptions(options)
    rdMolDraw2D.PrepareAndDrawMolecule(drawer, molecule)
    drawer.FinishDrawing()
    return str(drawer.GetDrawingText())
