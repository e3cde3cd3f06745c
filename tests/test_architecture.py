"""The house of the design: imports point down, heavy dependencies keep to their rooms, no stored code is run.

Imports are read from the source, wherever they stand: inside functions and under TYPE_CHECKING too.
"""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parent.parent / "latentbo"
STOREYS = (
    ("errors", "types", "rng"),
    ("data", "codecs"),
    ("objectives",),
    ("models",),
    ("training", "views"),
    ("validity",),
    ("baselines",),
    ("acquisition",),
    ("campaign",),
    ("report", "integrations"),
    ("cli",),
)
SHARED_STOREY = ("data", "codecs")  # frozen token sets know the vocabulary; a corpus is read by the codec

CHEMISTRY = {
    "codecs.bonds",
    "codecs.corpus_reader",
    "codecs.crossover",
    "codecs.descriptors",
    "codecs.edits",
    "codecs.graphs",
    "codecs.molecules",
    "codecs.mutations",
    "codecs.recombine",
    "codecs.selfies_edits",
    "objectives.fingerprints",
    "objectives.molecules",
    "objectives.scores",
    "report.molecules",
    "training.molecules",
    "validity.rules",
}
ROOMS = {
    "rdkit": CHEMISTRY,
    "selfies": CHEMISTRY,
    "botorch": {"models", "training", "acquisition", "integrations", "validity.feasibility"},
    "gpytorch": {"models", "training", "acquisition", "integrations"},
    "linear_operator": {"models", "training", "acquisition", "integrations"},
    "matplotlib": {"report"},
    "plotly": {"report"},
    "jinja2": {"report"},
    "PIL": {"codecs.images"},
    "ax": {"integrations.ax"},
    "typer": {"cli"},
    "mol_ga": {"baselines.mol_ga"},
}
RUNS_STORED_CODE = {"pickle", "cloudpickle", "dill", "joblib", "marshal", "shelve", "jsonpickle"}


@cache
def modules() -> dict[str, ast.Module]:
    """Dotted name below the package ("" for its root) to parsed source."""
    found = {}
    for path in sorted(PACKAGE.rglob("*.py")):
        parts = path.relative_to(PACKAGE).with_suffix("").parts
        name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
        found[name] = ast.parse(path.read_text(encoding="utf-8"), str(path))
    return found


def imported(tree: ast.AST) -> Iterator[str]:
    """Every absolute name that is imported; `from a import b` gives `a.b`."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"relative import in line {node.lineno}"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def own_imports(name: str) -> set[str]:
    """The package's modules that a module imports; of the root only `__version__` may be used."""
    found = set()
    for target in imported(modules()[name]):
        if target.partition(".")[0] != "latentbo" or target in ("latentbo", "latentbo.__version__"):
            continue
        inner = target.removeprefix("latentbo").removeprefix(".")
        if inner not in modules():
            inner = inner.rpartition(".")[0]
        assert inner in modules(), f"{name} imports {target}, which does not exist"
        assert inner, f"{name} imports {target} from the root of the package"
        found.add(inner)
    return found


def storey(name: str) -> int:
    room = name.partition(".")[0]
    floors = [i for i, rooms in enumerate(STOREYS) if room in rooms]
    assert floors, f"{name} is in no storey of the house"
    return floors[0]


def inside(name: str, rooms: set[str]) -> bool:
    return any(name == room or name.startswith(f"{room}.") for room in rooms)


def named() -> list[str]:
    return [name for name in modules() if name]


@pytest.mark.parametrize("name", named())
def test_imports_point_down(name: str) -> None:
    room = name.partition(".")[0]
    for target in own_imports(name):
        other = target.partition(".")[0]
        if other == room or (room in SHARED_STOREY and other in SHARED_STOREY):
            continue
        assert storey(target) < storey(name), f"{name} imports {target}, which stands above or beside it"


def test_no_module_imports_itself_in_a_circle() -> None:
    done: set[str] = set()

    def visit(name: str, path: tuple[str, ...]) -> None:
        assert name not in path, " -> ".join((*path[path.index(name) :], name))
        if name not in done:
            for target in sorted(own_imports(name)):
                visit(target, (*path, name))
            done.add(name)

    for name in named():
        visit(name, ())
    assert done == set(named())


@pytest.mark.parametrize("library", ROOMS)
def test_a_heavy_dependency_stays_in_its_rooms(library: str) -> None:
    users = {
        name
        for name, tree in modules().items()
        if any(target.partition(".")[0] == library for target in imported(tree))
    }
    strangers = {name or "latentbo" for name in users if not inside(name, ROOMS[library])}
    assert not strangers, f"{library} is imported by {sorted(strangers)}"


@pytest.mark.parametrize("name", list(modules()))
def test_nothing_runs_stored_code(name: str) -> None:
    tree = modules()[name]
    assert not {target.partition(".")[0] for target in imported(tree)} & RUNS_STORED_CODE
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        called = ast.unparse(node.func)
        assert called not in {"eval", "exec", "compile", "__import__"}, f"{called} in line {node.lineno}"
        assert called not in {"torch.load", "torch.save"}, f"{called} in line {node.lineno}"
        allowed = {ast.unparse(option.value) for option in node.keywords if option.arg == "allow_pickle"}
        assert allowed <= {"False"}, f"allow_pickle in line {node.lineno}"
        assert not called.endswith(("read_pickle", "to_pickle")), f"{called} in line {node.lineno}"


def test_importing_the_package_loads_nothing_heavy() -> None:
    code = "import latentbo, sys; print(*sys.modules)"
    out = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout.split()
    assert "latentbo" in out
    assert not {name.partition(".")[0] for name in out} & {*ROOMS, "torch", "pandas"}


def test_the_general_rooms_load_no_chemistry() -> None:
    """Networks, priors, kernels and the surrogate serve any codec."""
    code = (
        "import sys, latentbo.models.dkl_vae, latentbo.models.pretrained, latentbo.training.fit;"
        "import latentbo.views.grids, latentbo.views.maps, latentbo.views.motion, latentbo.views.paths;"
        "print(*sys.modules)"
    )
    out = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout.split()
    assert "latentbo.models.dkl_vae" in out
    assert not {name.partition(".")[0] for name in out} & {"rdkit", "selfies", "matplotlib", "ax", "plotly"}
