"""Public data: taken from a folder or a server, and never when they say something else."""

from __future__ import annotations

import gc
import gzip
import hashlib
import os
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from latentbo.data import downloads
from latentbo.data.downloads import FOLDER, SOURCES, Source, data_folder, fetch
from latentbo.data.tables import read_smiles, read_table
from latentbo.errors import InputError

SAID = b"smiles\nCCO\nCCN\n"


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None: ...


@pytest.fixture
def server(tmp_path: Path) -> Iterator[tuple[Path, str]]:
    """A folder, and the address under which it is served."""
    folder = tmp_path / "served"
    folder.mkdir()
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(folder))) as running:
        threading.Thread(target=running.serve_forever, daemon=True).start()
        yield folder, f"http://127.0.0.1:{running.server_port}"
        running.shutdown()


def known(monkeypatch: pytest.MonkeyPatch, url: str, said: bytes = SAID) -> None:
    sha256 = hashlib.sha256(said.rstrip()).hexdigest()
    monkeypatch.setitem(downloads.SOURCES, "two", Source("two.csv.gz", url, sha256, "two molecules"))


def test_a_download_is_checked_kept_and_not_repeated(
    server: tuple[Path, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, url = server
    (folder / "two.gz").write_bytes(gzip.compress(SAID))
    known(monkeypatch, f"{url}/two.gz")
    file = fetch("two", tmp_path / "mine")
    assert read_smiles(file) == ["CCO", "CCN"]
    (folder / "two.gz").unlink()
    assert fetch("two", tmp_path / "mine") == file
    assert os.listdir(tmp_path / "mine") == ["two.csv.gz"]


def test_what_says_something_else_is_refused_and_not_kept(
    server: tuple[Path, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, url = server
    (folder / "two").write_bytes(SAID + b"C\n")
    known(monkeypatch, f"{url}/two")
    with pytest.raises(InputError, match=r"is not the two\.csv\.gz that is known"):
        fetch("two", tmp_path / "mine")
    assert os.listdir(tmp_path / "mine") == []
    (tmp_path / "mine" / "two.csv").write_bytes(SAID + b"C\n")
    with pytest.raises(InputError, match=r"two\.csv is not"):
        fetch("two", tmp_path / "mine")
    (tmp_path / "mine" / "two.csv").write_bytes(
        SAID.rstrip()
    )  # zipped or not, with or without its last line end
    assert fetch("two", tmp_path / "mine").name == "two.csv"


# pooch does not close the response of a request that failed: https://github.com/fatiando/pooch/pull/553
@pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning")
@pytest.mark.filterwarnings("ignore:Exception ignored in. <socket:pytest.PytestUnraisableExceptionWarning")
def test_a_server_that_does_not_answer_is_named(
    server: tuple[Path, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    known(monkeypatch, f"{server[1]}/nothing")
    with pytest.raises(InputError, match=r"cannot be downloaded from http.*LATENTBO_DATA") as caught:
        fetch("two", tmp_path / "mine")
    assert str(tmp_path / "mine") in str(caught.value)
    del caught
    gc.collect()
    with pytest.raises(InputError, match="did you mean 'qm9'"):
        fetch("qm8")


def test_the_environment_names_the_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(FOLDER, str(tmp_path))
    assert data_folder() == tmp_path
    monkeypatch.delenv(FOLDER)
    assert data_folder().name == "latentbo"


def test_the_sources_are_what_they_are_said_to_be(shared_data: Path) -> None:
    counts = {"zinc250k": 249_455, "qm9_smiles": 133_247, "qm9": 14_862}
    assert counts.keys() == SOURCES.keys()
    for name, count in counts.items():
        rows = read_table(fetch(name, shared_data), value_column=None).rows
        assert len(rows) == count
        assert f"{count:,}" in SOURCES[name].about
