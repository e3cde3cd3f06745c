"""README and docs: what they show runs as it stands, what they name exists, and the pages build without a warning."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from collections.abc import Iterator, Mapping
from importlib import import_module
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest
import typer
from ax.api.client import Client
from ax.api.configs import ChoiceParameterConfig

from benchmarks.__main__ import BENCHMARKS
from latentbo.campaign.settings import Settings
from latentbo.chemistry.rules import MoleculeRules
from latentbo.cli import app, config
from latentbo.codecs.image_files import write_images
from latentbo.codecs.images import image_name
from latentbo.kinds.cards import DEFAULT, SHIPPED
from latentbo.models.dkl_vae import DKLVAE
from latentbo.models.pretrained import save_model
from latentbo.objectives.loading import load_objective
from latentbo.training import images
from latentbo.training.pretrain import Recipe
from tests.conftest import MOLECULES

ROOT = Path(__file__).resolve().parent.parent
README = ROOT / "README.md"
PAGES = [README, *sorted((ROOT / "docs").rglob("*.md"))]
TEXTS = {str(page.relative_to(ROOT)): page.read_text(encoding="utf-8") for page in PAGES}
LONGEST_README = 140
AX, IMAGES = "docs/guide/ax.md", "docs/guide/images.md"  # pages that find something in the folder
CLI: Mapping[str, Any] = cast(Any, typer.main.get_command(app)).commands
BLOCK = re.compile(r"(?:<!-- not run: ([^>]+) -->\n)?^```(\w+)\n(.*?)^```$", flags=re.DOTALL | re.MULTILINE)
SPARED = {"docs/guide/pretrain.md": 1}  # blocks that nobody runs here; why stands before each


def blocks(language: str, name: str | None = None) -> Iterator[tuple[str, str]]:
    """(page, block) of all blocks in a language, but for those that are marked as not run."""
    for page, text in TEXTS.items():
        if name in (None, page):
            for reason, found, block in BLOCK.findall(text):
                if found == language and not reason:
                    yield page, block


def ids(found: list[tuple[str, str]]) -> list[str]:
    return [f"{page}-{number}" for number, (page, _) in enumerate(found)]


@pytest.fixture
def folder(tiny_model: DKLVAE, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder to run in, with a model that fits a unit test in place of the shipped one."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    shipped = tmp_path / "shipped"
    save_model(tiny_model, shipped)
    monkeypatch.setitem(SHIPPED, DEFAULT, shipped)
    return tmp_path


def ax_experiment(folder: Path) -> None:
    """An experiment that Ax runs over a list of molecules."""
    client = Client()
    client.configure_experiment(
        [ChoiceParameterConfig(name="smiles", values=list(MOLECULES), parameter_type="str", is_ordered=False)]
    )
    client.configure_optimization("-loss")
    client.configure_generation_strategy()
    for smiles in MOLECULES[:22]:
        client.complete_trial(client.attach_trial({"smiles": smiles}), {"loss": float(len(smiles))})
    client.save_to_json_file(str(folder / "old.json"))


def scans(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder of small images with values, and a network that learns them at once: bright bars, one column each."""
    (folder / "scans").mkdir()
    names = [f"{place}.png" for place in range(60)]
    for place, name in enumerate(names):
        bar = np.zeros((16, 16), dtype=np.uint8)
        bar[place % 4 : place % 4 + 12, place // 4] = 255
        write_images([image_name(bar)], [folder / "scans" / name])
    rows = [f"{name},{place % 5}\n" for place, name in enumerate(names)]
    (folder / "values.csv").write_text("file,value\n" + "".join(rows))
    small = images.ImageRecipe(latent=2, hidden=16, channels=4, epochs=2)
    monkeypatch.setattr(images, "ImageRecipe", lambda: small)


def run_page(page: str) -> dict[str, object]:
    """All Python of a page in order, as who reads it would: names stay. What begins with a file's name goes there, too."""
    scope: dict[str, object] = {"__name__": "__main__"}
    for _, block in blocks("python", page):
        if (first := re.match(r"# (\w+)\.py\n", block)) is not None:
            Path(f"{first[1]}.py").write_text(block, encoding="utf-8")
            sys.modules.pop(first[1], None)
        exec(compile(block, page, "exec"), scope)
    return scope


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize("page", sorted({page for page, _ in blocks("python")} - {AX, IMAGES}))
def test_what_a_page_shows_runs(page: str) -> None:
    run_page(page)


def test_hardly_anything_is_spared() -> None:
    spared = {page: sum(bool(reason) for reason, _, _ in BLOCK.findall(text)) for page, text in TEXTS.items()}
    assert {page: count for page, count in spared.items() if count} == SPARED


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize("page", ["README.md", "docs/guide/campaigns.md"])
def test_the_objective_works(page: str, tmp_path: Path) -> None:
    text = next(block for _, block in blocks("python", page) if block.startswith("# mine.py"))
    (tmp_path / "mine.py").write_text(text)
    values = load_objective(f"{tmp_path / 'mine.py'}:logp_near_three")(["CCO", "c1ccccc1"])
    assert values == pytest.approx([-3.0014, -1.3134], abs=1e-3)


def test_an_ax_experiment_goes_on_in_ten_lines(folder: Path, tiny_model: DKLVAE) -> None:
    ((_, snippet),) = blocks("python", AX)
    assert len([line for line in snippet.splitlines() if line.strip()]) <= 10
    ax_experiment(folder)
    client = run_page(AX)["client"]
    assert isinstance(client, Client)
    summary = client.summarize()
    assert list(summary["trial_status"]) == ["COMPLETED"] * 26
    assert set(tiny_model.codec.canonical(MOLECULES[:22])) < set(summary["smiles"])
    assert summary["smiles"].is_unique


def test_images_work(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    scans(folder, monkeypatch)
    run_page(IMAGES)
    assert sorted(path.name for path in folder.glob("p*.png")) == [
        f"p{place:05}.png" for place in range(61, 66)
    ]


COMMANDS = [
    (page, line.split("#")[0].strip())
    for page, block in blocks("bash")
    for line in block.splitlines()
    if line.startswith(("latentbo ", "python -m benchmarks"))
] + [
    (page, line)
    for page, text in TEXTS.items()
    for line in re.findall(r"`(latentbo [a-z][a-z-]* [^`]+)`", text)
]


@pytest.mark.parametrize(("page", "line"), COMMANDS, ids=ids(COMMANDS))
def test_a_command_can_be_given_as_it_stands(page: str, line: str) -> None:
    """It is parsed, options, arguments and their types, and not carried out."""
    words = shlex.split(line)
    if words[0] == "python":
        assert words[3] in BENCHMARKS, f"{page}: {line}"
        return
    name, *rest = words[3:] if words[1] == "--kind" else words[1:]
    assert name in CLI, f"{page}: {line}"
    CLI[name].make_context(name, rest)


def test_every_command_is_in_the_docs() -> None:
    reference = TEXTS["docs/api/cli.md"]
    assert {name for name in CLI if f"`{name}`" not in reference} == set()


SETTINGS = list(blocks("toml"))


@pytest.mark.parametrize(("page", "text"), SETTINGS, ids=ids(SETTINGS))
def test_a_configuration_is_read(page: str, text: str, tmp_path: Path) -> None:
    """Without a key that nobody knows, which would raise."""
    file = tmp_path / "config.toml"
    file.write_text(text, encoding="utf-8")
    if text.startswith("# recipe.toml"):
        config.recipe(Recipe, file, [], None)
    else:
        config.given(file, {})


@pytest.mark.parametrize(
    ("page", "described"), [("docs/guide/campaigns.md", Settings), ("docs/guide/rules.md", MoleculeRules)]
)
def test_every_setting_and_rule_is_described(page: str, described: type) -> None:
    missing = [name for name in described.__dataclass_fields__ if f"`{name}`" not in TEXTS[page]]
    assert not missing


NAMES = sorted({name for text in TEXTS.values() for name in re.findall(r"`(latentbo(?:\.\w+)+)`", text)})


@pytest.mark.parametrize("name", NAMES)
def test_what_is_named_is_there(name: str) -> None:
    """`latentbo.a.b` is a module, or something in one."""
    module, rest = name, []
    while True:
        try:
            found: object = import_module(module)
            break
        except ModuleNotFoundError:
            module, _, last = module.rpartition(".")
            assert module, name
            rest.insert(0, last)
    for each in rest:
        found = getattr(found, each)


@pytest.mark.parametrize("page", ["docs/map.md", "docs/how-it-works.md"])
def test_modules_on_the_map_are_there(page: str) -> None:
    """In its tables modules go without the package's name: `acquisition.pool`."""
    rooms = {path.stem for path in (ROOT / "latentbo").iterdir() if not path.name.startswith("_")}
    named = [
        name for name in re.findall(r"`([a-z_]+\.[a-z_.]+)`", TEXTS[page]) if name.split(".")[0] in rooms
    ]
    missing = [
        name
        for name in named
        if not (ROOT / "latentbo" / f"{name.replace('.', '/')}.py").exists()
        and not (ROOT / "latentbo" / name.replace(".", "/")).is_dir()
    ]
    assert not missing


def test_every_room_is_on_the_map_and_in_the_reference() -> None:
    rooms = {path.parent.name for path in (ROOT / "latentbo").glob("*/__init__.py")}
    listed = {room for room in rooms if f"[`{room}`](api/{room}.md)" in TEXTS["docs/map.md"]}
    assert listed == rooms
    assert {room for room in rooms if f"::: latentbo.{room}\n" in TEXTS[f"docs/api/{room}.md"]} == rooms


@pytest.mark.parametrize("page", list(TEXTS))
def test_links_lead_somewhere(page: str) -> None:
    """As GitHub follows them; anchors are those that MkDocs makes of headings, and are checked there for other pages."""
    for link in re.findall(r"\]\(([^)\s]+)\)", BLOCK.sub("", TEXTS[page])):
        if link.startswith(("https://", "#")):
            continue
        target = (ROOT / page).parent / link.partition("#")[0]
        assert target.exists(), f"{page}: {link}"


def test_the_readme_is_for_a_newcomer() -> None:
    text = TEXTS["README.md"]
    assert len(text.splitlines()) <= LONGEST_README
    for marker in ("<!-- demo -->", "<!-- tests -->"):
        assert re.search(rf"{marker}\n```bash\n[^\n]+\n```\n", text), f"one line of code after {marker}"


FIGURE = re.compile(r"\d+\.\d{3} ± \d+\.\d{3}")


@pytest.mark.parametrize("page", ["README.md", "docs/results/arena.md", "docs/results/low-budget.md"])
def test_figures_of_the_arena_are_those_that_were_measured(page: str) -> None:
    measured = (ROOT / "benchmarks" / "results" / "arena.md").read_text(encoding="utf-8")
    found = set(FIGURE.findall(TEXTS[page]))
    assert found
    assert found <= set(FIGURE.findall(measured))


def test_nothing_names_a_place_on_this_machine() -> None:
    for page, text in TEXTS.items():
        assert str(ROOT) not in text, page
        assert not re.search(r"(?<![\w.])/(?:home|root|tmp|work|mnt)/", text), page


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The built pages; a warning is an error."""
    out = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(out)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return out


def test_the_pages_build(site: Path) -> None:
    assert (site / "index.html").exists()
    assert (site / "repository/benchmarks/results/arena_best.png").exists()
    assert "ProposalContext" in (site / "api" / "acquisition.html").read_text(encoding="utf-8")


def test_a_reader_fetches_nothing_from_elsewhere(site: Path) -> None:
    loads = re.compile(r"""<(?:script|img|iframe|link)\b[^>]*?\b(?:src|href)=["']?((?:https?:)?//[^"' >]+)""")
    for page in site.rglob("*.html"):
        assert not loads.findall(page.read_text(encoding="utf-8")), page
    for sheet in site.rglob("*.css"):
        assert not re.search(r"url\(\s*[\"']?(?:https?:)?//", sheet.read_text(encoding="utf-8")), sheet
