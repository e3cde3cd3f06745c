"""Our classes in Ax's storage: importing this module enters them into the registries that Ax reads.

JSON (`Client.save_to_json_file`) needs nothing more, SQL a `StorageConfig`. Either can be loaded in a process that has
imported `latentbo.integrations.ax`.
"""

from __future__ import annotations

from pathlib import Path

from ax.api.configs import StorageConfig
from ax.storage.botorch_modular_registry import register_model
from ax.storage.json_store.encoders import runner_to_dict
from ax.storage.json_store.registry import CORE_DECODER_REGISTRY, CORE_ENCODER_REGISTRY
from ax.storage.runner_registry import CORE_RUNNER_REGISTRY

from latentbo.integrations.ax.generators import BoxGP, BoxNode
from latentbo.integrations.ax.node import LatentGenerationNode
from latentbo.integrations.ax.objects import ObjectRunner

RUNNER_TYPE = 6_081  # the number of `ObjectRunner` in SQL tables
RUNNER_NAMES = (ObjectRunner.__name__, "MoleculeRunner")  # in JSON; the second is that of latentbo 0.1

for node in (LatentGenerationNode, BoxNode):
    CORE_ENCODER_REGISTRY[node] = node.to_dict
    CORE_DECODER_REGISTRY[node.__name__] = node
CORE_ENCODER_REGISTRY[ObjectRunner] = runner_to_dict
CORE_DECODER_REGISTRY.update(dict.fromkeys(RUNNER_NAMES, ObjectRunner))
CORE_RUNNER_REGISTRY[ObjectRunner] = RUNNER_TYPE
register_model(BoxGP)


def sqlite_storage(path: str | Path) -> StorageConfig:
    """Ax's SQL storage in a SQLite file, with its tables; for `Client(storage_config=...)` and `load_from_database`."""
    # Only here is SQLAlchemy needed: experiments kept as JSON do without it.
    from ax.storage.sqa_store.db import create_all_tables, get_engine, init_engine_and_session_factory

    url = f"sqlite:///{Path(path).resolve()}"
    init_engine_and_session_factory(url=url, force_init=True)
    create_all_tables(get_engine())
    return StorageConfig(url=url)
