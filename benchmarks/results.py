"""Results with what is needed to get them again: command, seeds, commit, versions, wall time."""

from __future__ import annotations

import json
import math
import platform
import subprocess
import sys
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from statistics import fmean
from typing import Any

import numpy as np

FOLDER = Path(__file__).parent / "results"
PACKAGES = ("latentbo", "torch", "gpytorch", "botorch", "rdkit", "selfies", "numpy")


def write_result(
    path: Path, numbers: Mapping[str, Any], *, seeds: Sequence[int], wall_seconds: float
) -> None:
    """One flat JSON object: `numbers` first, then the stamp. Four decimals, of small numbers four digits; what is not
    finite is null.
    """
    stamp = {
        "command": " ".join([Path(sys.argv[0]).name if "/" in sys.argv[0] else sys.argv[0], *sys.argv[1:]]),
        "seeds": list(seeds),
        "commit": commit(),
        "versions": versions(),
        "machine": platform.machine(),
        "wall_seconds": round(wall_seconds, 1),
    }
    plain = {name: _plain(value) for name, value in numbers.items()}
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({**plain, **stamp}, indent=2) + "\n")


def over_seeds(per_seed: Sequence[Mapping[str, float]]) -> dict[str, float]:
    """The mean of each figure, and under its name with `_sd` the sample standard deviation (0 of one seed)."""
    numbers: dict[str, float] = {}
    for name in per_seed[0]:
        values = [found[name] for found in per_seed]
        numbers |= {
            name: fmean(values),
            f"{name}_sd": float(np.std(values, ddof=1)) if len(values) > 1 else 0.0,
        }
    return numbers


def weights_of(numbers: Mapping[str, float], figure: str) -> list[str]:
    """The weights that a sweep has `scale_<weight>_<figure>` of, in its order."""
    start, end = "scale_", f"_{figure}"
    found = [name for name in numbers if name.startswith(start) and name.endswith(end)]
    return [name.removeprefix(start).removesuffix(end) for name in found]


def versions() -> dict[str, str]:
    """Of Python and of the packages that a result depends on."""
    return {"python": platform.python_version(), **{name: version(name) for name in PACKAGES}}


def commit() -> str | None:
    """The commit of the checkout, with "+" where files differ from it; None outside a checkout."""
    here = Path(__file__).parent
    try:
        head = _git(here, "rev-parse", "--short=12", "HEAD")
        return head + ("+" if _git(here, "status", "--porcelain") else "")
    except (OSError, subprocess.CalledProcessError):
        return None


def _git(folder: Path, *words: str) -> str:
    run = subprocess.run(["git", "-C", str(folder), *words], check=True, capture_output=True, text=True)
    return run.stdout.strip()


def _plain(value: Any) -> Any:
    if not isinstance(value, float):
        return value
    if not math.isfinite(value):
        return None
    return round(value, 4) if abs(value) >= 0.1 else float(f"{value:.4g}")
