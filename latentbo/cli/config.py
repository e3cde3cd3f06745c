"""Where configuration stops: TOML and options, read once, unknown keys and wrong types refused.

    seed = 0                  flat keys: the options of `run`, and the fields of `campaign.settings.Settings`
    retrain = true            retrain every 200 values, or as `retrain_every` says; false: never
    [rules]                   those of the kind of objects: of molecules, `chemistry.rules.MoleculeRules`
    catalogs = ["PAINS"]

Paths in a file mean what they mean on the command line: they start where the command is run.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import UnionType
from typing import TYPE_CHECKING, Any, Literal, get_args, get_origin, get_type_hints

from latentbo.errors import InputError, unknown_name

if TYPE_CHECKING:
    from latentbo.data.tables import Table

KEY = "configuration key"
_WORDS = {int: "a whole number", float: "a number", bool: "true or false", str: "a text", dict: "a table"}


@dataclass(frozen=True)
class Given:
    """What the user named, and only that: what is left out is a stored campaign's own, or the default."""

    objective: str | None = None
    budget: int = 300
    batch: int = 10
    out: str | None = None
    start: str | None = None
    smiles_column: str | None = None
    value_column: str | None = None
    model: str | None = None
    settings: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.budget < 1 or self.batch < 1:
            raise InputError(f"budget and batch must be at least 1, not {self.budget} and {self.batch}")
        if self.start is None and (self.smiles_column or self.value_column):
            raise InputError(
                "--smiles-column and --value-column say how to read the table of --start: give that, too"
            )

    def table(self, campaign: Path) -> Table | None:
        """The table of `start`, read as a campaign in this file would; None without one."""
        if self.start is None:
            return None
        from latentbo.campaign.files import kind_at
        from latentbo.data.tables import VALUE
        from latentbo.kinds.files import read_objects

        kind = kind_at(campaign, self.model)
        return read_objects(Path(self.start), kind, self.smiles_column, self.value_column or VALUE)


def read_toml(file: Path | None) -> dict[str, Any]:
    """The file as a dict, empty without one."""
    if file is None:
        return {}
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"cannot read the configuration {file}: {error}") from error
    except tomllib.TOMLDecodeError as error:
        raise InputError(f"{file} is not valid TOML: {error}") from error


def given(file: Path | None, options: Mapping[str, Any], *, by_hand: bool = False) -> Given:
    """A configuration file under the options that are not None. `by_hand`: no keys that only `run` has."""
    from latentbo.campaign.settings import RETRAIN_EVERY, Settings

    data = {**read_toml(file), **{name: value for name, value in options.items() if value is not None}}
    types = get_type_hints(Given)
    of_run = () if by_hand else ("objective", "budget", "batch", "out")
    own = {name: types[name] for name in (*of_run, "start", "smiles_column", "value_column", "model")}
    settings = {name: hint for name, hint in get_type_hints(Settings).items() if name not in types}
    data = checked(data, {**own, **settings, "retrain": bool})
    chosen = {name: value for name, value in data.items() if name in settings}
    if data.get("retrain") is False:
        chosen["retrain_every"] = None
    elif data.get("retrain"):
        chosen.setdefault("retrain_every", RETRAIN_EVERY)
    return Given(**{name: value for name, value in data.items() if name in own}, settings=chosen)


def recipe(of: Any, file: Path | None, items: list[str], seed: int | None) -> Any:
    """A recipe for training (of a class such as `training.pretrain.Recipe`): a file's keys, then KEY=VALUE items with
    values as in TOML, then the seed. What comes later counts.
    """
    data = read_toml(file)
    for item in items:
        name, sign, text = item.partition("=")
        if not sign:
            raise InputError(f"KEY=VALUE was expected, such as epochs=5, not {item!r}")
        try:
            data[name.strip()] = tomllib.loads(f"value = {text}")["value"]
        except tomllib.TOMLDecodeError as error:
            raise InputError(f"{item!r} has no number, nor true or false, behind the sign =") from error
    if seed is not None:
        data["seed"] = seed
    renamed = getattr(of, "renamed", dict)  # keys of an older version
    return of.from_dict(checked(renamed(data), get_type_hints(of), "recipe key"))


def checked(data: Mapping[str, Any], types: Mapping[str, Any], noun: str = KEY) -> dict[str, Any]:
    """The data; a whole number becomes a float where one is expected.

    Raises `InputError` for a key that is not in `types`, or a value that is not of its type.
    """
    found = dict(data)
    for name, value in data.items():
        if name not in types:
            raise unknown_name(noun, name, types)
        allowed = [kind for each in _alternatives(types[name]) for kind in _plain(each)]
        if float in allowed and type(value) is int:
            found[name] = float(value)
        elif type(value) not in allowed:
            wanted = " or ".join(_WORDS[each] for each in allowed if each in _WORDS)
            raise InputError(f"{name} must be {wanted}, not {value!r}")
    return found


def _plain(annotation: Any) -> set[Any]:
    """The classes that values of this type have; of a choice of words those of the words."""
    if get_origin(annotation) is Literal:
        return {type(word) for word in get_args(annotation)}
    return {get_origin(annotation) or annotation}


def _alternatives(annotation: Any) -> tuple[Any, ...]:
    return get_args(annotation) if isinstance(annotation, UnionType) else (annotation,)
