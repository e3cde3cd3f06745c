"""Opening a campaign's file by its path: to look at it, to begin it, or to go on with it.

Only what the user names can contradict what is stored: a setting that is left out is the campaign's own.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from latentbo.campaign.campaign import Campaign
from latentbo.campaign.history import History, replay
from latentbo.campaign.kinds import settled
from latentbo.campaign.settings import Settings
from latentbo.campaign.store import EventStore
from latentbo.errors import InputError
from latentbo.models.pretrained import SHIPPED, load_model


def read_history(path: Path) -> History:
    """All that a campaign's file says, without its model. `InputError` where there is no campaign."""
    history = _stored(path)
    if not history.last:
        raise InputError(
            f"no campaign at {path}: begin one with `latentbo init {path}`, or give the file that `run` wrote"
        )
    return history


def begin(path: Path, settings: Mapping[str, Any], *, model: str | None = None) -> Campaign:
    """A new campaign with these settings. `InputError` where the file holds one already."""
    if _stored(path).last:
        raise InputError(f"{path} is a campaign already: go on with it, or name another file")
    source = {} if model is None else {"model": model if model in SHIPPED else str(Path(model).resolve())}
    chosen = Settings.from_dict({**settings, **source})
    loaded = load_model(chosen.model)
    return Campaign(
        path, settled(chosen, loaded.codec.kind), model=loaded
    )  # mistakes show before there is a file


def reopen(path: Path, settings: Mapping[str, Any] | None = None, *, model: str | None = None) -> Campaign:
    """The campaign of a file. `settings` must be as stored; `model` is for a folder that has moved."""
    stored = dict(read_history(path).settings)
    loaded = None if model is None else load_model(model)
    return Campaign(path, Settings.from_dict({**stored, **(settings or {})}), model=loaded)


def begin_or_reopen(path: Path, settings: Mapping[str, Any], *, model: str | None = None) -> Campaign:
    """`reopen` where there is a campaign, else `begin`."""
    return (reopen if _stored(path).last else begin)(path, settings, model=model)


def _stored(path: Path) -> History:
    """What is in the file; nothing where there is none, or where a beginning was interrupted."""
    if not path.is_file():
        return History()
    store = EventStore(path)
    try:
        return replay(store.events())
    finally:
        store.close()
