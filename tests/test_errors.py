"""One base, so that a caller can catch all; user mistakes are ValueErrors too."""

from __future__ import annotations

import pytest

from latentbo import errors


def test_every_error_has_the_one_base() -> None:
    kinds = [
        kind
        for kind in vars(errors).values()
        if isinstance(kind, type) and kind.__module__ == errors.__name__
    ]
    assert len(kinds) >= 7
    assert all(issubclass(kind, errors.LatentboError) for kind in kinds)
    assert all(kind.__doc__ for kind in kinds)


def test_user_mistakes_are_value_errors() -> None:
    assert issubclass(errors.InputError, ValueError)
    assert not issubclass(errors.FitError, ValueError)


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("osimertinib", "did you mean 'osimertinib_mpo'?"),
        ("median", "did you mean 'median1'?"),
        ("QED", "known: median1, osimertinib_mpo, qed"),
        ("", "known: median1, osimertinib_mpo, qed"),
    ],
)
def test_an_unknown_name_gets_the_nearest_or_the_list(name: str, hint: str) -> None:
    error = errors.unknown_name("objective", name, ["qed", "osimertinib_mpo", "median1"])
    assert isinstance(error, errors.InputError)
    assert str(error) == f"unknown objective {name!r}: {hint}"


def test_names_can_come_from_anything_that_iterates() -> None:
    assert "'beta'" in str(errors.unknown_name("key", "betta", iter({"beta": 1})))
