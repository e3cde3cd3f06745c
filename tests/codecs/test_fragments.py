"""Whatever is cut, and however, the spelling reads back as the same molecule."""

from __future__ import annotations

import gzip
import random
import re
from pathlib import Path

import pytest
from rdkit import Chem

from latentbo.codecs.fragments import in_fragments
from latentbo.codecs.molecules import canonical

CUT = {
    "amide": "CC(C)(C)c1ccc2occ(CC(=O)Nc3ccccc3F)c2c1",
    "stereo centres": "N#Cc1ccc(-c2ccc(O[C@@H](C(=O)N3CCCC3)c3ccccc3)cc2)cc1",
    "stereo of a ring": "C[C@@H]1CC(Nc2cncc(-c3nncn3C)c2)C[C@@H](C)C1",
    "double bond beside a cut": "C/C=C/C(=O)N[C@H](C)c1ccccc1",
    "charges": "C[NH+]1CCN(C(=O)c2ccc([N+](=O)[O-])cc2)CC1",
    "many cuts at one atom": "O=P(N1CCCC1)(N1CCCC1)OCc1ccccc1",
}
WHOLE = {
    "no cut": "CCO",
    "one ring": "c1ccccc1",
    "cage": "C1C2CC3CC1CC(C2)C3",
    "a fragment with ten rings open": "O=C(CC12C3C4C5C6C7C8C9C%10C%11C%12C%13C%14C8C4C4C9C8C9C%13C%"
    "14C(C%12%10)C%10C(C%117)C7C(C85)C(C9C(C6C43)C%101)C72)Nc1ccccc1",
    "wildcards that look like ends of bonds": "[1*]C(=O)Nc1ccccc1.[1*]CC(=O)NCc1ccccc1",
    "labelled wildcards": "*Nc1ccccc1C(=O)Nc1ccccc1",
}


def name(text: str) -> str:
    found, reason = canonical(text, strip_salts=False)
    assert found is not None, reason
    return found


def read(spelled: str) -> str:
    return str(Chem.CanonSmiles(spelled))


@pytest.mark.parametrize("text", CUT.values(), ids=list(CUT))
def test_a_molecule_is_cut_and_reads_back(text: str) -> None:
    smiles = name(text)
    spelled = in_fragments(smiles)
    assert spelled.count(".") >= 1
    assert read(spelled) == smiles
    opened = re.findall(r"%\d\d", spelled)
    assert all(opened.count(number) % 2 == 0 for number in opened)
    assert "*" not in spelled


@pytest.mark.parametrize("text", WHOLE.values(), ids=list(WHOLE))
def test_what_cannot_be_cut_is_its_canonical_smiles(text: str) -> None:
    assert in_fragments(name(text)) == name(text)


def test_fragments_come_in_the_order_of_the_canonical_smiles() -> None:
    assert in_fragments("CC(C)(C)c1ccc2occ(CC(=O)Nc3ccccc3F)c2c1") == (
        "CC%10(C)C.c1%10ccc2occ%10c2c1.C%10C%10=O.N%10%10.c1%10ccccc1F"
    )


def test_a_number_is_free_again_as_soon_as_the_bond_is_closed() -> None:
    spelled = in_fragments(name("CC(=O)" + "NCC(=O)" * 6 + "O"))
    assert spelled.count(".") == 12
    assert set(re.findall(r"%\d\d", spelled)) == {"%10"}


def test_rings_of_every_fragment_begin_with_one() -> None:
    for fragment in in_fragments(name(CUT["stereo centres"])).split("."):
        numbers = re.findall(r"(?<!%)(?<!\d)\d", re.sub(r"%\d\d|\[[^\]]+\]", "", fragment))
        assert set(numbers) <= {"1", "2"}


def large(text: str) -> str:
    found, reason = canonical(text, max_atoms=2_000)
    assert found is not None, reason
    return found


def test_many_bonds_are_open_at_once() -> None:
    smiles = large("C" + "C(C(=O)Nc1ccccc1)" * 12 + "C")
    spelled = in_fragments(smiles)
    assert "%21" in spelled
    assert read(spelled) == smiles


def test_more_bonds_open_than_there_are_numbers() -> None:
    smiles = large("C" + "C(C(=O)Nc1ccccc1)" * 95 + "C")
    assert in_fragments(smiles) == smiles


def test_real_molecules_read_back(shared_data: Path) -> None:
    with gzip.open(shared_data / "zinc250k.smi.gz", "rt") as file:
        rows = random.Random(1).sample([line.strip() for line in file], 400)
    whole = 0
    for smiles in map(name, rows):
        spelled = in_fragments(smiles)
        assert read(spelled) == smiles
        whole += spelled == smiles
    assert whole < 20


def test_salts_are_fragments_of_their_own() -> None:
    smiles = name("[Na+].O=C([O-])c1ccccc1NC(=O)c1ccccc1")
    assert read(in_fragments(smiles)) == smiles
