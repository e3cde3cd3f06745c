"""What a campaign is told once, at its beginning."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, fields
from typing import Any

from latentbo.acquisition.functions import ACQUISITIONS
from latentbo.errors import InputError, unknown_name
from latentbo.validity.rules import MoleculeRules

PROPOSERS = ("pool", "gradient")


@dataclass(frozen=True)
class Settings:
    """Flat and JSON-able; stored in the campaign's first event.

    `seed` None draws one, which is stored. `model` is a shipped model's name or a folder. `initial` objects come from the prior before
    the first surrogate is fitted. `structure` adds the structure term to the surrogate (pool proposer only: it has no gradient in z).
    `retrain_every` tells between retrains of the encoder (None: never), not before `retrain_from` measured values.
    `rules` are `MoleculeRules` as a dict, here filled up with their defaults: what may be proposed. `objective` is what `latentbo run`
    evaluates, so that no other is put into the same file.
    """

    seed: int | None = None
    objective: str | None = None
    model: str = "zinc250k"
    minimise: bool = False
    acquisition: str = "ei"
    proposer: str = "pool"
    structure: bool = True
    initial: int = 20
    pool_rounds: int = 3
    pool_size: int = 200
    retrain_every: int | None = 100
    retrain_from: int = 100
    rules: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.acquisition not in ACQUISITIONS:
            raise unknown_name("acquisition", self.acquisition, ACQUISITIONS)
        if self.proposer not in PROPOSERS:
            raise unknown_name("proposer", self.proposer, PROPOSERS)
        for name in ("initial", "pool_rounds", "pool_size"):
            if getattr(self, name) < 1:
                raise InputError(f"{name} must be at least 1, not {getattr(self, name)}")
        # As they are stored, or a tuple would contradict the list it has become.
        object.__setattr__(self, "rules", MoleculeRules.from_dict(self.rules).to_dict())
        if self.retrain_every is not None and self.retrain_every < 1:
            raise InputError(f"retrain_every must be at least 1, or left out for never, not {self.retrain_every}")

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Settings:
        """Refuses unknown keys, with the nearest known one."""
        known = [field.name for field in fields(cls)]
        for key in data:
            if key not in known:
                raise unknown_name("setting", key, known)
        return cls(**data)
