"""A gauge of the tiny model, by molecules that it was trained on."""

from __future__ import annotations

import pytest

from latentbo.models.dkl_vae import DKLVAE
from latentbo.views.dead_zones import Gauge, calibrate

KNOWN = (
    "CCO", "CCN", "CCC", "CCCl", "CC(C)O", "CC(=O)O", "CC(=O)N", "c1ccccc1", "Cc1ccccc1", "Oc1ccccc1",
    "Nc1ccccc1", "Clc1ccccc1", "COc1ccccc1", "c1ccncc1", "Cc1ccncc1", "C1CCCCC1", "OC1CCCCC1", "NC1CCCCC1",
    "C1CCNCC1", "CN1CCCCC1", "C1COCCN1", "CN1CCOCC1", "NC(=O)c1ccccc1", "N#Cc1ccccc1", "c1ccsc1",
)  # fmt: skip


@pytest.fixture(scope="session")
def gauge(tiny_model: DKLVAE) -> Gauge:
    return calibrate(tiny_model, 0, KNOWN)
