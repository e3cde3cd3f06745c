"""The look: it is put on and taken off, ids do not clash, and texts are harmless."""

from __future__ import annotations

import re

import matplotlib
import pytest

from latentbo.report import style


@style.styled
def drawn(name: str, label: str) -> style.Picture:
    figure = style.canvas(100, 100)
    axes = figure.add_subplot()
    axes.scatter([0, 1], [0, 1])
    axes.set(xlabel=label)
    return style.picture(figure, name, label, label)


def test_settings_are_put_back_and_the_users_do_not_matter() -> None:
    plain = drawn("a", "x")
    with matplotlib.rc_context({"font.size": 40.0, "axes.facecolor": "red"}):
        before = dict.items(matplotlib.rcParams.copy())
        assert drawn("a", "x") == plain
        assert dict.items(matplotlib.rcParams) == before


def test_references_stay_inside_a_picture_and_ids_differ_between_two() -> None:
    first, second = (set(re.findall(r'\bid="([^"]+)"', drawn(name, "x").svg)) for name in ("a", "b"))
    assert first
    assert not first & second
    for name, ids in (("a", first), ("b", second)):
        used = set(re.findall(r'(?:href="#|url\(#)([^")]+)', drawn(name, "x").svg))
        assert used
        assert used <= ids


def test_texts_are_escaped_and_never_read_as_mathematics() -> None:
    svg = drawn("a", 'f$_a$ <b> & "c"').svg
    assert '>f$_a$ &lt;b&gt; &amp; "c"</text>' in svg
    assert "<b>" not in svg
    assert 'aria-label="f$_a$ &lt;b&gt; &amp; &#34;c&#34;"' in svg
    drawn("a", "Löslichkeit 溶解度")  # glyphs that the measuring font lacks raise no warning


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.94837, "0.9484"), (0.9, "0.9000"), (-3.14159, "-3.142"), (123.456, "123.5"), (123456.0, "123456"),
        (0.0, "0"), (0.00123456, "0.001235"), (1.5e-7, "1.500e-07"), (2.5e9, "2.500e+09"),
        (float("nan"), "–"), (float("inf"), "–"),
    ],
)  # fmt: skip
def test_written_keeps_four_significant_digits(value: float, text: str) -> None:
    assert style.written(value) == text


def test_limits_leave_room_around_any_range() -> None:
    for low, high in (
        (0.0, 1.0),
        (5.0, 5.0),
        (0.0, 0.0),
        (-7.0, -7.0),
        (1e9, 1e9),
        (1e-6, 2e-6),
        (-2.0, 3.0),
    ):
        left, right = style.limits(low, high)
        assert left < low <= high < right
        assert right - left <= max(1.2 * (high - low), 0.11 * abs(high), 0.11)


def test_plain_is_one_printable_line() -> None:
    assert style.plain("a\nb\x00\tc") == "a b c"
    assert style.plain("x" * 100, 10) == "x" * 9 + "…"
    assert style.percent(0.936) == "94\u00a0%"
    assert style.percent(float("nan")) == "–"
