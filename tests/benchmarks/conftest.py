"""Smoke runs that more than one test looks at: their folders hold spaces, pictures and `result.json`."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.cards import command as cards
from benchmarks.qm9 import command as qm9

SEED = "3"


@pytest.fixture(scope="session")
def smoke_cards(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("cards")
    cards.main(smoke(out))
    return out


@pytest.fixture(scope="session")
def smoke_qm9(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("qm9")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LATENTBO_DATA", str(shared_data))
        qm9.main(smoke(out))
    return out


def smoke(out: Path) -> list[str]:
    """The arguments of a smoke run in a folder; given again, nothing is left to measure."""
    kept = ["--out", str(out), "--result", str(out / "result.json")]
    return ["--smoke", "--seeds", SEED, "--threads", "1", *kept]
