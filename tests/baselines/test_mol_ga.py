"""Mol GA behind ask and tell is the package's own loop."""

from __future__ import annotations

import heapq
import random
import sys

import pytest
from rdkit import Chem
from rdkit.Chem import QED

from latentbo.baselines.mol_ga import MolGA, MolGASettings
from latentbo.codecs.molecules import canonical
from latentbo.errors import InputError
from latentbo.rng import derive
from tests.conftest import MOLECULES

START = sorted({canonical(text)[0] for text in MOLECULES} - {None})


def qed(smiles: str) -> float:
    return QED.qed(Chem.MolFromSmiles(smiles))


@pytest.mark.parametrize(("seed", "population", "offspring"), [(0, 500, 5), (1, 20, 5), (2, 10, 12)])
def test_the_same_random_state_finds_what_the_package_finds(
    seed: int, population: int, offspring: int
) -> None:
    package = pytest.importorskip("mol_ga")
    measured: list[str] = []

    def scoring(smiles: list[str]) -> list[float]:
        measured.extend(sorted(smiles))
        return [qed(x) for x in smiles]

    results = package.default_ga(
        starting_population_smiles=START,
        scoring_function=scoring,
        max_generations=20,
        offspring_size=offspring,
        population_size=population,
        rng=random.Random(derive(seed, "mol_ga")),
    )
    method = MolGA(seed, MolGASettings(population, offspring))
    values = {smiles: qed(smiles) for smiles in START}
    method.tell(START, list(values.values()))
    while len(values) < len(results.scoring_func_evals):
        asked = method.ask(offspring)
        assert asked
        method.tell(asked, [qed(smiles) for smiles in asked])
        values |= {smiles: qed(smiles) for smiles in asked}
    assert list(values) == measured
    assert values == results.scoring_func_evals
    assert heapq.nlargest(population, ((v, s) for s, v in values.items())) == results.population
    assert max(values.values()) > max(map(qed, START)) + 0.05


def test_the_rest_of_a_generation_comes_before_the_next_one() -> None:
    pytest.importorskip("mol_ga")
    whole, parts = MolGA(0), MolGA(0)
    for method in (whole, parts):
        method.tell(START, [qed(smiles) for smiles in START])
    first = whole.ask(100)
    assert 1 <= len(first) <= 5
    assert [smiles for _ in first for smiles in parts.ask(1)] == first
    assert parts.ask(0) == []
    assert not set(whole.ask(5)) & set(first)


def test_what_failed_is_neither_parent_nor_asked_for_again() -> None:
    pytest.importorskip("mol_ga")
    method = MolGA(0)
    method.tell(["CCCCCO", "C1CC"], [None, None])
    with pytest.raises(InputError, match="tell some molecules"):
        method.ask(5)
    method.tell(["CCCCN", "CCCCCC"], [1.0, 2.0])
    asked = [smiles for _ in range(8) for smiles in method.ask(5)]
    assert asked
    assert not {"CCCCCO", "CCCCN", "CCCCCC"} & set(asked)


def test_a_missing_package_is_named_with_its_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("mol_ga", "mol_ga.graph_ga.gen_candidates", "mol_ga.sample_population"):
        monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(InputError, match=r"mol_ga.*latentbo\[bench\]"):
        MolGA(0)


@pytest.mark.parametrize("bad", [{"population": 0}, {"offspring": 0}, {"patience": 0}])
def test_settings_without_effect_are_refused(bad: dict[str, int]) -> None:
    with pytest.raises(InputError, match="at least 1"):
        MolGASettings(**bad)
