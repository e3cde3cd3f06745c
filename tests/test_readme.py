"""What the README shows runs as it stands, and its two lines are the ones that are used."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from ax.api.client import Client
from ax.api.configs import ChoiceParameterConfig

from latentbo.campaign import Campaign
from latentbo.campaign import campaign as campaign_module
from latentbo.cli import app
from latentbo.codecs.image_files import write_images
from latentbo.codecs.images import image_name
from latentbo.data.cards import draw_cards
from latentbo.integrations.ax import space as space_module
from latentbo.models.dkl_vae import DKLVAE
from latentbo.models.pretrained import save_model
from latentbo.objectives.loading import load_objective
from latentbo.training import images
from tests.conftest import MOLECULES

README = (Path(__file__).parent.parent / "README.md").read_text()
PYTHON = re.findall(r"```python\n(.*?)```", README, flags=re.DOTALL)


@pytest.fixture
def small(tiny_model: DKLVAE, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Snippets run in an empty folder, with a model that fits a unit test in place of the shipped one."""
    monkeypatch.chdir(tmp_path)
    save_model(tiny_model, tmp_path / "tiny")
    for module in (campaign_module, space_module):
        monkeypatch.setattr(module, "load_model", lambda _: tiny_model)


@pytest.fixture
def old(tmp_path: Path) -> None:
    """An experiment that Ax runs over a list of molecules."""
    client = Client()
    client.configure_experiment(
        [ChoiceParameterConfig(name="smiles", values=list(MOLECULES), parameter_type="str", is_ordered=False)]
    )
    client.configure_optimization("-loss")
    client.configure_generation_strategy()
    for smiles in MOLECULES[:22]:
        client.complete_trial(client.attach_trial({"smiles": smiles}), {"loss": float(len(smiles))})
    client.save_to_json_file(str(tmp_path / "old.json"))


@pytest.mark.usefixtures("small")
def test_the_objective_works(tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text(next(text for text in PYTHON if text.startswith("# mine.py")))
    values = load_objective(f"{tmp_path / 'mine.py'}:logp_near_three")(["CCO", "c1ccccc1"])
    assert values == pytest.approx([-3.0014, -1.3134], abs=1e-3)


@pytest.mark.usefixtures("small", "old")
def test_an_ax_experiment_goes_on_in_ten_lines(tiny_model: DKLVAE) -> None:
    (snippet,) = (text for text in PYTHON if "ax.api.client" in text)
    assert len([line for line in snippet.splitlines() if line.strip()]) <= 10
    scope: dict[str, object] = {}
    exec(snippet, scope)
    client = scope["client"]
    assert isinstance(client, Client)
    summary = client.summarize()
    assert list(summary["trial_status"]) == ["COMPLETED"] * 26
    assert set(tiny_model.codec.canonical(MOLECULES[:22])) < set(summary["smiles"])
    assert summary["smiles"].is_unique


@pytest.mark.usefixtures("small")
def test_the_other_snippets_run() -> None:
    special = ("# ", "from ax.api.client")
    snippets = [text for text in PYTHON if not text.startswith(special)]
    assert len(snippets) >= 2
    for text in snippets:
        scope: dict[str, object] = {}
        exec(text, scope)
        campaign = scope["campaign"]
        assert isinstance(campaign, Campaign)
        campaign.close()


def test_images_work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("scans").mkdir()
    names = [f"{place}.png" for place in range(60)]
    cards = draw_cards(15, seed=0, side=16).images
    write_images([image_name(card) for card in cards], [Path("scans") / name for name in names])
    Path("values.csv").write_text(
        "file,value\n" + "".join(f"{name},{place % 5}\n" for place, name in enumerate(names))
    )
    small = images.ImageRecipe(latent=2, hidden=16, channels=4, epochs=2)
    monkeypatch.setattr(images, "ImageRecipe", lambda: small)
    exec(next(text for text in PYTHON if text.startswith("# images.py")), {})
    assert sorted(path.name for path in tmp_path.glob("p*.png")) == [
        f"p{place:05}.png" for place in range(61, 66)
    ]


def test_every_command_it_names_exists() -> None:
    named = set(re.findall(r"latentbo ([a-z]+(?:-[a-z]+)*) ", README)) - {"is"}
    known = {
        command.name or (command.callback.__name__ if command.callback else "")
        for command in app.registered_commands
    }
    assert named <= {name.replace("_", "-") for name in known}
