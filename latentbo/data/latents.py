"""Latent points in files: a table `smiles,z0,z1,...` as CSV; for numpy, arrays `smiles` and `z` as .npz."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from jaxtyping import Float

from latentbo.errors import InputError

OBJECT, LATENTS = "smiles", "z"


def latents_csv(objects: Sequence[str], z: Float[np.ndarray, "n d"], *, column: str = OBJECT) -> str:
    """The table as text, the objects in `column`; numbers are written in full, so that they are read back exactly."""
    frame = pd.DataFrame(z, columns=[f"{LATENTS}{i}" for i in range(z.shape[1])])
    frame.insert(0, column, list(objects))
    return frame.to_csv(index=False, lineterminator="\n")


def write_latents(
    objects: Sequence[str], z: Float[np.ndarray, "n d"], path: Path, *, column: str = OBJECT
) -> None:
    """To a file that ends in .csv or .npz; `InputError` for other endings."""
    match path.suffix:
        case ".csv":
            path.write_text(latents_csv(objects, z, column=column), encoding="utf-8")
        case ".npz":
            np.savez(path, allow_pickle=False, **{column: np.asarray(objects, dtype=np.str_), LATENTS: z})
        case _:
            raise InputError(f"latents are written to a file that ends in .csv or .npz, not to {path}")


def read_latents(path: Path, d: int) -> Float[np.ndarray, "n d"]:
    """The latent points of a CSV file with the columns z0 ... z(d-1); other columns are passed over.

    Raises `InputError` where they are not there, or not all of them finite numbers.
    """
    try:
        frame = pd.read_csv(path)
    except (OSError, ValueError) as error:
        raise InputError(f"cannot read latents from {path}: {error}") from error
    wanted = [f"{LATENTS}{i}" for i in range(d)]
    found = [name for name in frame.columns if name[:1] == LATENTS and name[1:].isdigit()]
    if sorted(found) != sorted(wanted):
        raise InputError(
            f"{path} has {len(found)} latent columns, but this model has {d}: z0 ... z{d - 1} were expected"
        )
    z: Float[np.ndarray, "n d"] = (
        frame[wanted].apply(pd.to_numeric, errors="coerce").to_numpy(dtype=float, copy=True)
    )
    if not np.isfinite(z).all():
        row = int(np.flatnonzero(~np.isfinite(z).all(axis=1))[0])
        raise InputError(f"{path} has a latent that is not a finite number in row {row + 1}")
    return z
