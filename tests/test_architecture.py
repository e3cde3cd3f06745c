"""The house of the design: imports point down, heavy dependencies keep to their rooms, no stored code is run.

Imports are read from the source, wherever they stand: inside functions and under TYPE_CHECKING too.
"""

from __future__ import annotations

import ast
import importlib
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parent.parent / "latentbo"
ROOMS = (
    "version", "errors", "types", "lazy", "scripts", "rng", "torch_rng", "data", "codecs", "chemistry", "objectives", "kinds",
    "models", "diagnostics", "training", "acquisition", "baselines", "campaign", "report", "integrations", "cli",
)  # fmt: skip
"""Bottom to top: a room imports from those before it, and from itself."""

CHEMISTRY = {
    "chemistry",
    "codecs.fragments",
    "codecs.molecules",
    "codecs.smiles",
    "codecs.spellings",
    "diagnostics.molecule_space",
    "kinds.molecules",
    "objectives.fingerprints",
    "objectives.molecules",
    "objectives.scores",
    "training.corpus_reader",
    "training.molecules",
    "training.recombine",
}
GAUSSIAN_PROCESSES = {"models", "diagnostics", "training", "acquisition", "integrations"}
USERS = {
    "rdkit": CHEMISTRY,
    "selfies": CHEMISTRY,
    "botorch": GAUSSIAN_PROCESSES,
    "gpytorch": GAUSSIAN_PROCESSES,
    "linear_operator": GAUSSIAN_PROCESSES,
    "matplotlib": {"report"},
    "plotly": {"report"},
    "jinja2": {"report"},
    "PIL": {"codecs.images", "chemistry.drawing"},
    "ax": {"integrations.ax"},
    "typer": {"cli"},
    "mol_ga": {"baselines.mol_ga"},
}
WITHOUT_TORCH = ("kinds", "campaign.files", "campaign.starting", "campaign.table", "objectives.loading")
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
    """The package's modules that a module imports; nobody imports from the root, which is the front door."""
    found = set()
    for target in imported(modules()[name]):
        if target.partition(".")[0] != "latentbo":
            continue
        inner = target.removeprefix("latentbo").removeprefix(".")
        if not inner or inner not in modules():
            inner = inner.rpartition(".")[0]
        assert inner in modules(), f"{name} imports {target}, which does not exist"
        assert inner, f"{name} imports {target} from the root of the package"
        found.add(inner)
    return found


def storey(name: str) -> int:
    room = name.partition(".")[0]
    assert room in ROOMS, f"{name} is in no room of the house"
    return ROOMS.index(room)


def inside(name: str, rooms: set[str]) -> bool:
    return any(name == room or name.startswith(f"{room}.") for room in rooms)


def named() -> list[str]:
    return [name for name in modules() if name]


@pytest.mark.parametrize("name", named())
def test_imports_point_down(name: str) -> None:
    for target in own_imports(name):
        same_room = target.partition(".")[0] == name.partition(".")[0]
        assert same_room or storey(target) < storey(name), f"{name} imports {target}, which stands above it"


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


@pytest.mark.parametrize("library", USERS)
def test_a_heavy_dependency_stays_in_its_rooms(library: str) -> None:
    users = {
        name
        for name, tree in modules().items()
        if any(target.partition(".")[0] == library for target in imported(tree))
    }
    strangers = {name or "latentbo" for name in users if not inside(name, USERS[library])}
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


def loaded_by(*names: str) -> set[str]:
    """Top-level packages that are in memory after these modules were imported, in a new process."""
    code = f"import {', '.join(names)}, sys; print(*sys.modules)"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert set(names) <= set(out.stdout.split())
    return {name.partition(".")[0] for name in out.stdout.split()}


def test_importing_the_package_loads_nothing_heavy() -> None:
    rooms = [
        f"latentbo.{room}"
        for room in ROOMS
        if (PACKAGE / room).is_dir() and room not in ("cli", "integrations")
    ]
    assert not loaded_by("latentbo", *rooms) & {*USERS, "torch", "pandas", "numpy"}


@pytest.mark.parametrize("name", WITHOUT_TORCH)
def test_what_reads_a_campaign_s_file_needs_no_torch(name: str) -> None:
    names = [f"latentbo.{each}" for each in modules() if inside(each, {name})]
    assert not loaded_by(*names) & {"torch", "botorch", "gpytorch", "linear_operator", "matplotlib", "plotly"}


def test_the_general_rooms_load_no_chemistry() -> None:
    """Networks, priors, kernels and the surrogate serve any codec."""
    general = ("models.dkl_vae", "models.pretrained", "training.fit", "diagnostics.grids", "diagnostics.maps",
               "diagnostics.motion", "diagnostics.paths", "acquisition.pool", "campaign.campaign")  # fmt: skip
    found = loaded_by(*(f"latentbo.{name}" for name in general))
    assert not found & {"rdkit", "selfies", "PIL", "matplotlib", "ax", "plotly"}


KIND_NAMES = ("molecules", "images")


@pytest.mark.parametrize("name", [name for name in named() if not name.startswith(("kinds", "codecs"))])
def test_only_a_kind_knows_what_it_is(name: str) -> None:
    """No `if kind == "molecules"` outside the kinds: whoever must know asks the kind."""
    for node in ast.walk(modules()[name]):
        if isinstance(node, ast.Compare):
            texts = [part.value for part in ast.walk(node) if isinstance(part, ast.Constant)]
            assert not set(KIND_NAMES) & set(map(str, texts)), f"line {node.lineno}: {ast.unparse(node)}"
        if isinstance(node, ast.MatchValue) and isinstance(node.value, ast.Constant):
            assert node.value.value not in KIND_NAMES, f"line {node.lineno}"


@pytest.mark.parametrize("name", ["", *ROOMS])
def test_public_names_are_there_and_listed_once(name: str) -> None:
    """What a package exports lazily is what type checkers and editors see."""
    if not (PACKAGE / name / "__init__.py").is_file() or name in ("cli", "integrations"):
        return
    package = importlib.import_module(f"latentbo.{name}".rstrip("."))
    seen = {
        alias.asname
        for node in ast.walk(modules()[name])
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
        if alias.asname and alias.asname != "__version__"
    }
    assert seen == set(package.__all__) == set(dir(package))
    for exported in package.__all__:
        assert getattr(package, exported) is not None
        assert exported not in {each.partition(".")[2] for each in modules() if each.startswith(f"{name}.")}
