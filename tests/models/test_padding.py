from __future__ import annotations

from latentbo.models.padding import pad


def test_padding_is_to_the_longest() -> None:
    assert pad([(3, 4), (), (5,)]).tolist() == [[3, 4], [0, 0], [5, 0]]
    assert pad([]).shape == (0, 1)
    assert pad([(), ()]).tolist() == [[0], [0]]
