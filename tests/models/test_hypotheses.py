"""The first row that is an object, found with as few writings and searches as there can be."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

import pytest
import torch

from latentbo.codecs.base import Reading
from latentbo.codecs.molecules import MoleculeCodec
from latentbo.codecs.smiles import Order, SmilesCodec
from latentbo.codecs.vocabulary import PAD
from latentbo.models.beam import Hypotheses
from latentbo.models.dkl_vae import DKLVAE
from latentbo.models.hypotheses import LADDER, PREFERRED, Rung, TokenRow, first_valid
from latentbo.models.priors import GaussianMixture
from latentbo.models.vae import SequenceVAE
from tests.conftest import MOLECULES

NONE = -torch.inf


def write(rows: Sequence[TokenRow]) -> list[Reading]:
    """Rows that begin with an even number are objects."""
    return [Reading(str(row)) if row[0] % 2 == 0 else Reading(None, reason="odd") for row in rows]


class Found:
    """A search that finds the same at every call, and notes what it was asked for."""

    def __init__(self, *rungs: dict[int, list[int]]) -> None:
        self.rungs, self.asked = rungs, list[tuple[list[int], Rung]]()

    def __call__(self, points: Sequence[int], rung: Rung) -> Hypotheses:
        answers = self.rungs[len(self.asked)]
        self.asked.append((list(points), rung))
        longest = max(len(answers[i]) for i in points)
        rows = torch.tensor([[[x] for x in answers[i] + [PAD] * (longest - len(answers[i]))] for i in points])
        scores = torch.tensor(
            [[-1.0 * k if k < len(answers[i]) else NONE for k in range(longest)] for i in points]
        )
        return Hypotheses(rows, scores)


def test_what_is_an_object_stays_and_nothing_is_searched() -> None:
    search = Found()
    assert first_valid([(2,), (4,)], write, search) == [(2,), (4,)]
    assert first_valid([], write, search) == []
    assert search.asked == []


def small(objects: Sequence[str]) -> list[str | None]:
    """What speaks against objects of a number above nine."""
    return ["large" if int(name.strip("(),")) > 9 else None for name in objects]


def test_an_object_that_nothing_speaks_against_goes_before_others_about_as_likely() -> None:
    search = Found({1: [12, 3, 8], 2: [14, 16]}, {3: [5, 18, 6], 4: [7, 20]})
    found = first_valid([(2,), (12,), (14,), (5,), (7,)], write, search, small)
    # 12 has 8 behind it, 14 no small one; no object at all: 6 before the likelier 18, and 20 where there is no other.
    assert found == [(2,), (8,), (14,), (6,), (20,)]
    assert search.asked == [([1, 2], PREFERRED), ([3, 4], LADDER[0])]


def test_the_likeliest_object_is_taken_and_only_where_there_was_none() -> None:
    search = Found({1: [3, 8, 6], 3: [5, 7, 10]})
    assert first_valid([(2,), (3,), (4,), (5,)], write, search) == [(2,), (8,), (4,), (10,)]
    assert search.asked == [([1, 3], LADDER[0])]


def test_what_the_first_rung_does_not_find_goes_up_the_ladder() -> None:
    search = Found({0: [3, 5], 1: [3, 6], 2: [9]}, {0: [3, 5, 7, 12], 2: [9, 11]})
    assert first_valid([(3,), (3,), (9,)], write, search) == [(12,), (6,), (9,)]
    assert [points for points, _ in search.asked] == [[0, 1, 2], [0, 2]]
    assert [rung for _, rung in search.asked] == list(LADDER)


def test_padding_in_place_of_a_hypothesis_is_none() -> None:
    """PAD is even here: it must not be written."""
    assert first_valid([(3,), (5,)], write, Found(*[{0: [3], 1: [5, 7, 9]}] * 2)) == [(3,), (5,)]


def test_a_network_with_one_answer_keeps_it() -> None:
    assert first_valid([(3,), (2,)], write, lambda points, rung: None) == [(3,), (2,)]


def test_the_ladder_widens() -> None:
    assert all(a.width < b.width and a.margin < b.margin for a, b in pairwise(LADDER))


def untrained(codec: MoleculeCodec | SmilesCodec) -> DKLVAE:
    """A decoder with opinions and no skill."""
    torch.manual_seed(0)
    vae = SequenceVAE(
        len(codec.vocabulary), latent=4, embedding=8, encoder_hidden=8, encoder_layers=1, decoder_hidden=16
    )
    with torch.no_grad():
        vae.decoder.logits.weight.mul_(4.0)
        vae.decoder.logits.bias[
            codec.vocabulary.tokenize(["C" if isinstance(codec, SmilesCodec) else "[C]"])
        ] += 2.0
    prior = GaussianMixture(torch.ones(1), torch.zeros(1, 4), torch.eye(4)[None])
    return DKLVAE(replace(codec, max_tokens=12), vae.eval(), prior)


Z = 2.0 * torch.randn(60, 4, generator=torch.Generator().manual_seed(1)).double()


@pytest.mark.parametrize("width", [1, 3])
@pytest.mark.parametrize("order", ["canonical", "fragments"])
def test_more_of_a_space_of_smiles_can_be_read(
    order: Order, width: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = untrained(SmilesCodec.learn(MOLECULES, order=order, merges=5))
    rows, found = model.decode_tokens(Z, width=width), model.decode(Z, width=width)
    assert model.codec.write(rows) == found
    monkeypatch.setattr("latentbo.models.hypotheses.LADDER", ())
    plain = model.decode(Z, width=width)
    better = [(a, b) for a, b in zip(found, plain, strict=True) if a != b]
    assert better
    assert all(a.ok and not b.ok for a, b in better)


@pytest.mark.parametrize("width", [1, 3])
def test_each_point_is_decoded_alone_as_in_company(width: int) -> None:
    model = untrained(SmilesCodec.learn(MOLECULES, merges=5))
    assert model.decode(Z[:20], width=width) == [model.decode(z[None], width=width)[0] for z in Z[:20]]


def test_samples_at_a_temperature_stay_what_was_drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    model = untrained(SmilesCodec.learn(MOLECULES, merges=5))
    drawn = [model.decode(Z, temperature=1.0, generator=torch.Generator().manual_seed(0))]
    monkeypatch.setattr("latentbo.models.hypotheses.LADDER", ())
    drawn.append(model.decode(Z, temperature=1.0, generator=torch.Generator().manual_seed(0)))
    assert drawn[0] == drawn[1]


def test_decodes_of_selfies_are_those_of_the_search_to_the_last_token(
    tiny_model: DKLVAE, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(SequenceVAE, "hypotheses", lambda *_, **__: pytest.fail("searched again"))
    z = 3.0 * torch.randn(200, 8, generator=torch.Generator().manual_seed(0)).double()
    for width in (1, 3):
        written = tiny_model.vae.decode_tokens(
            z.float(), max_tokens=tiny_model.codec.max_tokens, width=width, temperature=0.0, generator=None
        )
        rows = [tuple(row) for row in written.tolist()]
        assert tiny_model.decode_tokens(z, width=width) == rows
        assert tiny_model.decode(z, width=width) == tiny_model.codec.write(rows)
