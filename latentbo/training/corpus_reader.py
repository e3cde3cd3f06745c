"""Reading a file of molecules for pretraining, in parallel and once.

One pass over the lines gives canonical SMILES, what the model reads of them (SELFIES, or another spelling) and
descriptors; the codec is then learnt on the spellings of the training lines, and a second, short pass turns spellings into
its tokens.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from itertools import chain
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
import rdkit
import selfies
import torch
from jaxtyping import Float, UInt8

from latentbo.chemistry.descriptors import morgan_counts, properties
from latentbo.codecs.molecules import TOO_LONG, UNSEEN_TOKEN, MoleculeCodec, canonical
from latentbo.codecs.smiles import SmilesCodec
from latentbo.codecs.spellings import SPELLINGS
from latentbo.codecs.vocabulary import SpellingName, UnseenSymbolError, Vocabulary
from latentbo.data.files import content_sha256
from latentbo.data.tables import read_smiles
from latentbo.models.padding import pad
from latentbo.training.corpus import Corpus, load_corpus, save_corpus

FORMAT = 1
CHUNK = 2_000  # rows a worker reads at a time
RADIUS, SIZE = 2, 1024  # of the Morgan counts that the latent space is asked to show


def read_corpus(
    file: str | Path,
    *,
    merges: int,
    held_out_every: int,
    spelling: SpellingName = "selfies",
    codec: MoleculeCodec | SmilesCodec | None = None,
    folder: Path | None = None,
    workers: int = 1,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> Corpus:
    """Read a .smi file or a table with a column `smiles`, gzipped or not, or the copy of it in `folder`.

    The codec is learnt, or the one given. `workers` processes share the reading (about 6 ms a molecule); they are spawned,
    so a script that asks for more than one needs an `if __name__ == "__main__":`. `progress(done, total)` is called with rows.
    Raises `InputError` where nothing can be read.
    """
    file = Path(file)
    key = {
        "format": FORMAT,
        "sha256": content_sha256(file),
        "merges": merges,
        "held_out_every": held_out_every,
        "spelling": spelling,
        "rdkit": rdkit.__version__,
        "selfies": selfies.__version__,
        **({} if codec is None else {"codec": codec.to_dict()}),
    }
    corpus = load_corpus(folder, key) if folder is not None else None
    if corpus is None:
        corpus = _read(file, key, codec, workers, progress)
        if folder is not None:
            save_corpus(corpus, folder, key)
    return corpus


def canonical_objects(raw: Sequence[str], *, workers: int = 1) -> list[str | None]:
    """The canonical SMILES of each string, None where it has none: for comparing, without descriptors."""
    with mapper(workers) as each:
        return list(chain.from_iterable(each(_canonical_chunk, _chunked(raw))))


@dataclass(frozen=True)
class _Chunk:
    """A run of lines: what the readable ones are, and for each line None or the reason why it is not."""

    objects: list[str]
    spelled: list[str]
    properties: Float[np.ndarray, "n p"]
    counts: UInt8[np.ndarray, "n c"]
    reasons: list[str | None]


def _read(
    file: Path,
    key: dict[str, Any],
    given: MoleculeCodec | SmilesCodec | None,
    workers: int,
    progress: Callable[[int, int], None],
) -> Corpus:
    raw = read_smiles(file)
    spelling: SpellingName = key["spelling"]
    chunks: list[_Chunk] = []
    done = 0
    with mapper(workers) as each:
        for chunk in each(partial(_read_chunk, spelling=spelling), _chunked(raw)):
            chunks.append(chunk)
            done += len(chunk.reasons)
            progress(done, len(raw))
        reasons = [reason for chunk in chunks for reason in chunk.reasons]
        lines = [line for line, reason in enumerate(reasons) if reason is None]
        spelled = [run for chunk in chunks for run in chunk.spelled]
        taught = [run for line, run in zip(lines, spelled, strict=True) if line % key["held_out_every"]]
        codec = given or SPELLINGS[spelling].learn(taught, merges=key["merges"])
        tokenize = partial(_tokenize_chunk, vocabulary=codec.vocabulary, spelling=spelling)
        tokens = list(chain.from_iterable(each(tokenize, _chunked(spelled))))
    objects = [text for chunk in chunks for text in chunk.objects]
    # A held-out molecule may hold what the training molecules, and with them the codec, have never shown.
    late = [
        UNSEEN_TOKEN if row is None else TOO_LONG if len(row) > codec.max_tokens else None for row in tokens
    ]
    kept = [i for i, reason in enumerate(late) if reason is None]
    return Corpus(
        codec=codec,
        objects=tuple(objects[i] for i in kept),
        lines=torch.tensor([lines[i] for i in kept]),
        tokens=pad([tokens[i] or () for i in kept]).to(torch.int16),
        properties=torch.from_numpy(np.concatenate([chunk.properties for chunk in chunks])[kept]),
        counts=torch.from_numpy(np.concatenate([chunk.counts for chunk in chunks])[kept]),
        held_out_every=key["held_out_every"],
        name=file.name,
        sha256=key["sha256"],
        total=len(raw),
        refused=dict(sorted(Counter(reason for reason in reasons + late if reason is not None).items())),
    )


def _read_chunk(raw: Sequence[str], spelling: SpellingName) -> _Chunk:
    objects, spelled, reasons = [], [], []
    for text in raw:
        run = None
        molecule, reason = canonical(text, MoleculeCodec.max_atoms)
        if molecule is not None:
            run, reason = SPELLINGS[spelling].spell(molecule, MoleculeCodec.max_atoms)
        if molecule is not None and run is not None:
            objects.append(molecule)
            spelled.append(run)
        reasons.append(reason)
    counts = morgan_counts(objects, radius=RADIUS, size=SIZE).clip(max=255).astype(np.uint8)
    return _Chunk(objects, spelled, properties(objects), counts, reasons)


def _canonical_chunk(raw: Sequence[str]) -> list[str | None]:
    return [canonical(text, MoleculeCodec.max_atoms)[0] for text in raw]


def _tokenize_chunk(
    spelled: Sequence[str], vocabulary: Vocabulary, spelling: SpellingName
) -> list[tuple[int, ...] | None]:
    """Tokens of spelled molecules; None for those with a symbol that the vocabulary lacks."""
    rows: list[tuple[int, ...] | None] = []
    for run in spelled:
        try:
            rows.append(tuple(vocabulary.tokenize(SPELLINGS[spelling].symbols(run))))
        except UnseenSymbolError:
            rows.append(None)
    return rows


@contextmanager
def mapper(workers: int) -> Iterator[Callable[..., Iterator[Any]]]:
    """`map`, in this process or shared by spawned ones (a forked torch can hang)."""
    if workers <= 1:
        yield map
        return
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        yield pool.map


def _chunked(rows: Sequence[Any]) -> Iterator[Sequence[Any]]:
    return (rows[start : start + CHUNK] for start in range(0, len(rows), CHUNK))
