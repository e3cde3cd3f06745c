"""Saved models: a folder with `weights.safetensors` and `card.json`. Nothing on the load path can run code.

The card holds the codec, the network's arguments, the SHA-256 of the weights file and whatever the maker
wants known (data hash, recipe, seed, metrics). A flipped bit in a safetensors payload would load silently,
hence the hash.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path
from typing import Any

from safetensors import SafetensorError
from safetensors.torch import load, save
from torch import Tensor

from latentbo.codecs.base import Codec
from latentbo.errors import InputError, ModelFileError
from latentbo.models.dkl_vae import DKLVAE, Descriptors, StructureCounts
from latentbo.models.exemplars import ExemplarPrior
from latentbo.models.image_vae import ImageVAE
from latentbo.models.priors import GaussianMixture, Prior
from latentbo.models.vae import VAE, SequenceVAE

FORMAT = 2
PRIORS: dict[str, Callable[..., Prior]] = {"mixture": GaussianMixture, "exemplars": ExemplarPrior}
SHIPPED = {"zinc250k": Path(__file__).parent / "weights" / "zinc250k"}
DEFAULT = "zinc250k"
WEIGHTS, CARD = "weights.safetensors", "card.json"


def pack_model(model: DKLVAE, *, facts: dict[str, Any] | None = None) -> tuple[dict[str, Any], bytes]:
    """The card and the weights file of a model. `facts` goes into the card as it is, under names not its own."""
    tensors = {f"vae.{name}": value.cpu().contiguous() for name, value in model.vae.state_dict().items()}
    kind, arguments, parts = _prior_parts(model.prior)
    tensors |= {f"prior.{name}": value.cpu().contiguous() for name, value in parts.items()}
    payload = save(tensors)
    settings = {
        "network": model.vae.arguments,
        "codec": model.codec.to_dict(),
        "structure": _name(model.structure, "morgan_counts"),
        "descriptors": _name(model.descriptors, "scaled_descriptors"),
        "prior": {"kind": kind, **arguments},
    }
    card = {
        "format": FORMAT,
        "id": model.id,
        "sha256": _sha256(payload),
        "settings_sha256": _settings_sha256(settings),
        **settings,
    }
    if clash := sorted(card.keys() & (facts or {}).keys()):
        raise InputError(f"facts cannot be called {', '.join(clash)}: the card uses these names itself")
    return card | (facts or {}), payload


def unpack_model(card: dict[str, Any], payload: bytes, source: object) -> DKLVAE:
    """The model of a card and its weights; `source` names them in errors."""
    if _sha256(payload) != card["sha256"]:
        raise ModelFileError(
            f"the weights of {source} do not have the SHA-256 of the card: damaged or not its own"
        )
    try:
        if _settings_sha256(card) != card["settings_sha256"]:
            raise ModelFileError(
                f"network, codec or structure in the card of {source} were changed since it was written"
            )
        tensors = load(payload)
        codec, network, structure, descriptors = _told(card)
        vae = network(**card["network"])
        vae.load_state_dict(_part(tensors, "vae."))
        arguments = dict(card["prior"])
        prior = PRIORS[arguments.pop("kind")](**_part(tensors, "prior."), **arguments)
        model = DKLVAE(codec, vae.eval(), prior, structure, descriptors)
    except (SafetensorError, RuntimeError, TypeError, KeyError, ValueError) as error:
        raise ModelFileError(f"{source} was not written by this version of latentbo: {error}") from error
    return model


def save_model(model: DKLVAE, folder: Path, *, facts: dict[str, Any] | None = None) -> None:
    """Write the folder.

    The card is written last: a folder without one is no model, and one whose writing was interrupted is
    refused.
    """
    card, payload = pack_model(model, facts=facts)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / WEIGHTS).write_bytes(payload)
    part = folder / f"{CARD}.part"
    part.write_text(json.dumps(card, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    os.replace(part, folder / CARD)


def load_model(source: str | Path = DEFAULT) -> DKLVAE:
    """A shipped model by name, or a folder that `save_model` wrote.

    Raises `ModelFileError` where anything does not fit.
    """
    folder = locate(source)
    card = read_card(folder)
    payload = (folder / WEIGHTS).read_bytes() if (folder / WEIGHTS).exists() else b""
    return unpack_model(card, payload, folder)


def read_card(folder: Path) -> dict[str, Any]:
    """The card of a saved model."""
    try:
        card = json.loads((folder / CARD).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ModelFileError(f"no readable {CARD} in {folder}: {error}") from error
    if not isinstance(card, dict) or card.get("format") != FORMAT or "sha256" not in card:
        raise ModelFileError(
            f"{folder / CARD} is not a model card of format {FORMAT}: use the latentbo that wrote it"
        )
    return card


def locate(source: str | Path) -> Path:
    """The folder of a shipped model's name, or the folder itself."""
    if str(source) in SHIPPED:
        return SHIPPED[str(source)]
    folder = Path(source)
    if not folder.is_dir():
        raise InputError(
            f"no model {str(source)!r}: give a folder with {CARD}, or one of {', '.join(SHIPPED)}"
        )
    return folder


def _prior_parts(prior: Prior) -> tuple[str, dict[str, Any], dict[str, Tensor]]:
    """Kind, plain arguments and tensors of a prior: one of `PRIORS`, whose fields are all that it is."""
    kinds = {constructor: kind for kind, constructor in PRIORS.items()}
    if type(prior) not in kinds:
        raise InputError(
            f"a model with the prior {prior!r} cannot be saved: only with one of {', '.join(PRIORS)}"
        )
    values = {field.name: getattr(prior, field.name) for field in fields(prior)}  # type: ignore[arg-type]
    tensors = {name: value for name, value in values.items() if isinstance(value, Tensor)}
    return kinds[type(prior)], {name: value for name, value in values.items() if name not in tensors}, tensors


def _name(told: StructureCounts | Descriptors | None, known: str) -> str | None:
    """What the card says of the counts or descriptors: a function of the user's own cannot be stored."""
    name = None if told is None else getattr(told, "__name__", repr(told))
    if name not in (None, known):
        raise InputError(f"a model with {name!r} for its surrogate cannot be saved: only {known} or none")
    return name


def _told(
    card: dict[str, Any],
) -> tuple[Codec, Callable[..., VAE], StructureCounts | None, Descriptors | None]:
    """The codec a card describes, the network for its objects, and what is told of them."""
    kind = card["codec"]["kind"]
    if kind == "images":
        # Pillow is loaded for images only, RDKit for molecules only.
        from latentbo.codecs.images import ImageCodec

        if card["structure"] or card["descriptors"]:
            raise KeyError("structure and descriptors of images")
        return ImageCodec.from_dict(card["codec"]), ImageVAE, None, None
    if kind != "molecules":
        raise KeyError(f"codec kind {kind!r}")
    from latentbo.codecs.descriptors import morgan_counts, scaled_descriptors
    from latentbo.codecs.molecules import MoleculeCodec

    return (
        MoleculeCodec.from_dict(card["codec"]),
        SequenceVAE,
        {None: None, "morgan_counts": morgan_counts}[card["structure"]],
        {None: None, "scaled_descriptors": scaled_descriptors}[card["descriptors"]],
    )


def _settings_sha256(card: dict[str, Any]) -> str:
    settings = {name: card[name] for name in ("network", "codec", "structure", "descriptors", "prior")}
    return _sha256(json.dumps(settings, sort_keys=True).encode())


def _part(tensors: dict[str, Tensor], prefix: str) -> dict[str, Tensor]:
    return {name.removeprefix(prefix): value for name, value in tensors.items() if name.startswith(prefix)}


def _sha256(payload: bytes) -> str:
    return hashlib.sha256(payload).hexdigest()
