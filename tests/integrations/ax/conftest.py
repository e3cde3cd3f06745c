"""Small experiments in the real Ax, over a model that fits a unit test."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

import pytest
from ax.api.client import Client

from latentbo.campaign.settings import Settings
from latentbo.integrations.ax import attach_object, latent_client
from latentbo.models.dkl_vae import DKLVAE
from latentbo.models.pretrained import save_model
from tests.acquisition.conftest import carbons

Measure = Callable[[str], dict[str, float]]


def carbon(smiles: str) -> dict[str, float]:
    return {"carbons": carbons(smiles)}


def both(smiles: str) -> dict[str, float]:
    """Two metrics that pull in opposite directions."""
    return {"carbons": carbons(smiles), "letters": float(len(smiles))}


def complete(client: Client, molecules: Mapping[int, str], measure: Measure = carbon) -> None:
    for index, smiles in molecules.items():
        client.complete_trial(index, measure(smiles))


def attach(client: Client, objects: Iterable[str], measure: Measure = carbon) -> None:
    for smiles in objects:
        attach_object(client, smiles, measure(smiles))


@pytest.fixture(scope="session")
def folder(tiny_model: DKLVAE, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tiny model, saved."""
    path = tmp_path_factory.mktemp("models") / "tiny"
    save_model(tiny_model, path)
    return path


@pytest.fixture(scope="session")
def settings(folder: Path) -> Settings:
    return Settings(seed=3, model=str(folder), initial=6, pool_rounds=2, pool_size=12)


@pytest.fixture
def make(settings: Settings) -> Callable[..., Client]:
    """A client that maximises carbons, or what else is said."""

    def client(objective: str = "carbons", **changed: object) -> Client:
        return latent_client(objective, **{"settings": settings, **changed})

    return client
