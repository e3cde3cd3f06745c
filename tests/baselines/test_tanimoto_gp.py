"""The Gaussian process against its textbook formula, RDKit's kernel, and the laws of asking."""

from __future__ import annotations

import numpy as np
import pytest
from rdkit import Chem, DataStructs
from rdkit.Chem import Crippen, rdFingerprintGenerator

from latentbo.baselines.tanimoto_gp import NOISE, TanimotoGP, TanimotoPosterior, TanimotoSettings
from latentbo.chemistry.edits import GraphEdits
from latentbo.codecs.molecules import canonical
from latentbo.errors import InputError
from tests.conftest import MOLECULES

SMILES = [canonical(text)[0] for text in MOLECULES]
DRUGS = [
    "CC(=O)Oc1ccccc1C(=O)O",
    "Cn1c(=O)c2c(ncn2C)n(C)c1=O",
    "CCCc1nn(C)c2c(=O)[nH]c(-c3cc(S(=O)(=O)N4CCN(C)CC4)ccc3OCC)nc12",
    "C" * 60,
]
QUICK = TanimotoSettings(generations=2, offspring=30, sample=20)


def logp(smiles: str) -> float:
    return Crippen.MolLogP(Chem.MolFromSmiles(smiles))


def told(method: TanimotoGP, smiles: list[str]) -> TanimotoGP:
    method.tell(smiles, [0.1 * logp(text) for text in smiles])
    return method


def rdkit_kernel(a: list[str], b: list[str]) -> np.ndarray:
    generator = rdFingerprintGenerator.GetMorganGenerator(radius=3, fpSize=2048)
    first, second = (
        [generator.GetCountFingerprint(Chem.MolFromSmiles(x)) for x in group] for group in (a, b)
    )
    return np.array([DataStructs.BulkTanimotoSimilarity(x, second) for x in first]).reshape(len(a), len(b))


def test_the_kernel_is_rdkits_tanimoto_similarity_of_counts() -> None:
    posterior = TanimotoPosterior()
    posterior.update(dict.fromkeys([*SMILES, *DRUGS], 0.0))
    others = [*DRUGS, *SMILES[::3], "C", "[Na+]"]
    assert np.abs(posterior.kernel(others) - rdkit_kernel([*SMILES, *DRUGS], others)).max() < 1e-12


@pytest.mark.parametrize("parts", [(36,), (1, 1, 34), (5, 0, 20, 1, 10)])
def test_the_posterior_is_the_textbooks_however_it_was_told(parts: tuple[int, ...]) -> None:
    rng = np.random.default_rng(0)
    train, values = [*SMILES, *DRUGS], rng.normal(size=36)
    posterior, data = TanimotoPosterior(), dict[str, float]()
    pairs = iter(zip(train, values.tolist(), strict=True))
    for size in parts:
        data |= dict(next(pairs) for _ in range(size))
        posterior.update(data)
        check(posterior, data, [*train, "CCCCCCN", "O=C1CCCN1", "c1ccc2[nH]ccc2c1"])
    data[train[3]] = 7.0  # a second value in the place of the first
    posterior.update(data)
    check(posterior, data, train)


def check(posterior: TanimotoPosterior, data: dict[str, float], others: list[str]) -> None:
    train = list(data)
    covariance = rdkit_kernel(train, train) + NOISE * np.eye(len(train))
    cross = rdkit_kernel(train, others)
    solved = np.linalg.solve(covariance, cross)
    mean, sd = posterior.predict(others)
    assert mean == pytest.approx(solved.T @ np.array(list(data.values())), abs=1e-8)
    assert sd**2 == pytest.approx(1.0 - (cross * solved).sum(0), abs=1e-8)


def test_hundreds_of_molecules_a_few_at_a_time_lose_no_digits() -> None:
    train = GraphEdits()(SMILES, 200, np.random.default_rng(0))
    posterior, data = TanimotoPosterior(), dict[str, float]()
    for start in range(0, len(train), 7):
        data |= {text: logp(text) for text in train[start : start + 7]}
        posterior.update(data)
    check(posterior, data, SMILES)


def test_without_values_the_prior_is_left() -> None:
    mean, sd = TanimotoPosterior().predict(["CCO", "CCN"])
    assert mean.tolist() == [0.0, 0.0]
    assert sd.tolist() == [1.0, 1.0]
    assert [part.shape for part in TanimotoPosterior().predict([])] == [(0,), (0,)]


@pytest.mark.parametrize("n", [0, 1, 3])
def test_nothing_is_asked_for_twice_nor_once_told(n: int) -> None:
    method = told(TanimotoGP(SMILES, 0, QUICK), SMILES[:10])
    method.tell(["CCCO", "C1CC"], [None, None])
    asked = [smiles for _ in range(3) for smiles in method.ask(n)]
    assert len(set(asked)) == len(asked) == 3 * n
    assert not {*SMILES[:10], "CCCO"} & set(asked)
    assert all(canonical(smiles)[0] == smiles for smiles in asked)


def test_the_answers_are_the_seeds() -> None:
    def run(seed: int) -> list[str]:
        method = told(TanimotoGP(SMILES, seed, QUICK), SMILES[:10])
        for n in (1, 4):
            told(method, asked := method.ask(n))
        return [*asked, *method.ask(1)]

    assert run(0) == run(0)
    assert run(0) != run(1)


def test_the_toy_objective_is_climbed() -> None:
    method = told(TanimotoGP(SMILES, 0, QUICK), SMILES)
    asked: list[str] = []
    for _ in range(8):
        told(method, now := method.ask(1))
        asked += now
    assert max(map(logp, asked)) > max(map(logp, SMILES)) + 1


def test_what_is_asked_for_maximises_the_bound_over_the_pool() -> None:
    """With no children and one beta a step, the answer is the pool's best mean + beta sd, for some beta."""
    known, fresh = SMILES[:16], SMILES[16:]
    posterior = TanimotoPosterior()
    posterior.update({text: 0.1 * logp(text) for text in known})
    mean, sd = posterior.predict(fresh)
    possible = {fresh[(mean + beta * sd).argmax()] for beta in 10 ** np.linspace(-2, 0, 400)}
    settings = TanimotoSettings(generations=0, sample=100)
    asked = {told(TanimotoGP(SMILES, seed, settings), known).ask(1)[0] for seed in range(60)}
    assert len(asked) > 1
    assert asked <= possible


def test_a_used_up_pool_offers_fewer() -> None:
    method = told(TanimotoGP([*SMILES, "C1CC"], 0, TanimotoSettings(generations=0)), SMILES[:-2])
    assert sorted(method.ask(5)) == sorted(SMILES[-2:])
    assert method.ask(1) == []


def test_either_a_pool_or_values_are_enough() -> None:
    empty = TanimotoGP([], 0, QUICK)
    with pytest.raises(InputError, match="tell some molecules"):
        empty.ask(1)
    assert len(told(empty, ["CCO"]).ask(2)) == 2
    unmeasured = TanimotoGP(SMILES, 0, QUICK)
    unmeasured.tell(SMILES[:3], [None] * 3)
    assert len(unmeasured.ask(2)) == 2


@pytest.mark.parametrize("name", ["generations", "offspring", "sample"])
def test_settings_below_zero_are_refused(name: str) -> None:
    with pytest.raises(InputError, match="0 or more"):
        TanimotoSettings(**{name: -1})
