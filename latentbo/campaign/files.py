"""Campaign files without their model: to look at one, to begin one, to tell it values. No torch is loaded.

What reads the objects of a campaign is described by its model's card; the weights stay where they are.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from latentbo.campaign.history import History
from latentbo.campaign.log import EventLog
from latentbo.campaign.settings import Settings
from latentbo.errors import InputError, StoreError
from latentbo.kinds.base import Kind, ObjectReader
from latentbo.kinds.cards import DEFAULT, locate, named_source, read_card, read_weights, reader_of
from latentbo.rng import fresh_seed


def is_begun(path: Path) -> bool:
    """Whether there is a campaign in the file: none where there is no file, or where a beginning was interrupted."""
    return _stored(path).last > 0


def read_history(path: Path) -> History:
    """All that a campaign's file says. `InputError` where there is no campaign."""
    history = _stored(path)
    if not history.last:
        raise InputError(
            f"no campaign at {path}: begin one with `latentbo init {path}`, or give the file that `run` wrote"
        )
    return history


def kind_at(path: Path, model: str | None = None) -> Kind:
    """The kind of the objects of a campaign: of the one in the file, or of the one that `model` (the default one) would
    begin there. Raises `ModelFileError` for a model whose kind nobody knows.
    """
    source = model or _stored(path).settings.get("model", DEFAULT)
    folder = locate(source)
    return reader_of(read_card(folder), folder).kind


def named_settings(settings: Mapping[str, Any], model: str | None) -> Settings:
    """Settings of a new campaign, whose model is named so that it is found from any folder."""
    source = {} if model is None else {"model": named_source(model)}
    return Settings.from_dict({**settings, **source})


def begin_file(
    path: Path, settings: Mapping[str, Any], *, model: str | None = None
) -> tuple[EventLog, ObjectReader]:
    """A new campaign file, open, and what reads its objects. `InputError` where the file holds a campaign already, and for
    settings that the model's kind of objects does not have.
    """
    if is_begun(path):
        raise InputError(f"{path} is a campaign already: go on with it, or name another file")
    chosen = named_settings(settings, model)
    folder = locate(chosen.model)
    card = read_card(folder)
    reader = reader_of(card, folder)
    read_weights(folder, card)  # damaged ones would be found out when it is too late
    reader.kind.spelled_out(chosen.rules)  # mistakes show before there is a file
    log = EventLog(path)
    try:
        seed = fresh_seed() if chosen.seed is None else chosen.seed
        log.create(replace(chosen, seed=seed), reader.kind, card["id"])
    except BaseException:
        log.close()
        raise
    return log, reader


def open_file(path: Path, *, model: str | None = None) -> tuple[EventLog, ObjectReader]:
    """A campaign file, open, and what reads its objects. `model` is for a folder that has moved.

    Raises `InputError` where there is no campaign, `StoreError` where the model is not the one it began with.
    """
    history = read_history(path)
    folder = locate(model or history.settings["model"])
    card = read_card(folder)
    if card["id"] != history.base_encoder:
        raise StoreError(
            f"{path} began with encoder {history.base_encoder}, but {folder} is {card['id']}: give that model"
        )
    return EventLog(path), reader_of(card, folder)


def _stored(path: Path) -> History:
    """What is in the file; nothing where there is none, or where a beginning was interrupted."""
    if not path.is_file():
        return History()
    with EventLog(path) as log:
        return log.history
