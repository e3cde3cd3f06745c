"""Where a run begins: molecules that depend on the seed and on nothing else, so that all methods of a seed share them."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

from benchmarks.arena.tasks import Protocol
from latentbo.codecs.molecules import canonical
from latentbo.data.tables import read_smiles, read_table
from latentbo.errors import InputError
from latentbo.rng import numpy_stream

PUBLISHED = "guacamol_first_100.csv"


@lru_cache(maxsize=1)
def molecule_pool(file: Path) -> tuple[str, ...]:
    """Every SMILES of a file, as written; read once a process."""
    return tuple(read_smiles(file))


def start_molecules(protocol: Protocol, pool: Sequence[str], seed: int, folder: Path) -> tuple[str, ...]:
    """Distinct canonical SMILES that a run begins with. `folder` holds the published list."""
    if protocol.start == "published":
        return published_start(folder / PUBLISHED)[: protocol.start_count]
    return zinc_start(pool, protocol.start_count, seed)


def zinc_start(pool: Sequence[str], count: int, seed: int) -> tuple[str, ...]:
    """`count` molecules of the pool, uniformly at random. Raises `InputError` where it has fewer that are distinct."""
    found: dict[str, None] = {}
    for row in numpy_stream(seed, "arena", "start").permutation(len(pool)):
        name, _ = canonical(pool[row])
        if name is not None:
            found[name] = None
        if len(found) == count:
            return tuple(found)
    raise InputError(
        f"{count} distinct start molecules were expected, but the pool has {len(found)}: give a larger file"
    )


def published_start(file: Path) -> tuple[str, ...]:
    """The start molecules of the published low-budget protocol, in the order of the file."""
    names = (canonical(row.object)[0] for row in read_table(file, value_column=None).rows)
    return tuple(dict.fromkeys(name for name in names if name is not None))
