"""The arena: methods side by side on the same tasks, the same start molecules and the same number of oracle calls."""

from benchmarks.arena.command import main

__all__ = ["main"]
