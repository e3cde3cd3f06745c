"""Drawings are SVG of the right molecule, or nothing."""

from __future__ import annotations

import re

import pytest

from latentbo.chemistry.drawing import draw, raster


def test_a_molecule_is_drawn_with_its_bonds_and_its_description() -> None:
    svg = draw("c1ccncc1O", 300, 200)
    assert svg is not None
    assert svg.startswith(
        '<svg class="molecule" role="img" aria-label="Structure of c1ccncc1O" viewBox="0 0 300 200">'
    )
    assert svg.rstrip().endswith("</svg>")
    assert svg.count("<svg") == 1
    assert set(map(int, re.findall(r"bond-(\d+)", svg))) == set(range(7))


def test_the_description_is_escaped() -> None:
    svg = draw("[H]/C(C)=C(\\[H])C>>")
    assert svg is None
    svg = draw('C "><script>alert(1)</script>')  # RDKit takes what follows the blank for the name
    assert svg is not None
    assert "<script" not in svg
    assert "&lt;script&gt;" in svg


def test_pixels_are_of_the_molecule_on_nothing() -> None:
    pixels = raster("c1ccncc1O", 60, 40)
    assert pixels is not None
    assert pixels.shape == (80, 120, 4)
    assert pixels[0, 0, 3] == 0.0
    assert pixels[..., 3].max() == 1.0
    blue = (pixels[..., 2] > pixels[..., 0] + 0.3) & (pixels[..., 3] > 0.5)
    assert blue.any()  # the nitrogen
    assert raster("no molecule", 60, 40) is None


@pytest.mark.parametrize(
    "smiles",
    [
        "",
        "  ",
        "no molecule",
        "c1cccc1",
        "C1CC",
        None,
        float("nan"),
        7,
        "C" * 400,
        "C \ud800",
        "Cé",
        "C" * 5_000,
    ],
)
def test_what_cannot_be_drawn_is_none(smiles: object) -> None:
    assert draw(smiles) is None


@pytest.mark.parametrize(
    "smiles", ["C", "[Na+].[Cl-]", "[U]", "*CC*", "[2H]C", "C" * 150, "C[C@H](N)C(=O)O", "[CH3]"]
)
def test_unusual_molecules_are_drawn(smiles: str) -> None:
    assert draw(smiles) is not None
