"""Each rule refuses what it should with its own reason, and the defaults refuse nothing a campaign wants."""

from __future__ import annotations

import gzip
import json
import math
import pickle
import tomllib

import pytest
import selfies
from rdkit import Chem
from rdkit.Chem.rdMolDescriptors import CalcMolFormula

from latentbo.chemistry.descriptors import PROPERTIES
from latentbo.chemistry.rules import DEAR, MoleculeRules
from latentbo.codecs.molecules import canonical
from latentbo.errors import InputError

ANYTHING = MoleculeRules(
    heavy_atoms=(None, None), elements=(), charge=(None, None), ring_sizes=(None, None), radicals=True
)

# The reference molecule of every GuacaMol task, and one answer of each isomer task.
REFERENCES = {
    "celecoxib": "CC1=CC=C(C=C1)C1=CC(=NN1C1=CC=C(C=C1)S(N)(=O)=O)C(F)(F)F",
    "troglitazone": "Cc1c(C)c2OC(C)(COc3ccc(CC4SC(=O)NC4=O)cc3)CCc2c(C)c1O",
    "thiothixene": "CN(C)S(=O)(=O)c1ccc2Sc3ccccc3C(=CCCN4CCN(C)CC4)c2c1",
    "aripiprazole": "Clc4cccc(N3CCN(CCCCOc2ccc1c(NC(=O)CC1)c2)CC3)c4Cl",
    "albuterol": "CC(C)(C)NCC(O)c1ccc(O)c(CO)c1",
    "mestranol": "COc1ccc2[C@H]3CC[C@@]4(C)[C@@H](CC[C@@]4(O)C#C)[C@@H]3CCc2c1",
    "camphor": "CC1(C)C2CCC1(C)C(=O)C2",
    "menthol": "CC(C)C1CCC(C)CC1O",
    "tadalafil": "O=C1N(CC(N2C1CC3=C(C2C4=CC5=C(OCO5)C=C4)NC6=C3C=CC=C6)=O)C",
    "sildenafil": "CCCC1=NN(C2=C1N=C(NC2=O)C3=C(C=CC(=C3)S(=O)(=O)N4CCN(CC4)C)OCC)C",
    "osimertinib": "COc1cc(N(C)CCN(C)C)c(NC(=O)C=C)cc1Nc2nccc(n2)c3cn(C)c4ccccc34",
    "fexofenadine": "CC(C)(C(=O)O)c1ccc(cc1)C(O)CCCN2CCC(CC2)C(O)(c3ccccc3)c4ccccc4",
    "ranolazine": "COc1ccccc1OCC(O)CN2CCN(CC(=O)Nc3c(C)cccc3C)CC2",
    "perindopril": "O=C(OCC)C(NC(C(=O)N1C(C(=O)O)CC2CCCCC12)C)CCC",
    "amlodipine": r"Clc1ccccc1C2C(=C(/N/C(=C2/C(=O)OCC)COCCN)C)\C(=O)OC",
    "sitagliptin": "Fc1cc(c(F)cc1F)CC(N)CC(=O)N3Cc2nnc(n2CC3)C(F)(F)F",
    "zaleplon": "O=C(C)N(CC)C1=CC=CC(C2=CC=NC3=C(C=NN23)C#N)=C1",
    "hop": "CCCOc1cc2ncnc(Nc3ccc4ncsc4c3)c2cc1S(=O)(=O)C(C)(C)C",
    "C7H8N2O2": "COC(=O)c1cccnc1N",
    "C9H10ClF2N2O2P": "CP(C)(=O)NNC(=O)c1c(F)c(F)ccc1Cl",
    "C11H24": "CC(C)(C)CC(C)(C)CCC",
    "undecane": "CCCCCCCCCCC",
}


def with_only(**given) -> MoleculeRules:
    """Rules in which nothing but what is given limits anything."""
    return MoleculeRules.from_dict(ANYTHING.to_dict() | given)


def reason(smiles: str, rules: MoleculeRules) -> str | None:
    (found,) = rules([smiles])
    return found


@pytest.mark.parametrize("name", REFERENCES)
def test_defaults_pass_every_reference_molecule(name):
    smiles, _ = canonical(REFERENCES[name])
    if name[0] == "C" and name[1].isdigit():
        assert CalcMolFormula(Chem.MolFromSmiles(smiles)) == name
    assert reason(smiles, MoleculeRules()) is None


def test_defaults_pass_almost_all_of_zinc(shared_data):
    with gzip.open(shared_data / "zinc250k.smi.gz", "rt") as lines:
        sample = lines.read().split()[::60]
    found = MoleculeRules()(sample)
    assert found.count(None) >= 0.999 * len(sample)
    assert set(found) <= {None, "charge", "ring_size"}


@pytest.mark.parametrize(
    ("smiles", "expected"),
    [
        ("C" * 61, "too_many_atoms"),
        ("C[Si](C)(C)C", "element"),
        ("C[Se]C", "element"),
        ("*CC", "element"),
        ("[Na+].CC(=O)[O-]", "element"),
        ("[O-]C(=O)CC(C(=O)[O-])CC(=O)[O-]", "charge"),
        ("[NH3+]CCC([NH3+])C[NH3+]", "charge"),
        ("C1CCCCCCCC1", "ring_size"),
        ("C[CH2]", "radical"),
        ("[CH2]", "radical"),
        ("[2H]C([2H])([2H])O", None),
        ("OB(O)c1ccccc1", None),
        ("[O-][N+](=O)c1ccccc1", None),
        ("C1CC1C1CCCCCCC1", None),
    ],
)
def test_what_the_defaults_refuse(smiles, expected):
    assert reason(smiles, MoleculeRules()) == expected
    assert reason(smiles, ANYTHING) is None


def test_selfies_decodes_to_radicals_that_the_defaults_refuse():
    smiles = selfies.decoder("[C][C@@H1][F]")
    assert reason(smiles, MoleculeRules()) == "radical"
    assert reason(smiles, MoleculeRules(radicals=True)) is None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "empty"),
        ("  ", "empty"),
        ("[H][H]", "empty"),
        (None, "empty"),
        ("C" * 2001, "too_long"),
        ("C1CC", "unparsable"),
        ("CC O", "unparsable"),
        ("CC\nO", "unparsable"),
        ("hello", "unparsable"),
        ("F(C)(C)C", "unparsable"),
        ("C\0C", "unparsable"),
        ("\ud800", "unparsable"),
    ],
)
@pytest.mark.parametrize("rules", [MoleculeRules(), ANYTHING], ids=["default", "anything"])
@pytest.mark.usefixtures("unchecked")
def test_what_is_no_molecule_gets_a_reason_and_never_an_exception(text, expected, rules):
    assert reason(text, rules) == expected


def test_every_property_has_a_number_where_a_molecule_is_odd():
    rules = with_only(windows=dict.fromkeys(PROPERTIES, (None, 1e9)))
    assert rules(["[Fe+2]", "*C", "[U]", "[Na+].[Cl-]", "C", "[CH3]"]) == [None] * 6


@pytest.mark.parametrize(
    ("rule", "passing", "failing", "expected"),
    [
        ({"heavy_atoms": (3, 4)}, ["CCC", "CCCC", "[2H]CCC"], ["CC"], "too_few_atoms"),
        ({"heavy_atoms": (3, 4)}, [], ["CCCCC"], "too_many_atoms"),
        ({"elements": ["C", "Cl"]}, ["C", "CCl", "[2H]C"], ["CO", "CBr", "*C"], "element"),
        ({"charge": (0, 1)}, ["C", "C[NH3+]", "C[N+](=O)[O-]"], ["CC(=O)[O-]", "[NH3+]C[NH3+]"], "charge"),
        (
            {"ring_sizes": (5, 6)},
            ["CC", "C1CCCC1", "c1ccc2ccccc2c1"],
            ["C1CC1", "C1CCCCCC1C1CCCC1"],
            "ring_size",
        ),
        ({"ring_sizes": (5, None)}, ["C1CCCCCCCCCC1"], ["C1CCCCC1C1CC1"], "ring_size"),
        ({"ring_sizes": (0, 0)}, ["CCC"], ["C1CC1", "c1ccccc1"], "ring_size"),
        ({"radicals": False}, ["C", "C[NH3+]"], ["[CH3]", "C[O]"], "radical"),
        ({"require": ["[#7]"]}, ["CN"], ["CO"], "required:[#7]"),
        ({"require": ["[#7]", "[#8]"]}, ["NCO"], ["CN"], "required:[#8]"),
        ({"forbid": ["OO"]}, ["OCO"], ["COOC"], "forbidden:OO"),
        ({"windows": {"rings": (1, 2)}}, ["C1CC1", "C1CC1C1CC1"], ["C", "C1CC1C1CC1C1CC1"], "window:rings"),
        ({"windows": {"weight": (None, 31)}}, ["C", "CC"], ["CCO"], "window:weight"),
        ({"windows": {"logp": (0, None)}}, ["CCCCCC"], ["OCC(O)CO"], "window:logp"),
        ({"catalogs": ["PAINS"]}, ["c1ccccc1"], ["O=C1NC(=S)SC1=Cc1ccccc1"], "catalog:PAINS"),
        ({"catalogs": ["NIH", "BRENK"]}, ["CCO"], ["C=CC=O"], "catalog:NIH"),
    ],
)
def test_each_rule_passes_and_refuses(rule, passing, failing, expected):
    rules = with_only(**rule)
    assert rules(passing) == [None] * len(passing)
    assert rules(failing) == [expected] * len(failing)
    assert ANYTHING(failing) == [None] * len(failing)


def test_rules_are_asked_in_the_documented_order():
    """A molecule that breaks every rule shows one reason after the other as rules are taken away in front."""
    smiles = "[CH2+]CC[Si]C1CCCCCCCC1OOC=CC=O"
    strict = {
        "heavy_atoms": (1, 3),
        "elements": ["C", "O"],
        "charge": (0, 0),
        "ring_sizes": (3, 8),
        "radicals": False,
        "require": ["[#7]"],
        "forbid": ["OO"],
        "windows": {"qed": (0.99, 1), "weight": (0, 1), "logp": (90, 91), "tpsa": (500, 600)},
        "catalogs": ["BRENK", "NIH"],
    }
    expected = [
        "too_many_atoms",
        "element",
        "charge",
        "ring_size",
        "radical",
        "required:[#7]",
        "forbidden:OO",
    ]
    seen = []
    for name in strict:
        seen.append(reason(smiles, with_only(**strict)))
        strict = strict | {name: ANYTHING.to_dict()[name]}
    assert seen == [*expected, "window:weight", "catalog:BRENK"]
    assert reason(smiles, with_only(**strict)) is None


def test_dear_windows_come_last_however_they_are_given():
    names = list(
        MoleculeRules(windows={"qed": (0, 1), "logp": (0, 5), "tpsa": (0, 90), "weight": (0, 500)}).windows
    )
    assert names == ["tpsa", "weight", "logp", "qed"]
    assert set(DEAR) <= set(PROPERTIES)


def test_in_words_they_are_what_differs_from_the_defaults():
    assert str(MoleculeRules()) == "the defaults"
    assert str(MoleculeRules(charge=(0, 0), windows={"sa_score": (None, 4)})) == (
        'charge [0, 0]; windows {"sa_score": [null, 4]}'
    )


def test_many_objects_at_once_keep_their_order():
    assert MoleculeRules()(["CCO", "C1CC", "", "C[Se]C", "c1ccccc1"]) == [
        None,
        "unparsable",
        "empty",
        "element",
        None,
    ]
    assert MoleculeRules()([]) == []
    with pytest.raises(InputError, match="sequence"):
        MoleculeRules()("CCO")


@pytest.mark.parametrize(
    ("given", "parts"),
    [
        ({"heavy_atoms": (9, 3)}, ["heavy_atoms", "lowest 9", "highest 3"]),
        ({"heavy_atoms": (1, 2, 3)}, ["heavy_atoms", "pair"]),
        ({"heavy_atoms": 40}, ["heavy_atoms", "pair"]),
        ({"heavy_atoms": (1.5, 3)}, ["heavy_atoms", "whole"]),
        ({"heavy_atoms": ("1", "3")}, ["heavy_atoms", "whole"]),
        ({"charge": (True, 3)}, ["charge", "whole"]),
        ({"charge": (math.inf, 3)}, ["charge"]),
        ({"ring_sizes": (3, math.nan)}, ["ring_sizes"]),
        ({"elements": ("C", "CL")}, ["'CL'", "did you mean 'Cl'"]),
        ({"elements": ("Xx",)}, ["'Xx'", "periodic"]),
        ({"elements": "CNO"}, ["elements", "list"]),
        ({"elements": (6, 7)}, ["elements", "list"]),
        ({"radicals": "no"}, ["radicals", "true or false"]),
        ({"require": "[#7]"}, ["require", "list"]),
        ({"require": ("[#7",)}, ["SMARTS", "[#7"]),
        ({"forbid": ("",)}, ["SMARTS"]),
        ({"forbid": ("[#7] [#8]",)}, ["SMARTS"]),
        ({"forbid": ("C>>C",)}, ["SMARTS"]),
        ({"catalogs": ("PAIN",)}, ["catalog 'PAIN'", "'PAINS'"]),
        ({"catalogs": "PAINS"}, ["catalogs", "list"]),
        ({"windows": {"logP": (0, 1)}}, ["property 'logP'", "'logp'"]),
        ({"windows": {"logp": (2, 1)}}, ["windows.logp", "lowest 2"]),
        ({"windows": {"logp": 5}}, ["windows.logp", "pair"]),
        ({"windows": [("logp", 0, 1)]}, ["windows", "map"]),
    ],
)
@pytest.mark.usefixtures("unchecked")
def test_bad_rules_are_refused_at_construction(given, parts):
    with pytest.raises(InputError) as error:
        MoleculeRules(**given)
    assert all(part in str(error.value) for part in parts), error.value


def test_an_unknown_key_names_the_nearest():
    with pytest.raises(InputError, match="'ring_size': did you mean 'ring_sizes'"):
        MoleculeRules.from_dict({"ring_size": [3, 8]})


@pytest.mark.usefixtures("unchecked")
def test_rules_survive_json_toml_and_pickle():
    rules = MoleculeRules(
        heavy_atoms=(5, math.inf),
        elements=["C", "N"],
        require=("[#7]",),
        windows={"qed": (0.5, 1), "logp": (-math.inf, 5.0)},
        catalogs=("PAINS", "NIH"),
    )
    data = json.loads(json.dumps(rules.to_dict(), allow_nan=False))
    assert data == rules.to_dict()
    assert data["windows"]["logp"] == [None, 5.0]
    assert MoleculeRules.from_dict(data) == rules
    assert list(MoleculeRules.from_dict(data).windows) == list(rules.windows)
    toml = """
        heavy_atoms = [5, inf]
        elements = ["C", "N"]
        require = ["[#7]"]
        windows = { logp = [-inf, 5.0], qed = [0.5, 1] }
        catalogs = ["PAINS", "NIH"]
    """
    assert MoleculeRules.from_dict(tomllib.loads(toml)) == rules
    assert pickle.loads(pickle.dumps(rules)) == rules
    assert hash(MoleculeRules.from_dict(data)) == hash(rules)
    assert MoleculeRules.from_dict({}) == MoleculeRules()


def test_windows_are_a_copy():
    given = {"logp": (0, 5)}
    rules = MoleculeRules(windows=given)
    given["logp"] = (0, 99)
    assert rules.windows == {"logp": (0, 5)}
