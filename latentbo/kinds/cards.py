"""Model cards: the JSON beside a model's weights, which says what its objects are without loading a network.

A model is a folder with `weights.safetensors` and `card.json` (`models.pretrained` writes and reads it whole).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from latentbo.errors import InputError, ModelFileError
from latentbo.kinds.base import Kind, ObjectReader
from latentbo.kinds.known import find_kind

FORMAT = 2
WEIGHTS, CARD = "weights.safetensors", "card.json"
_FOLDER = Path(__file__).parent.parent / "models" / "weights"
SHIPPED = {name: _FOLDER / name for name in ("zinc250k-fragments", "zinc250k")}
"""The models in the package. `zinc250k` is that of version 0.1, for campaigns begun with it."""
DEFAULT = "zinc250k-fragments"


def locate(source: str | Path) -> Path:
    """The folder of a shipped model's name, or the folder itself. `InputError` where there is none."""
    if str(source) in SHIPPED:
        return SHIPPED[str(source)]
    folder = Path(source)
    if not folder.is_dir():
        raise InputError(
            f"no model {str(source)!r}: give a folder with {CARD} (--model, where it has moved), or one of {', '.join(SHIPPED)}"
        )
    return folder


def named_source(model: str | Path) -> str:
    """What a campaign stores of a model: a shipped one's name, or a folder's absolute path."""
    return str(model) if str(model) in SHIPPED else str(Path(model).resolve())


def read_card(folder: Path) -> dict[str, Any]:
    """The card of a saved model. `ModelFileError` where there is none that this version reads."""
    try:
        card = json.loads((folder / CARD).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ModelFileError(f"no readable {CARD} in {folder}: {error}") from error
    if not isinstance(card, dict) or card.get("format") != FORMAT or "sha256" not in card:
        raise ModelFileError(
            f"{folder / CARD} is not a model card of format {FORMAT}: use the latentbo that wrote it"
        )
    return card


def read_weights(folder: Path, card: Mapping[str, Any]) -> bytes:
    """The weights file beside a card, whole and its own: a flipped bit in a payload would load silently."""
    if not (folder / WEIGHTS).is_file():
        raise ModelFileError(
            f"{folder} has a card, but no {WEIGHTS}: copy that too, or train the model again"
        )
    payload = (folder / WEIGHTS).read_bytes()
    check_weights(card, payload, folder)
    return payload


def check_weights(card: Mapping[str, Any], payload: bytes, source: object) -> None:
    """`ModelFileError` for weights that are not the card's."""
    if sha256(payload) != card["sha256"]:
        raise ModelFileError(
            f"the weights of {source} do not have the SHA-256 of the card: damaged or not its own"
        )


def reader_of(card: Mapping[str, Any], source: object, kind: Kind | None = None) -> ObjectReader:
    """What reads the objects of a card's model; `kind` is theirs, where it is given.

    Raises `ModelFileError` for a card that was changed, whose codec cannot be made, or whose kind nobody
    knows.
    """
    try:
        if settings_sha256(card) != card["settings_sha256"]:
            raise ModelFileError(
                f"network, codec or features in the card of {source} were changed since it was written"
            )
        described = card["codec"]
        name = described["kind"] if "kind" in described else card["kind"]
    except (KeyError, TypeError) as error:
        raise ModelFileError(f"{source} was not written by this version of latentbo: {error}") from error
    try:
        known = kind or find_kind(name)
    except InputError as error:
        raise ModelFileError(
            f"the model of {source} cannot be read: {error}. Give its kind: `latentbo --kind FILE.py:NAME ...`, or in "
            "Python `load_model(folder, kind=...)`"
        ) from error
    if known.name != name:
        raise ModelFileError(f"the model of {source} is of {name}, not of {known.name}")
    try:
        return ObjectReader(known, known.codec(described))
    except Exception as error:  # of the kind's own code, which may be a user's
        raise ModelFileError(
            f"the codec of {source} cannot be made: {type(error).__name__}: {error}"
        ) from error


def settings_sha256(card: Mapping[str, Any]) -> str:
    """Of all that decides what the weights mean. `KeyError` for a card without one of them."""
    settings = {name: card[name] for name in ("network", "codec", "structure", "descriptors", "prior")}
    return sha256(json.dumps(settings, sort_keys=True).encode())


def sha256(payload: bytes) -> str:
    return hashlib.sha256(payload).hexdigest()
