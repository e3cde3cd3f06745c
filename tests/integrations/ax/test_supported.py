"""The Ax that is installed, pinned and promised are one."""

from __future__ import annotations

import tomllib
from importlib.metadata import version

from packaging.requirements import Requirement

from tests.conftest import REPOSITORY


def test_the_pinned_ax_is_supported_and_installed() -> None:
    extras = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    wanted = {found.name: found.specifier for found in map(Requirement, extras["ax"])}
    pins = (Requirement(line) for line in (REPOSITORY / "constraints.txt").read_text().splitlines())
    pinned = {pin.name.lower(): pin.specifier for pin in pins}
    for name, supported in wanted.items():
        assert version(name) in supported
        assert version(name) in pinned[name]
