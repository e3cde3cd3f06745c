"""How the pictures of benchmarks are kept."""

from __future__ import annotations

from pathlib import Path

from matplotlib.figure import Figure


def save_picture(figure: Figure, file: Path) -> None:
    """As PNG, on white, in a folder that is made if it is not there."""
    file.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(file, dpi=72, facecolor="white")
