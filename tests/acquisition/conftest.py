"""A small campaign's context, for everything that proposes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cache

import pytest
import torch

from latentbo.acquisition.context import ProposalContext
from latentbo.acquisition.feasibility import learn_feasibility
from latentbo.acquisition.region import TrustRegion
from latentbo.data.measurements import Measurements
from latentbo.models.dkl_vae import DKLVAE
from latentbo.models.surrogate import SurrogateFit

OBJECTS = (
    "CCO", "CCN", "CCCl", "CC(C)O", "CC(=O)O", "CC(N)=O", "c1ccccc1", "Cc1ccccc1", "Oc1ccccc1",
    "Nc1ccccc1", "COc1ccccc1", "CC(=O)Nc1ccccc1", "c1ccncc1", "Cc1ccncc1", "OC1CCCCC1", "C1CCNCC1",
    "CN1CCCCC1", "C1COCCN1", "O=C(O)c1ccccc1", "NC(=O)c1ccccc1",
)  # fmt: skip
FAILED = ("CS(=O)(=O)c1ccccc1", "FC(F)(F)c1ccccc1", "N#Cc1ccccc1", "c1ccsc1")


def carbons(smiles: str) -> float:
    return float(sum(letter in "Cc" for letter in smiles.replace("Cl", "")))


def anything(objects: Sequence[str]) -> list[str | None]:
    return [None] * len(objects)


@pytest.fixture(scope="session")
def context_of(tiny_model: DKLVAE) -> Callable[..., ProposalContext]:
    """A context with 20 molecules measured (their carbons counted) and, where asked for, 4 failed."""
    data = Measurements(OBJECTS, torch.tensor([[carbons(smiles)] for smiles in OBJECTS], dtype=torch.float64))

    @cache
    def fit(structure: bool) -> tuple[DKLVAE, SurrogateFit]:
        model = tiny_model if structure else tiny_model.latents_only
        return model, model.surrogate(data)

    def make(*, structure: bool = False, failed: bool = False, **changed: object) -> ProposalContext:
        model, fitted = fit(structure)
        tried = (*OBJECTS, *FAILED) if failed else ()
        passed = torch.tensor([smiles in OBJECTS for smiles in tried], dtype=torch.float64)
        context = ProposalContext(
            model,
            fitted.model,
            data,
            frozenset(OBJECTS + FAILED),
            TrustRegion(),
            learn_feasibility(model.embed(model.codec.read(tried)), passed, spread=1.0),
            anything,
        )
        return replace(context, **changed)

    return make


@pytest.fixture(scope="session")
def context(context_of: Callable[..., ProposalContext]) -> ProposalContext:
    """Latent-only and nothing failed."""
    return context_of()
