"""Counts and properties against RDKit's own objects, and the scale of co-training."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from rdkit import Chem
from rdkit.Chem import QED, AllChem, Descriptors

from latentbo.chemistry.descriptors import (
    DESCRIPTORS,
    PROPERTIES,
    STRUCTURE_VARIANCE,
    TargetScale,
    morgan_counts,
    properties,
    scaled_descriptors,
    tanimoto,
)
from latentbo.data.tables import read_smiles
from tests.conftest import MOLECULES


@pytest.mark.parametrize(("radius", "size"), [(3, 2048), (2, 256)])
def test_counts_are_folded_environment_counts(radius: int, size: int) -> None:
    counts = morgan_counts(MOLECULES, radius=radius, size=size)
    assert counts.shape == (len(MOLECULES), size)
    assert counts.dtype == np.float32
    for text, row in zip(MOLECULES, counts, strict=True):
        expected = np.zeros(size)
        generator = AllChem.GetMorganGenerator(radius=radius, fpSize=size)
        for bit, count in (
            generator.GetCountFingerprint(Chem.MolFromSmiles(text)).GetNonzeroElements().items()
        ):
            expected[bit] = count
        np.testing.assert_array_equal(row, expected)
    assert counts.max() > 1


def test_counts_see_two_bonds_far_unless_asked_otherwise() -> None:
    far = ["CCCCCCCN", "CCCCCCCO"]
    assert np.array_equal(morgan_counts(far), morgan_counts(far, radius=2))
    assert morgan_counts(far).sum() < morgan_counts(far, radius=3).sum()


def test_properties_are_in_their_own_units() -> None:
    table = properties(MOLECULES)
    assert table.shape == (len(MOLECULES), len(PROPERTIES))
    names = list(PROPERTIES)
    molecules = [Chem.MolFromSmiles(text) for text in MOLECULES]
    np.testing.assert_allclose(
        table[:, names.index("weight")], [Descriptors.MolWt(m) for m in molecules], rtol=1e-6
    )
    np.testing.assert_allclose(table[:, names.index("qed")], [QED.qed(m) for m in molecules], rtol=1e-6)
    phenol = dict(zip(names, table[MOLECULES.index("Oc1ccccc1")], strict=True))
    assert (phenol["rings"], phenol["aromatic_rings"], phenol["hbd"], phenol["heteroatoms"]) == (1, 1, 1, 1)


def test_scaled_descriptors_are_standardised_rows_of_the_table() -> None:
    table = scaled_descriptors(MOLECULES)
    assert table.shape == (len(MOLECULES), len(DESCRIPTORS))
    names = list(DESCRIPTORS)
    phenol = dict(zip(names, table[MOLECULES.index("Oc1ccccc1")], strict=True))
    raw = {name: phenol[name] * each.sd + each.mean for name, each in DESCRIPTORS.items()}
    counted = {"carbons": 6, "oxygens": 1, "hydrogens": 6, "heavy_atoms": 7, "rings": 1, "aromatic_rings": 1}
    assert {name: raw[name] for name in counted} == pytest.approx(counted)
    assert raw["nitrogens"] == pytest.approx(0.0)
    assert raw["tpsa"] == pytest.approx(20.23)
    chloride = table[MOLECULES.index("CCCl"), names.index("chlorines")]
    assert chloride == pytest.approx((1 - DESCRIPTORS["chlorines"].mean) / DESCRIPTORS["chlorines"].sd)


def test_the_descriptors_scale_is_zinc_s(shared_data: Path) -> None:
    some = read_smiles(shared_data / "zinc250k.smi.gz")[::250]
    table = scaled_descriptors(some)
    assert np.abs(table.mean(0)).max() < 0.2
    rare = [name in ("phosphorus", "bromines", "sp3_fraction") for name in DESCRIPTORS]
    assert np.abs(table.std(0) - 1)[~np.array(rare)].max() < 0.2
    assert table.std(0).max() < 1.2


def test_no_molecules_have_no_rows() -> None:
    assert morgan_counts([]).shape == (0, 2048)
    assert scaled_descriptors([]).shape == (0, len(DESCRIPTORS))
    assert properties([]).shape == (0, len(PROPERTIES))
    assert tanimoto("CCO", []) == []


def test_similarity_is_shared_bits_over_all_bits() -> None:
    first, *others = MOLECULES[:6]
    bits = [
        set(
            AllChem.GetMorganGenerator(radius=2, fpSize=2048)
            .GetFingerprint(Chem.MolFromSmiles(text))
            .GetOnBits()
        )
        for text in MOLECULES[:6]
    ]
    expected = [len(bits[0] & other) / len(bits[0] | other) for other in bits[1:]]
    assert tanimoto(first, others) == pytest.approx(expected)
    assert tanimoto(first, [first]) == [1.0]


def own_targets(values: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """Of a corpus on its own scale."""
    return TargetScale.of(values, counts).targets(values, counts).astype(np.float64)


def test_targets_are_standardised_and_structure_has_its_share() -> None:
    rng = np.random.default_rng(0)
    values = rng.normal(3.0, [1.0, 10.0, 1e-3], size=(400, 3)).astype(np.float32)
    values[0, 0] = 1e3
    counts = rng.poisson([0.2, 2.0, 0.0], size=(400, 3)).astype(np.float32)
    targets = own_targets(values, counts)
    assert targets.shape == (400, 6)
    np.testing.assert_allclose(targets[:, 1:3].std(0), 1.0, rtol=0.01)
    assert targets[0, 0] == 5.0
    logs = np.log1p(counts)
    np.testing.assert_allclose(targets[:, 3:].var(0).sum(), STRUCTURE_VARIANCE, rtol=0.01)
    ratio = targets[:, 3].std() / targets[:, 4].std()
    np.testing.assert_allclose(ratio, logs[:, 0].std() / logs[:, 1].std(), rtol=0.01)
    np.testing.assert_allclose(targets[:, 3:].mean(0), 0.0, atol=5e-3)


def test_constant_columns_are_zero_and_not_infinite() -> None:
    targets = own_targets(np.full((5, 2), 7.0, np.float32), np.zeros((5, 3), np.float32))
    np.testing.assert_array_equal(targets, 0.0)


def test_small_integers_count_like_floats() -> None:
    rng = np.random.default_rng(1)
    values, counts = rng.normal(size=(30, 2)).astype(np.float32), rng.poisson(2.0, size=(30, 4))
    scale = TargetScale.of(values, counts.astype(np.uint8))
    np.testing.assert_allclose(scale.log_mean, np.log1p(counts).mean(0), rtol=1e-5)
    np.testing.assert_array_equal(
        scale.targets(values, counts.astype(np.uint8)), own_targets(values, counts.astype(np.float32))
    )
