"""Fixtures shared by all tests."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

# Each worker keeps to one core: read when torch is imported. BoTorch compiles a little C++ where it is first needed: with the
# ninja of this environment and into it, so once, for torch lets one process at a time do it.
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
if os.access(sys.prefix, os.W_OK):
    os.environ.setdefault("TORCH_EXTENSIONS_DIR", str(Path(sys.prefix) / "torch_extensions"))

import pytest
import torch
from jaxtyping import config, install_import_hook

# Shapes and types in these folders are checked at each call; ahead of the imports below, hence E402.
# ruff: noqa: E402
install_import_hook(
    [f"latentbo.{room}" for room in ("codecs", "chemistry", "data", "models", "diagnostics", "training")],
    "beartype.beartype",
)

from latentbo.chemistry.descriptors import morgan_counts, scaled_descriptors
from latentbo.codecs.molecules import MoleculeCodec
from latentbo.diagnostics.dead_zones import Gauge, calibrate
from latentbo.models.dkl_vae import DKLVAE
from latentbo.models.padding import pad
from latentbo.models.priors import GaussianMixture, fit_mixture
from latentbo.training.pretrain import Recipe, pretrain
from latentbo.training.token_sets import TokenSet

REPOSITORY = Path(__file__).resolve().parent.parent


def pytest_make_parametrize_id(val: object, argname: str) -> str | None:
    """Bytes in a test's name can hold a clock (gzip's header): two workers would then collect different tests."""
    return argname if isinstance(val, bytes) else None


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder with ZINC-250k, QM9 and the published start molecules."""
    folder = Path(os.environ.get("LATENTBO_DATA", REPOSITORY.parent / "shared" / "data"))
    if not (folder / "zinc250k.smi.gz").exists():
        pytest.skip(f"no data folder at {folder}: set LATENTBO_DATA")
    return folder


@pytest.fixture
def unchecked() -> Iterator[None]:
    """For tests of mistakes that the checks of types would catch before the code under test can."""
    config.update("jaxtyping_disable", True)
    yield
    config.update("jaxtyping_disable", False)


MOLECULES = (
    "CCO", "CCN", "CCC", "CCCl", "CC(C)O", "CC(=O)O", "CC(=O)N", "c1ccccc1", "Cc1ccccc1", "Oc1ccccc1",
    "Nc1ccccc1", "Clc1ccccc1", "COc1ccccc1", "CC(=O)Nc1ccccc1", "c1ccncc1", "Cc1ccncc1", "C1CCCCC1",
    "OC1CCCCC1", "NC1CCCCC1", "C1CCNCC1", "CN1CCCCC1", "C1COCCN1", "CN1CCOCC1", "O=C(O)c1ccccc1",
    "NC(=O)c1ccccc1", "CCOC(=O)c1ccccc1", "C[C@H](N)C(=O)O", "C[C@@H](N)C(=O)O", "CS(=O)(=O)c1ccccc1",
    "FC(F)(F)c1ccccc1", "N#Cc1ccccc1", "c1ccsc1",
)  # fmt: skip


@pytest.fixture(scope="session")
def tiny_model() -> DKLVAE:
    """A DKL-VAE with 8 latents, trained for a few seconds on 32 small molecules: it reconstructs most of
    them.
    """
    torch.set_num_threads(1)
    codec = MoleculeCodec.learn(MOLECULES, merges=10)
    readings = codec.read(MOLECULES)
    tokens = pad([reading.tokens for reading in readings])
    data = TokenSet(tokens, torch.zeros(len(tokens), 0))
    recipe = Recipe(
        latent=8, embedding=16, encoder_hidden=32, encoder_layers=1, decoder_hidden=64, epochs=250,
        batch_size=32, learning_rate=1e-2, beta=0.01, token_dropout=0.0, bf16=False,
    )  # fmt: skip
    vae, _ = pretrain(data, data, len(codec.vocabulary), recipe, device=torch.device("cpu"))
    start = GaussianMixture(torch.ones(1), torch.zeros(1, 8), torch.eye(8)[None])
    bare = DKLVAE(codec, vae, start, morgan_counts, scaled_descriptors)
    prior = fit_mixture(bare.embed(readings), 1, torch.Generator().manual_seed(0))
    return replace(bare, prior=prior)


@pytest.fixture(scope="session")
def gauge(tiny_model: DKLVAE) -> Gauge:
    """What is usual in the tiny model's space, by the molecules that it was trained on."""
    return calibrate(tiny_model, 0, MOLECULES)
