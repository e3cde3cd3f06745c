"""Latent points survive a file; what is no latent point of this model is refused."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from latentbo.data.latents import latents_csv, read_latents, write_latents
from latentbo.errors import InputError

Z = np.random.default_rng(0).normal(size=(3, 12))
OBJECTS = ["CC", "C,C", ""]


def test_a_round_trip_is_exact(tmp_path: Path) -> None:
    write_latents(OBJECTS, Z, tmp_path / "z.csv")
    np.testing.assert_array_equal(read_latents(tmp_path / "z.csv", 12), Z)
    assert latents_csv(OBJECTS, Z) == (tmp_path / "z.csv").read_text()
    assert latents_csv(OBJECTS, Z).startswith("smiles,z0,z1,")
    assert read_latents(tmp_path / "z.csv", 12).flags.writeable


def test_numpy_reads_the_archive(tmp_path: Path) -> None:
    write_latents(OBJECTS, Z, tmp_path / "z.npz")
    with np.load(tmp_path / "z.npz", allow_pickle=False) as archive:
        np.testing.assert_array_equal(archive["z"], Z)
        assert archive["smiles"].tolist() == OBJECTS


def test_columns_are_found_by_name(tmp_path: Path) -> None:
    (tmp_path / "z.csv").write_text("name,z1,z0,zone\na,1,2,3\n")
    assert read_latents(tmp_path / "z.csv", 2).tolist() == [[2.0, 1.0]]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("z0,z1\n1,2\n", "has 2 latent columns, but this model has 3"),
        ("z0,z1,z2,z3\n1,2,3,4\n", "has 4 latent columns"),
        ("z0,z1,z3\n1,2,3\n", "z0 ... z2 were expected"),
        ("z0,z1,z2\n1,2,3\n1,2,x\n", "not a finite number in row 2"),
        ("z0,z1,z2\n1,2,inf\n", "not a finite number in row 1"),
        ("z0,z1,z2\n1,,2\n", "not a finite number in row 1"),
        ("", "cannot read latents"),
    ],
)
def test_what_is_refused(text: str, message: str, tmp_path: Path) -> None:
    (tmp_path / "z.csv").write_text(text)
    with pytest.raises(InputError, match=message):
        read_latents(tmp_path / "z.csv", 3)


def test_files_that_are_not_there_or_of_no_known_kind(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot read latents"):
        read_latents(tmp_path / "none.csv", 3)
    with pytest.raises(InputError, match=r"\.csv or \.npz"):
        write_latents(OBJECTS, Z, tmp_path / "z.txt")
