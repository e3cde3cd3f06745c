from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from rdkit import Chem

from latentbo.training.corpus import Corpus
from latentbo.training.corpus_reader import read_corpus
from latentbo.training.recombine import KEPT, Cut, cut, join, partners, recombined, recombined_tokens

DRUGS = (
    "CC(C)Cc1ccc(C(C)C(=O)O)cc1", "CC(=O)Oc1ccccc1C(=O)O", "CN1CCC[C@H]1c1cccnc1", "CC(=O)Nc1ccc(O)cc1",
    "O=C(Nc1ccccc1)c1ccncc1", "CCOC(=O)c1ccc(N)cc1", "CCN(CC)C(=O)c1cccc(C)c1", "COc1ccc(CCN)cc1",
    "Cc1ccc(S(=O)(=O)N2CCOCC2)cc1", "O=C(c1ccco1)N1CCN(c2ccccc2)CC1", "C[C@@H](O)c1ccc(F)cc1CCN",
    "CCCc1nn(C)c2ccccc12", "Clc1ccc(CN2CCCCC2)cc1", "O=C(O)/C=C/c1ccc(OCC)cc1",
)  # fmt: skip


def canonical(smiles: str) -> str:
    return Chem.MolToSmiles(Chem.MolFromSmiles(smiles))


@given(st.sampled_from(DRUGS), st.integers(0, 1000))
def test_the_halves_of_a_cut_make_the_molecule(smiles: str, seed: int) -> None:
    found = cut(smiles, np.random.default_rng(seed))
    assert found is not None
    assert join(*found.halves) == canonical(smiles)
    assert sum(found.sizes) == Chem.MolFromSmiles(smiles).GetNumHeavyAtoms()
    assert min(found.sizes) >= 3
    assert found.ends[0] <= found.ends[1]


@pytest.mark.parametrize("smiles", ["c1ccccc1", "CCCCC", "C", "Cc1ccccc1", "not a molecule"])
def test_what_has_no_two_halves(smiles: str) -> None:
    assert cut(smiles, np.random.default_rng(0)) is None


def test_partners_use_every_half_once_and_keep_sizes() -> None:
    rng = np.random.default_rng(0)
    kinds = [((6, False, 2, 2, 0), (6, True, 3, 0, 0)), ((6, False, 2, 2, 0), (7, False, 3, 0, 0))]
    sizes = rng.integers(3, 20, 300)
    cuts = [Cut(kinds[i % 2], ("a", "b"), (5, int(size))) for i, size in enumerate(sizes)]
    alone = Cut(((8, False, 2, 0, 0), (8, False, 2, 0, 0)), ("a", "b"), (5, 5))
    pairs = partners([*cuts, None, alone], rng)
    assert sorted(a for a, _ in pairs) == sorted(b for _, b in pairs) == list(range(300))
    assert all(a != b and cuts[a].ends == cuts[b].ends for a, b in pairs)
    apart = [abs(cuts[a].sizes[1] - cuts[b].sizes[1]) for a, b in pairs]
    assert np.median(apart) <= 1
    assert sum(step > 2 for step in apart) <= 4  # the ring of each kind closes once


def test_new_molecules_are_new_whole_and_of_seen_parts() -> None:
    known = [canonical(smiles) for smiles in DRUGS]
    new = recombined(known, np.random.default_rng(1))
    assert len(set(new)) == len(new) > 0
    assert not set(new) & set(known)
    for smiles in new:
        assert smiles == canonical(smiles)
        assert "." not in smiles
        assert "*" not in smiles
    assert new == recombined(known, np.random.default_rng(1))
    assert new != recombined(known, np.random.default_rng(2))


@pytest.fixture(scope="module")
def corpus(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Corpus:
    lines = Path(tmp_path_factory.mktemp("corpus")) / "some.smi"
    from latentbo.data.tables import read_smiles

    lines.write_text("\n".join(map(str, read_smiles(shared_data / "zinc250k.smi.gz")[:400])) + "\n")
    return read_corpus(lines, merges=50, held_out_every=10)


def test_rows_of_a_corpus(corpus: Corpus, tmp_path: Path) -> None:
    calls: list[tuple[int, int]] = []
    rows = recombined_tokens(corpus, 2, 5, folder=tmp_path, progress=lambda *at: calls.append(at))
    assert calls == [(1, 2), (2, 2)]
    assert rows.targets.shape == (len(rows), 0)
    assert len(rows) > 0.7 * 2 * 360
    objects = [reading.object for reading in corpus.codec.write(rows.tokens.tolist())]
    assert None not in objects
    assert len(set(objects)) == len(objects)
    assert not set(objects) & set(corpus.objects)
    heavy = [
        [Chem.MolFromSmiles(text).GetNumHeavyAtoms() for text in texts] for texts in (objects, corpus.objects)
    ]
    assert abs(np.mean(heavy[0]) - np.mean(heavy[1])) < 1.0


def test_rows_are_kept_for_the_run_that_made_them(corpus: Corpus, tmp_path: Path) -> None:
    first = recombined_tokens(corpus, 1, 5, folder=tmp_path)
    before = (tmp_path / KEPT).read_bytes()
    assert torch.equal(recombined_tokens(corpus, 1, 5, folder=tmp_path).tokens, first.tokens)
    assert (tmp_path / KEPT).read_bytes() == before
    assert not torch.equal(recombined_tokens(corpus, 1, 6, folder=tmp_path).tokens, first.tokens)
    assert (tmp_path / KEPT).read_bytes() != before
