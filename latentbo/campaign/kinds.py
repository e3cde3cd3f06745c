"""What a campaign does for one kind of object and not for another: which rules it asks, which edits it knows."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from latentbo.acquisition.pool import Check
from latentbo.acquisition.proposers import LATENT_PROPOSERS, Edits, Proposer
from latentbo.campaign.settings import Settings
from latentbo.codecs.edits import GraphEdits
from latentbo.codecs.molecules import uncharged
from latentbo.errors import InputError
from latentbo.validity.rules import MoleculeRules


def settled(settings: Settings, kind: str) -> Settings:
    """The settings with every rule of that kind spelled out, as a campaign stores them: defaults may change, and a
    tuple would contradict the list that it has become. Raises `InputError` for rules that the kind does not have.
    """
    if kind == "molecules":
        return replace(settings, rules=MoleculeRules.from_dict(settings.rules).to_dict())
    if settings.rules:
        raise InputError(
            f"there are no rules for {kind}, but the settings name {', '.join(map(str, settings.rules))}: leave them "
            "out, or give the campaign a `check` of your own"
        )
    return settings


def check_of(settings: Settings, kind: str) -> Check:
    """What the rules of the settings say of canonical objects."""
    return MoleculeRules.from_dict(settings.rules) if kind == "molecules" else _anything


def proposers_of(kind: str) -> Mapping[str, Proposer]:
    """Who fills the pool if nobody else is named: all that move in latent space, and edits where the kind has some."""
    return {**LATENT_PROPOSERS, "graph": Edits(GraphEdits())} if kind == "molecules" else LATENT_PROPOSERS


def plain_of(kind: str) -> Callable[[str], str]:
    """A canonical object without what people leave out when they write it: of a molecule its charges."""
    return uncharged if kind == "molecules" else str


def _anything(objects: Sequence[str]) -> list[str | None]:
    return [None] * len(objects)
