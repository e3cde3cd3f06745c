"""Public data sets by name: from a folder of one's own, or downloaded once and checked.

A file is used only if its content has the SHA-256 below. Of the content, white space at the end does not count, and neither
does whether the file is zipped.
"""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path

import pooch

from latentbo.data.files import content
from latentbo.errors import InputError, unknown_name

FOLDER = "LATENTBO_DATA"  # the environment variable that names a folder of data
RAW = "https://raw.githubusercontent.com"


@dataclass(frozen=True)
class Source:
    """One file: what it is called, where it comes from (a commit that does not change), and what it says."""

    name: str
    url: str
    sha256: str
    about: str


SOURCES = {
    "zinc250k": Source(
        "zinc250k.smi.gz",
        f"{RAW}/wenhao-gao/mol_opt/fd6893626427a5ee22cab86b9ba1f6d382c63253/data/zinc.txt.gz",
        "b2a780b520e9188fdbc3dd1affe785f0f21151ac7e9fa8889e33832067763a9b",
        "249,455 drug-like molecules, one SMILES a line",
    ),
    "qm9_smiles": Source(
        "qm9_smiles.csv",
        f"{RAW}/valence-discovery/lapool/88bf9d64b0503a49975b3c58991d517b195d3a46/data/qm9.csv",
        "3c48c1cde88d7ff0de6ec844c7a778080555c6c11583c1a1c5151a0c5e267961",
        "133,247 molecules of at most nine heavy atoms, column smiles",
    ),
    "qm9": Source(
        "qm9_subset_properties.csv",
        f"{RAW}/Shreyas-Bhat/MolPropPred/9d6974618a184f52faeffcc49d950b6bec7c813d/data/qm9_small.csv",
        "6a10c211b5d4759b1588b4a8dba4718a29e9fea48160a1f40e4a77148d29b6e9",
        "14,862 of them with properties: h298 in Hartree, h298_atom in kcal/mol, gap, homo, lumo, mu ...",
    ),
}


def data_folder() -> Path:
    """Where data are looked for and put: the folder that LATENTBO_DATA names, or the user's cache."""
    return Path(os.environ.get(FOLDER) or pooch.os_cache("latentbo"))


def fetch(name: str, folder: str | Path | None = None) -> Path:
    """The file of a data set, zipped or not, in `folder` (`data_folder()` if none is named); downloaded if it is not there.

    Raises `InputError` for an unknown name, a file that says something else, and a download that fails.
    """
    if name not in SOURCES:
        raise unknown_name("data set", name, SOURCES)
    source, place = SOURCES[name], data_folder() if folder is None else Path(folder)
    bare = source.name.removesuffix(".gz")
    for file in (place / bare, place / f"{bare}.gz"):
        if file.is_file():
            _check(file, source)
            return file
    return _download(source, place)


def _download(source: Source, place: Path) -> Path:
    try:
        place.mkdir(parents=True, exist_ok=True)
        part = Path(
            pooch.retrieve(
                source.url, known_hash=None, fname=f"{source.name}.part", path=place, progressbar=False
            )
        )
    except Exception as error:  # of the network, the server, the disk: pooch hands on whatever came
        raise InputError(
            f"{source.name} is not in {place} and cannot be downloaded from {source.url} ({error}): put it there, or name "
            f"the folder that has it with {FOLDER}"
        ) from error
    try:
        _check(part, source)
        return part.replace(place / source.name)
    finally:
        part.unlink(missing_ok=True)


def _check(file: Path, source: Source) -> None:
    found = hashlib.sha256(content(file).rstrip()).hexdigest()
    if found != source.sha256:
        raise InputError(
            f"{file} is not the {source.name} that is known: SHA-256 {found} instead of {source.sha256}. Delete it to "
            "download it again, or give your own file by its path"
        )
