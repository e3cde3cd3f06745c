"""What the README shows runs as it stands, and its two lines are the ones that are used."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from latentbo.campaign import Campaign
from latentbo.campaign import campaign as campaign_module
from latentbo.cli import app
from latentbo.models.dkl_vae import DKLVAE
from latentbo.models.pretrained import save_model
from latentbo.objectives.loading import load_objective

README = (Path(__file__).parent.parent / "README.md").read_text()
PYTHON = re.findall(r"```python\n(.*?)```", README, flags=re.DOTALL)


@pytest.fixture
def small(tiny_model: DKLVAE, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Snippets run in an empty folder, with a model that fits a unit test in place of the shipped one."""
    monkeypatch.chdir(tmp_path)
    save_model(tiny_model, tmp_path / "tiny")
    monkeypatch.setattr(campaign_module, "load_model", lambda _: tiny_model)


@pytest.mark.usefixtures("small")
def test_the_objective_works(tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text(next(text for text in PYTHON if text.startswith("# mine.py")))
    values = load_objective(f"{tmp_path / 'mine.py'}:logp_near_three")(["CCO", "c1ccccc1"])
    assert values == pytest.approx([-3.0014, -1.3134], abs=1e-3)


@pytest.mark.usefixtures("small")
def test_the_other_snippets_run() -> None:
    snippets = [text for text in PYTHON if not text.startswith("# mine.py")]
    assert len(snippets) >= 2
    for text in snippets:
        scope: dict[str, object] = {}
        exec(text, scope)
        campaign = scope["campaign"]
        assert isinstance(campaign, Campaign)
        campaign.close()


def test_every_command_it_names_exists() -> None:
    named = set(re.findall(r"latentbo ([a-z]+(?:-[a-z]+)*) ", README)) - {"is"}
    known = {
        command.name or (command.callback.__name__ if command.callback else "")
        for command in app.registered_commands
    }
    assert named <= {name.replace("_", "-") for name in known}
