"""Opening a campaign's file by its path, for whoever needs the model too.

Only what the user names can contradict what is stored: a setting that is left out is the campaign's own.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from latentbo.campaign.campaign import Campaign
from latentbo.campaign.files import is_begun, named_settings, read_history
from latentbo.campaign.settings import Settings
from latentbo.errors import InputError
from latentbo.models.pretrained import load_model


def begin(path: Path, settings: Mapping[str, Any], *, model: str | None = None) -> Campaign:
    """A new campaign with these settings. `InputError` where the file holds one already."""
    if is_begun(path):
        raise InputError(f"{path} is a campaign already: go on with it, or name another file")
    chosen = named_settings(settings, model)
    loaded = load_model(chosen.model)
    loaded.kind.spelled_out(chosen.rules)  # mistakes show before there is a file
    return Campaign(path, chosen, model=loaded)


def reopen(path: Path, settings: Mapping[str, Any] | None = None, *, model: str | None = None) -> Campaign:
    """The campaign of a file. `settings` must be as stored; `model` is for a folder that has moved."""
    stored = dict(read_history(path).settings)
    loaded = None if model is None else load_model(model)
    return Campaign(path, Settings.from_dict({**stored, **(settings or {})}), model=loaded)


def begin_or_reopen(path: Path, settings: Mapping[str, Any], *, model: str | None = None) -> Campaign:
    """`reopen` where there is a campaign, else `begin`."""
    return (reopen if is_begun(path) else begin)(path, settings, model=model)
