"""Drawings of molecules (RDKit): inline SVG for the page, pixels for figures."""

from __future__ import annotations

from io import BytesIO
from typing import Any

import numpy as np
from markupsafe import Markup
from PIL import Image
from rdkit import Chem, rdBase
from rdkit.Chem import rdDepictor
from rdkit.Chem.Draw import rdMolDraw2D

MOST_CHARACTERS = 2_000  # RDKit's parser and ring search take long over more
MOST_ATOMS = 150  # a drawing of more is a tangle, and laying it out takes seconds
# RDKit's own F, S and Cl are too pale on white.
COLOURS = {9: (0.0, 0.5, 0.4), 16: (0.6, 0.42, 0.0), 17: (0.1, 0.5, 0.1)}


def draw(smiles: object, width: int = 260, height: int = 190) -> Markup | None:
    """The molecule as an `<svg>` with a description, or None where RDKit cannot read or draw it.

    Bonds are a tenth of the width (pixels) in molecules small enough for it, larger ones shrink to fit.
    """
    with rdBase.BlockLogs():
        molecule = _readable(smiles)
        if molecule is None:
            return None
        text = str(_finished(rdMolDraw2D.MolDraw2DSVG(width, height), molecule, width / 10, 1.6))
    body = text[text.index(">", text.index("<svg")) + 1 :]
    head = Markup('<svg class="molecule" role="img" aria-label="Structure of {}" viewBox="0 0 {} {}">')
    return head.format(smiles, width, height) + Markup(body)


def raster(smiles: object, width: int, height: int) -> np.ndarray | None:
    """The molecule as pixels (RGBA, twice `width` by `height`, on nothing), for figures; None as of `draw`."""
    with rdBase.BlockLogs():
        molecule = _readable(smiles)
        if molecule is None:
            return None
        drawer = rdMolDraw2D.MolDraw2DCairo(2 * width, 2 * height)
        with Image.open(
            BytesIO(_finished(drawer, molecule, 44.0, 3.2, smallest=22)), formats=("PNG",)
        ) as image:
            return np.asarray(image, dtype=np.float32) / 255


def _readable(smiles: object) -> Chem.Mol | None:
    if not isinstance(smiles, str) or not smiles.isascii() or not 0 < len(smiles.strip()) <= MOST_CHARACTERS:
        return None
    molecule = Chem.MolFromSmiles(smiles)
    return molecule if molecule is not None and 0 < molecule.GetNumAtoms() <= MOST_ATOMS else None


def _finished(drawer: Any, molecule: Chem.Mol, bond: float, line: float, smallest: int = 6) -> Any:
    """What the drawer makes of the molecule: text of an SVG, or bytes of a PNG. `smallest` is that of the letters."""
    rdDepictor.Compute2DCoords(molecule)
    rdDepictor.NormalizeDepiction(molecule)
    rdDepictor.StraightenDepiction(molecule)
    options: Any = rdMolDraw2D.MolDrawOptions()
    options.clearBackground = False
    options.fixedBondLength = bond
    options.bondLineWidth = line
    options.padding = 0.04
    options.minFontSize = smallest
    options.updateAtomPalette(COLOURS)
    drawer.SetDrawOptions(options)
    rdMolDraw2D.PrepareAndDrawMolecule(drawer, molecule)
    drawer.FinishDrawing()
    return drawer.GetDrawingText()
