"""Saved models: a folder with `weights.safetensors` and `card.json`. Nothing on the load path can run code.

The card holds the codec, the network's arguments, the SHA-256 of the weights file and whatever the maker
wants known (data hash, recipe, seed, metrics).
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

from safetensors import SafetensorError
from safetensors.torch import load, save
from torch import Tensor

from latentbo.codecs.base import Codec
from latentbo.errors import InputError, ModelFileError
from latentbo.kinds.base import Features, Kind, codec_settings, plain_kind
from latentbo.kinds.cards import (
    CARD,
    DEFAULT,
    FORMAT,
    WEIGHTS,
    check_weights,
    locate,
    read_card,
    read_weights,
    reader_of,
    settings_sha256,
    sha256,
)
from latentbo.kinds.known import kind_of
from latentbo.models.dkl_vae import DKLVAE
from latentbo.models.exemplars import ExemplarPrior
from latentbo.models.image_vae import ImageVAE
from latentbo.models.priors import GaussianMixture, Prior
from latentbo.models.vae import VAE, SequenceVAE

PRIORS: dict[str, Callable[..., Prior]] = {"mixture": GaussianMixture, "exemplars": ExemplarPrior}
NETWORKS: dict[str, Callable[..., VAE]] = {"sequence": SequenceVAE, "image": ImageVAE}


def pack_model(model: DKLVAE, *, facts: dict[str, Any] | None = None) -> tuple[dict[str, Any], bytes]:
    """The card and the weights file of a model. `facts` goes into the card as it is, under names not its own.

    Raises `InputError` for a codec, a prior or features that no card can bring back, and for facts with the card's own
    names.
    """
    codec = _returning_codec(model)
    tensors = {f"vae.{name}": value.cpu().contiguous() for name, value in model.vae.state_dict().items()}
    kind, arguments, parts = _prior_parts(model.prior)
    tensors |= {f"prior.{name}": value.cpu().contiguous() for name, value in parts.items()}
    payload = save(tensors)
    settings = {
        "network": model.vae.arguments,
        "codec": codec,
        "structure": _feature_name(model.structure, model.kind.structure),
        "descriptors": _feature_name(model.descriptors, model.kind.descriptors),
        "prior": {"kind": kind, **arguments},
    }
    card = {
        "format": FORMAT,
        "id": model.id,
        "sha256": sha256(payload),
        "settings_sha256": settings_sha256(settings),
        **settings,
        **({} if "kind" in codec else {"kind": model.kind.name}),
    }
    if clash := sorted(card.keys() & (facts or {}).keys()):
        raise InputError(f"facts cannot be called {', '.join(clash)}: the card uses these names itself")
    return card | (facts or {}), payload


def unpack_model(card: dict[str, Any], payload: bytes, source: object, *, kind: Kind | None = None) -> DKLVAE:
    """The model of a card and its weights; `source` names them in errors, `kind` is that of its objects where it is given.

    Raises `ModelFileError` where anything is damaged, was changed by hand, or is of an unknown kind.
    """
    check_weights(card, payload, source)
    try:
        reader = reader_of(card, source, kind)
        tensors = load(payload)
        vae = NETWORKS[reader.kind.network](**card["network"])
        vae.load_state_dict(_part(tensors, "vae."))
        arguments = dict(card["prior"])
        prior = PRIORS[arguments.pop("kind")](**_part(tensors, "prior."), **arguments)
        return DKLVAE(
            reader.codec,
            vae.eval(),
            prior,
            structure=_feature(card["structure"], reader.kind.structure),
            descriptors=_feature(card["descriptors"], reader.kind.descriptors),
            own_kind=reader.kind,
        )
    except (SafetensorError, RuntimeError, TypeError, KeyError, ValueError) as error:
        raise ModelFileError(f"{source} was not written by this version of latentbo: {error}") from error


def save_model(model: DKLVAE, folder: str | Path, *, facts: dict[str, Any] | None = None) -> None:
    """Write the folder, its card last: one whose writing was interrupted is no model. Raises as `pack_model`."""
    card, payload = pack_model(model, facts=facts)
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / WEIGHTS).write_bytes(payload)
    part = folder / f"{CARD}.part"
    part.write_text(json.dumps(card, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    os.replace(part, folder / CARD)


def load_model(
    source: str | Path = DEFAULT, *, kind: Kind | None = None, codec: Codec | None = None
) -> DKLVAE:
    """A shipped model by name, or a folder that `save_model` wrote.

    `kind` says what its objects are, where `kinds.KINDS` does not know their name; a `codec` alone will do as well. Given
    both, the codec is not made of the card, which must describe it.
    Raises `InputError` where there is no such model, `ModelFileError` where anything does not fit.
    """
    folder = locate(source)
    card = read_card(folder)
    if codec is not None:
        kind = replace(kind or kind_of(codec), codec=plain_kind(codec).codec)
    return unpack_model(card, read_weights(folder, card), folder, kind=kind)


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


def _returning_codec(model: DKLVAE) -> dict[str, Any]:
    """What the card says of the codec. `InputError` where the kind would not make the same codec of it again."""
    codec, kind = model.codec, model.kind
    settings = codec_settings(codec)
    if names := {codec.kind, settings.get("kind", kind.name)} - {kind.name}:
        raise InputError(
            f"a model of the kind {kind.name!r} cannot be saved with a codec of {names.pop()!r}: name both alike"
        )
    try:
        back = kind.codec(settings)
        said = codec_settings(back)
    except Exception as error:  # of the user's own code
        raise InputError(
            f"the codec of {kind.name} cannot be made of its own to_dict ({type(error).__name__}: {error}): "
            "correct the kind's `codec`"
        ) from error
    changed = [
        name for name in ("kind", "vocabulary", "max_tokens") if getattr(back, name) != getattr(codec, name)
    ]
    if changed or said != settings:
        raise InputError(
            f"the codec that is made of its own to_dict is another one ({', '.join(changed) or said}): let the to_dict and "
            f"the kind's `codec` of {kind.name} hold all that it is"
        )
    return settings


def _feature_name(given: Features | None, known: Features | None) -> str | None:
    """What the card says of a feature: a function of the user's own cannot be stored, the kind's own has a name."""
    if given is None:
        return None
    if given is not known:
        own = "none" if known is None else f"{_called(known)} or none"
        raise InputError(f"a model with {_called(given)!r} for its surrogate cannot be saved: only {own}")
    return _called(given)


def _feature(name: str | None, known: Features | None) -> Features | None:
    """The feature that a card names. `KeyError` where the kind has no such one."""
    if name is None:
        return None
    if known is None or name != _called(known):
        raise KeyError(f"feature {name!r}")
    return known


def _called(feature: Features) -> str:
    return str(getattr(feature, "__name__", type(feature).__name__))


def _part(tensors: dict[str, Tensor], prefix: str) -> dict[str, Tensor]:
    return {name.removeprefix(prefix): value for name, value in tensors.items() if name.startswith(prefix)}
