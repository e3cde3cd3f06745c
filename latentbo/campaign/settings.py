"""What a campaign is told once, at its beginning."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from latentbo.acquisition.names import ACQUISITIONS
from latentbo.errors import InputError, made_of, unknown_name
from latentbo.kinds.cards import DEFAULT

PROPOSERS = ("pool", "gradient")
RETRAIN_EVERY = 100  # where retraining is wanted and nothing else is said


@dataclass(frozen=True)
class Settings:
    """Flat and JSON-able; stored in the campaign's first event.

    `seed` None draws one, which is stored. `model` is a shipped model's name or a folder. `initial` objects come from
    the prior before the first surrogate is fitted; those that failed count. `structure` and `descriptors` give the
    surrogate these features (pool proposer only: they have no gradient in z). `edit_share`: of a batch that edits of structure
    may be, at most; the others come from the latent space. 0: no edits are made, 1: no limit. `retrain_every`: the model is
    retrained after so many new values, and not before `retrain_from` of them; None: never. `rules` say what may be proposed:
    the fields of `MoleculeRules`, where the objects are molecules. `objective` is what `latentbo run` evaluates: no other goes
    into the same file.
    """

    seed: int | None = None
    objective: str | None = None
    model: str = DEFAULT
    minimise: bool = False
    acquisition: str = "ei"
    proposer: str = "pool"
    structure: bool = True
    descriptors: bool = True
    initial: int = 20
    pool_rounds: int = 8
    pool_size: int = 25
    pool_surplus: int = 5
    edit_share: float = 0.5
    retrain_every: int | None = None
    retrain_from: int = 100
    rules: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name, known in (("acquisition", ACQUISITIONS), ("proposer", PROPOSERS)):
            if getattr(self, name) not in known:
                raise unknown_name(name, str(getattr(self, name)), known)
        for name in ("minimise", "structure", "descriptors"):
            if not isinstance(getattr(self, name), bool):
                raise InputError(f"{name} must be true or false, not {getattr(self, name)!r}")
        for name in ("initial", "pool_rounds", "pool_size", "pool_surplus", "retrain_from"):
            _check_whole(name, getattr(self, name))
        share = self.edit_share
        if isinstance(share, bool) or not isinstance(share, int | float) or not 0 <= share <= 1:
            raise InputError(f"edit_share must be a share within 0 and 1, not {share!r}")
        if self.retrain_every is not None:
            _check_whole("retrain_every", self.retrain_every)
        if self.seed is not None and (isinstance(self.seed, bool) or not isinstance(self.seed, int)):
            raise InputError(f"seed must be a whole number, not {self.seed!r}")
        if not isinstance(self.rules, Mapping):
            raise InputError(f"rules must map the names of rules to their values, not {self.rules!r}")

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Settings:
        """Refuses unknown keys, with the nearest known one."""
        return made_of(cls, data, "setting")


def same_settings(given: Settings, stored: Settings, path: Path) -> None:
    """A campaign keeps the settings it began with; a seed left out means the stored one. `InputError` where they differ."""
    old, new = stored.to_dict(), given.to_dict()
    if new["seed"] is None:
        new["seed"] = old["seed"]
    changed = [f"{name} is {old[name]!r}, not {new[name]!r}" for name in old if old[name] != new[name]]
    if changed:
        raise InputError(
            f"{path} was begun with other settings: {'; '.join(changed)}. Use them, or begin a new campaign"
        )


def _check_whole(name: str, value: Any) -> None:
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise InputError(f"{name} must be a whole number of at least 1, not {value!r}")
