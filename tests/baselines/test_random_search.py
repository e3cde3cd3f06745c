"""Random search gives each molecule once, in an order that only the seed decides."""

from __future__ import annotations

import pytest

from latentbo.baselines.random_search import PriorSampling, RandomScreening
from latentbo.codecs.molecules import canonical
from latentbo.models.dkl_vae import DKLVAE
from tests.conftest import MOLECULES

DISTINCT = {canonical(text)[0] for text in MOLECULES}
POOL = [*MOLECULES, "OCC", "C1CC", "", "not a molecule", *MOLECULES[:5]]


def test_screening_gives_every_molecule_of_the_pool_once_and_then_no_more() -> None:
    method = RandomScreening(POOL, 0)
    found = [smiles for n in (1, 0, 3, 100) for smiles in method.ask(n)]
    assert sorted(found) == sorted(DISTINCT)
    assert method.ask(1) == []


def test_screening_passes_over_what_was_told_with_and_without_a_value() -> None:
    method = RandomScreening(POOL, 0)
    told = ["C(C)O", "c1ccccc1", "C1CC"]
    method.tell(told, [1.0, None, None])
    assert set(method.ask(100)) == DISTINCT - {"CCO", "c1ccccc1"}


def test_each_order_of_the_pool_is_as_likely() -> None:
    firsts = [RandomScreening(["C", "N", "O"], seed).ask(1)[0] for seed in range(300)]
    assert all(70 <= firsts.count(smiles) <= 130 for smiles in "CNO")  # 100 expected, sd 8


def test_an_empty_pool_offers_nothing() -> None:
    assert RandomScreening([], 0).ask(3) == []


@pytest.mark.parametrize("kind", ["screening", "prior"])
def test_the_answers_are_the_seeds_however_they_are_asked_for(kind: str, tiny_model: DKLVAE) -> None:
    def method(seed: int) -> RandomScreening | PriorSampling:
        return RandomScreening(POOL, seed) if kind == "screening" else PriorSampling(tiny_model, seed)

    whole = method(0).ask(12)
    parts = method(0)
    assert [*parts.ask(1), *parts.ask(0), *parts.ask(7), *parts.ask(4)] == whole
    assert method(1).ask(12) != whole


def test_prior_samples_are_distinct_molecules_that_nobody_knows(tiny_model: DKLVAE) -> None:
    told = PriorSampling(tiny_model, 0).ask(5)
    method = PriorSampling(tiny_model, 0)
    method.tell(told, [None, *[1.0] * 4])
    found = method.ask(10) + method.ask(1)
    assert len(set(found)) == len(found) == 11
    assert not set(told) & set(found)
    assert all(canonical(smiles)[0] == smiles for smiles in found)


def test_an_exhausted_prior_offers_fewer(tiny_model: DKLVAE, monkeypatch: pytest.MonkeyPatch) -> None:
    readings = tiny_model.codec.read(["CCO", "CCN", "C1CC"])
    monkeypatch.setattr(DKLVAE, "sample", lambda self, n, generator: [readings[i % 3] for i in range(n)])
    method = PriorSampling(tiny_model, 0)
    assert method.ask(5) == ["CCO", "CCN"]
    assert method.ask(1) == []
