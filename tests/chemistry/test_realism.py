"""What is held to be realistic, and that its table is ZINC-250k's."""

from __future__ import annotations

import gzip
import random
from pathlib import Path

import pytest
from rdkit import Chem

from latentbo.chemistry.realism import (
    ALARMS,
    LARGE_RING,
    OFTEN,
    RARE_RING_SYSTEM,
    TABLE,
    ring_counts,
    ring_systems,
    unrealistic,
    write_ring_counts,
)
from latentbo.codecs.molecules import UNPARSABLE
from latentbo.errors import InputError

EXAMPLES = {
    "hemiaminal": ("CC(NC)NC", "COC(C)OC"),
    "hypervalent_sh": ("C[SH](=O)=O", "CS(C)(=O)=O"),
    "acyclic_triene": ("C=CC=CC=C", "C=CC=CC"),
    "triazane": ("CN(C)N(C)NC", "CN(C)NC"),
    "peroxide": ("COOC", "COCOC"),
    "enol": ("CC=CO", "CC=COC"),
    "allene": ("CC=C=CC", "CC=CC=C"),
}


def test_every_alarm_has_an_example_and_a_reason() -> None:
    assert set(EXAMPLES) == set(ALARMS)
    assert all(alarm.why for alarm in ALARMS.values())


@pytest.mark.parametrize("name", EXAMPLES)
def test_an_alarm_matches_its_example_and_not_its_neighbour(name: str) -> None:
    bad, good = EXAMPLES[name]
    assert unrealistic(bad) == name
    assert unrealistic(good) is None


@pytest.mark.parametrize(
    ("smiles", "reason"),
    [
        ("CC(=O)Nc1ccc(O)cc1", None),
        ("CCO", None),
        ("C1CCCCCCC1", LARGE_RING),
        ("C1CCCCCC1", None),
        ("C1=CC=C1", RARE_RING_SYSTEM),
        ("no molecule", UNPARSABLE),
    ],
)
def test_reasons(smiles: str, reason: str | None) -> None:
    assert unrealistic(smiles) == reason


@pytest.mark.parametrize(
    ("smiles", "systems"),
    [
        ("CCO", set()),
        ("Cc1ccccc1", {"c1ccccc1"}),
        ("c1ccc(-c2ccccc2)cc1", {"c1ccccc1"}),  # biphenyl: two of one kind
        ("c1ccc2ccccc2c1", {"c1ccc2ccccc2c1"}),  # fused
        ("C1CC2(C1)CCNC2", {"C1CC2(C1)CCNC2"}),  # spiro
        ("O=C1CCCN1C", {"O=C1CCCN1"}),  # what is double-bonded belongs to it, a methyl does not
        ("C[C@H]1CC[C@@H](O)CC1", {"C1CCCCC1"}),  # stereochemistry is left out
        ("C1CC2CCC1C2", {"C1CC2CCC1C2"}),  # bridged
        ("c1cc2c3c(c1)CCC3CC2", {"c1cc2c3c(c1)CCC3CC2"}),  # three rings, each fused to both others
    ],
)
def test_ring_systems(smiles: str, systems: set[str]) -> None:
    found = ring_systems(smiles)
    assert {Chem.CanonSmiles(system) for system in found} == {Chem.CanonSmiles(system) for system in systems}
    assert len(found) == len(systems)


def test_ring_systems_do_not_depend_on_the_spelling() -> None:
    molecule = Chem.MolFromSmiles("O=C1CCC2(CC1)OCc1cc(-c3ccc4[nH]ccc4c3)ccc12")
    spelled = Chem.MolToRandomSmilesVect(molecule, 20, randomSeed=1)
    assert len({ring_systems(text) for text in spelled}) == 1


def test_ring_systems_of_nothing_readable_are_an_error() -> None:
    with pytest.raises(InputError, match="that RDKit reads"):
        ring_systems("c1cc")


def test_the_table_has_what_the_design_says() -> None:
    counts = ring_counts()
    assert len(counts) == 5857
    assert sum(count >= OFTEN for count in counts.values()) == 1201
    assert list(counts.values()) == sorted(counts.values(), reverse=True)
    assert next(iter(counts)) == "c1ccccc1"
    assert TABLE.stat().st_size <= 60_000


def test_the_table_is_that_of_a_corpus(tmp_path: Path) -> None:
    corpus = ["c1ccccc1C", "Cc1ccccc1", "c1ccccc1-c1ccccc1", "C1CC1", "hello", "CC", "c1ccccc1C1CC1"]
    write_ring_counts(corpus, tmp_path / "a.gz")
    with gzip.open(tmp_path / "a.gz", "rt") as file:
        assert file.read() == "4\tc1ccccc1\n2\tC1CC1\n"
    write_ring_counts(corpus[::-1], tmp_path / "b.gz")
    assert (tmp_path / "a.gz").read_bytes() == (tmp_path / "b.gz").read_bytes()
    assert (tmp_path / "a.gz").read_bytes()[4:8] == bytes(4)  # no time of day


def test_held_out_molecules_of_zinc_are_realistic(shared_data: Path) -> None:
    with gzip.open(shared_data / "zinc250k.smi.gz", "rt") as file:
        held_out = [line.strip() for line in file][::50]
    rows = random.Random(0).sample(held_out, 1_000)
    counts = ring_counts()
    assert all(system in counts for smiles in rows for system in ring_systems(Chem.CanonSmiles(smiles)))
    assert 0.935 < sum(unrealistic(Chem.CanonSmiles(smiles)) is None for smiles in rows) / 1_000 < 0.975
