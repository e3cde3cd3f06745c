"""The lists are what the reference says, and start molecules depend on the seed alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.arena.start import PUBLISHED, molecule_pool, published_start, start_molecules, zinc_start
from benchmarks.arena.tasks import (
    APART,
    GROUPS,
    LOW_BUDGET,
    PROTOCOLS,
    PUBLISHED_BEST,
    SEVENTEEN,
    TUNING,
    UNBOUNDED,
    Protocol,
    tasks_of,
)
from latentbo.codecs.molecules import canonical
from latentbo.errors import InputError
from latentbo.objectives.molecules import OBJECTIVES
from tests.conftest import MOLECULES


def test_the_lists() -> None:
    assert len(set(SEVENTEEN)) == 17
    assert not set(APART) & set(SEVENTEEN)
    assert set(TUNING) < set(SEVENTEEN)
    assert len(TUNING) == 4
    assert set(LOW_BUDGET) == set(PUBLISHED_BEST)
    assert set(UNBOUNDED) < set(OBJECTIVES)
    assert all(task in OBJECTIVES for tasks in GROUPS.values() for task in tasks)


def test_protocols_are_the_declared_ones() -> None:
    assert {name: (p.budget, p.start, len(p.tasks)) for name, p in PROTOCOLS.items()} == {
        "auc1k": (1_000, "zinc", 20),
        "low_budget": (600, "published", 7),
        "pmo10k": (10_000, "zinc", 20),
        "chemvae": (1_000, "zinc", 1),
    }
    for protocol in PROTOCOLS.values():
        assert protocol.smoke().budget <= 30
        assert len(protocol.smoke().tasks) == len(protocol.smoke().seeds) == 1


def test_tasks_are_named_alone_or_in_groups() -> None:
    assert tasks_of("tuning,qed,median1") == (*TUNING, "qed")
    assert tasks_of("17,apart") == (*SEVENTEEN, *APART)
    with pytest.raises(InputError, match="did you mean 'median1'"):
        tasks_of("medan1")


def test_protocols_refuse_mistakes() -> None:
    with pytest.raises(InputError, match="cannot hold 100 start molecules"):
        Protocol("p", ("qed",), 50, (0,))
    with pytest.raises(InputError, match="unknown task 'qde'"):
        Protocol("p", ("qde",), 500, (0,))


def test_a_seed_decides_the_start() -> None:
    pool = [*MOLECULES, "nonsense", "OCC"]
    first = zinc_start(pool, 10, 0)
    assert first == zinc_start(list(pool), 10, 0)
    assert first != zinc_start(pool, 10, 1)
    assert len(set(first)) == 10
    assert set(zinc_start(pool, len(set(MOLECULES)), 0)) == {canonical(text)[0] for text in MOLECULES}
    assert zinc_start(pool, 20, 0)[:10] == first
    with pytest.raises(InputError, match=f"has {len(set(MOLECULES))}"):
        zinc_start(pool, 99, 0)


def test_the_published_start_is_read(shared_data: Path) -> None:
    names = published_start(shared_data / PUBLISHED)
    assert len(names) == len(set(names)) == 100
    protocol = PROTOCOLS["low_budget"]
    assert (
        start_molecules(protocol, (), 0, shared_data)
        == start_molecules(protocol, (), 1, shared_data)
        == names
    )


def test_the_pool_is_a_file(tmp_path: Path) -> None:
    (tmp_path / "pool.smi").write_text("CCO\nCCN\n")
    assert molecule_pool(tmp_path / "pool.smi") == ("CCO", "CCN")
