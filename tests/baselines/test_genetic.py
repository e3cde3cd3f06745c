"""Laws of the genetic algorithms, on objectives that a hand can check."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rdkit import Chem

from latentbo.baselines.base import Method
from latentbo.baselines.genetic import (
    ROBUST,
    GeneticSettings,
    GraphGA,
    SelfiesGA,
    fittest,
    quantile_weights,
)
from latentbo.codecs.molecules import canonical
from latentbo.errors import InputError
from tests.conftest import MOLECULES

METHODS = {"graph": GraphGA, "selfies": SelfiesGA}
both = pytest.mark.parametrize("make", METHODS.values(), ids=METHODS)


def carbons(smiles: str) -> float:
    """Carbon atoms, as a value that no start molecule is best at."""
    return float(sum(atom.GetSymbol() == "C" for atom in Chem.MolFromSmiles(smiles).GetAtoms()))


def run(method: Method, calls: int, batch: int, start: tuple[str, ...] = MOLECULES) -> list[str]:
    """What was asked for, after the start was told."""
    method.tell(start, [carbons(smiles) for smiles in start])
    asked: list[str] = []
    while len(asked) < calls and (batch_now := method.ask(batch)):
        method.tell(batch_now, [carbons(smiles) for smiles in batch_now])
        asked += batch_now
    return asked


@both
def test_the_toy_objective_is_climbed(make: Callable[[int], Method]) -> None:
    asked = run(make(0), 200, 5)
    assert max(map(carbons, asked)) >= 1.5 * max(map(carbons, MOLECULES))
    assert np.mean([carbons(x) for x in asked[-50:]]) > np.mean([carbons(x) for x in asked[:50]]) + 1


@both
def test_nothing_is_asked_for_twice_nor_once_told(make: Callable[[int], Method]) -> None:
    method = make(0)
    start = ["CC", "OCC", "CCC"]
    method.tell(start, [1.0, 2.0, 3.0])
    method.tell(["CN", "CO", "CCCC"], [None, None, None])
    pending = method.ask(15)
    asked = pending + method.ask(15)
    assert len(set(asked)) == len(asked) == 30
    assert not {"CC", "CCO", "CCC", "CN", "CO", "CCCC"} & set(asked)
    assert all(canonical(smiles)[0] == smiles for smiles in asked)


@both
@pytest.mark.parametrize("batch", [1, 5])
def test_the_answers_are_the_seeds(make: Callable[[int], Method], batch: int) -> None:
    first, again, other = (run(make(seed), 20, batch) for seed in (0, 0, 1))
    assert first == again
    assert first != other


@both
def test_parents_need_a_value_and_one_is_enough(make: Callable[[int], Method]) -> None:
    method = make(0)
    with pytest.raises(InputError, match="tell some molecules"):
        method.ask(1)
    method.tell(["CCO"], [None])
    with pytest.raises(InputError, match="tell some molecules"):
        method.ask(1)
    method.tell(["CCO"], [0.0])
    assert method.ask(0) == []
    assert len(method.ask(3)) == 3


def test_only_the_population_has_children() -> None:
    method = GraphGA(0, GeneticSettings(population=1))
    marked = ["[13CH3]CCCCO", "[15NH2]CCCCO"]
    method.tell(marked, [1.0, 2.0])
    children = method.ask(40)
    assert any("15" in child for child in children)
    assert not any("13" in child for child in children)


def test_patience_ends_where_no_child_is_new() -> None:
    method = SelfiesGA(0, GeneticSettings(patience=5), alphabet=["[C]"])
    method.tell(["C", "CC"], [1.0, 2.0])
    asked = method.ask(50)
    assert 1 <= len(asked) < 50
    assert all(set(smiles) <= set("C()") for smiles in asked)


def test_fittest_is_the_top_in_an_order_of_its_own() -> None:
    values = {"C": 1.0, "CC": 3.0, "CO": 3.0, "CN": 2.0}
    assert fittest(values, 3) == [(3.0, "CO"), (3.0, "CC"), (2.0, "CN")]
    assert fittest(dict(reversed(values.items())), 3) == fittest(values, 3)
    assert fittest({}, 3) == []


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(0, 6), min_size=1, max_size=40))
def test_parent_weights_never_prefer_the_worse_and_treat_equals_alike(values: list[int]) -> None:
    weights = quantile_weights(np.array(values, dtype=float))
    assert weights.sum() == pytest.approx(1.0)
    assert (weights > 0).all()
    pairs = sorted(zip(values, weights.tolist(), strict=True))
    for (a, wa), (b, wb) in pairwise(pairs):
        assert wa == pytest.approx(wb) if a == b else wa <= wb + 1e-12


def test_parents_are_drawn_as_the_authors_package_draws_them() -> None:
    sampling = pytest.importorskip("mol_ga.sample_population").uniform_quantile_sampling
    rng = np.random.default_rng(0)
    values = np.round(rng.gumbel(size=120), 1)  # with ties
    population = [(value, str(row)) for row, value in enumerate(values)]
    own = random.Random(0)
    drawn = Counter(row for _ in range(400) for row in sampling(population, 25, own))
    frequency = np.array([drawn[str(row)] for row in range(120)]) / drawn.total()
    weights = quantile_weights(values)
    noise = np.sqrt(weights / drawn.total())
    assert (np.abs(frequency - weights) < 5 * noise).all()


def test_the_alphabet_is_stoneds() -> None:
    selfies = pytest.importorskip("selfies")
    assert set(ROBUST) == selfies.get_semantic_robust_alphabet() - {"[H]"}


@pytest.mark.parametrize("bad", [{"population": 0}, {"patience": 0}])
def test_settings_without_effect_are_refused(bad: dict[str, int]) -> None:
    with pytest.raises(InputError, match="at least 1"):
        GeneticSettings(**bad)
