"""The row that a point stands for, found with as few writings and searches as there can be."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

import pytest
import torch

from latentbo.codecs.base import Reading
from latentbo.codecs.molecules import MoleculeCodec
from latentbo.codecs.smiles import Order, SmilesCodec
from latentbo.codecs.vocabulary import END, PAD
from latentbo.diagnostics.evaluation import reconstruction, share_written_at_once
from latentbo.models.beam import Hypotheses
from latentbo.models.dkl_vae import DKLVAE
from latentbo.models.hypotheses import LADDER, Answers, Rung, TokenRow, settled
from latentbo.models.pretrained import load_model
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


def at_home(points: Sequence[int], rows: Sequence[TokenRow]) -> torch.Tensor:
    """Whatever is written lies where it was read."""
    return torch.zeros(len(rows))


def far_if_large(points: Sequence[int], rows: Sequence[TokenRow]) -> torch.Tensor:
    """Rows of a number above nine lie two standard deviations off."""
    return torch.tensor([4.0 if row[0] > 9 else 0.0 for row in rows])


def small(objects: Sequence[str]) -> list[str | None]:
    """What speaks against objects of a number above nine."""
    return ["large" if int(name.strip("(),")) > 9 else None for name in objects]


def test_what_is_an_object_and_lies_there_stays_and_nothing_is_searched() -> None:
    search = Found()
    assert settled([(2,), (4,), (12,)], 10, Answers(write, search, at_home, small)) == [(2,), (4,), (12,)]
    assert settled([], 10, Answers(write, search, at_home)) == []
    assert search.asked == []


def test_where_there_is_no_object_the_likeliest_is_taken() -> None:
    search = Found({1: [3, 8, 6], 3: [5, 7, 10]})
    found = settled([(2,), (3,), (4,), (5,)], 10, Answers(write, search, at_home))
    assert found == [(2,), (8,), (4,), (10,)]
    assert search.asked == [([1, 3], LADDER[0])]


def test_what_lies_elsewhere_gives_way_to_what_lies_there() -> None:
    # 14 lies elsewhere, which costs 0.5 * 0.1 * 10 * 4 = 2 nats: 6 is one nat less likely, 8 two more than that.
    search = Found({1: [14, 6, 3, 8]})
    assert settled([(2,), (14,)], 10, Answers(write, search, far_if_large)) == [(2,), (6,)]
    assert search.asked == [([1], LADDER[0])]
    # With fewer axes the same misfit costs less, and the decoder's opinion counts.
    assert settled([(14,)], 2, Answers(write, Found({0: [14, 6]}), far_if_large)) == [(14,)]


def test_an_object_that_nothing_speaks_against_goes_before_others_about_as_cheap() -> None:
    def elsewhere(points: Sequence[int], rows: Sequence[TokenRow]) -> torch.Tensor:
        return torch.ones(len(rows))

    search = Found({0: [12, 3, 8], 1: [12, 14, 16, 18, 20, 22, 24, 26, 8], 2: [5, 18, 6], 3: [7, 20]})
    found = settled([(12,), (12,), (5,), (7,)], 10, Answers(write, search, elsewhere, small))
    # 8 is two nats behind 12 and is taken, or eight, and is not; 6 goes before 18; 20 stays where there is no other.
    assert found == [(8,), (12,), (6,), (20,)]
    # What lies there is the right one, whatever speaks against it.
    assert settled([(3,)], 10, Answers(write, Found({0: [12, 8]}), at_home, small)) == [(12,)]


def test_what_the_first_rung_does_not_find_goes_up_the_ladder() -> None:
    search = Found({0: [3, 5], 1: [3, 6], 2: [9]}, {0: [3, 5, 7, 12], 2: [9, 11]})
    assert settled([(3,), (3,), (9,)], 10, Answers(write, search, at_home)) == [(12,), (6,), (9,)]
    assert [points for points, _ in search.asked] == [[0, 1, 2], [0, 2]]
    assert [rung for _, rung in search.asked] == list(LADDER)


def test_an_object_that_lies_elsewhere_stays_where_nothing_else_is_found() -> None:
    search = Found({0: [3, 5]})
    assert settled([(14,)], 10, Answers(write, search, far_if_large)) == [(14,)]
    assert len(search.asked) == 1  # the wider beam is for points without an object


def test_a_misfit_that_is_no_number_is_searched() -> None:
    def broken(points: Sequence[int], rows: Sequence[TokenRow]) -> torch.Tensor:
        return torch.full((len(rows),), torch.nan)

    search = Found({0: [8, 6]})
    assert settled([(4,)], 10, Answers(write, search, broken))[0][0] % 2 == 0
    assert search.asked == [([0], LADDER[0])]


def test_padding_in_place_of_a_hypothesis_is_none() -> None:
    """PAD is even here: it must not be written."""
    search = Found(*[{0: [3], 1: [5, 7, 9]}] * 2)
    assert settled([(3,), (5,)], 10, Answers(write, search, at_home)) == [(3,), (5,)]


def test_a_network_with_one_answer_keeps_it() -> None:
    answers = Answers(write, lambda points, rung: None, far_if_large)
    assert settled([(3,), (2,), (12,)], 10, answers) == [(3,), (2,), (12,)]


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
    assert all(a.ok for a, _ in better)
    assert sum(each.ok for each in found) > sum(each.ok for each in plain)


def test_the_misfit_is_in_standard_deviations_of_the_posterior() -> None:
    model = untrained(SmilesCodec.learn(MOLECULES, merges=5))
    readings = model.codec.read(MOLECULES[:7])
    mean, log_variance = model.encode(readings)
    sd = (0.5 * log_variance).exp()
    rows = [(*reading.tokens, END, PAD, PAD) for reading in readings]
    assert model._misfit(mean, rows) == pytest.approx([0.0] * 7, abs=1e-9)
    assert model._misfit(mean + 2.0 * sd, rows) == pytest.approx([4.0] * 7, rel=1e-4)


HARD = (
    "COc1ccc(CCN(CC2CC[NH+](C)CC2)C(=O)c2scnc2C)cc1",
    "Cc1c(Br)cc(C(=O)[O-])c(C)c1C",
    "Cc1oc2c(c1C(=O)NCCNC(=O)c1c(C)oc3c1CCCC3)CCCC2",
    "Cc1ccc(N2C(=O)[C@H](C)N=C2N2CCN(CCOc3ccc(Cl)cc3)CC2)cc1",
    "O=C1Nc2cccc(O)c2Nc2cc(Cl)ccc21",
    "O=C(CCc1cn[nH]c1)N1CCO[C@@H](CC(c2ccccc2)c2ccccc2)C1",
)  # held-out molecules in whose place the shipped decoder alone writes others


def test_what_the_decoder_alone_mistakes_comes_back_with_the_encoders_help() -> None:
    model = load_model("zinc250k-fragments")
    readings = model.codec.read(HARD)
    found = reconstruction(model, readings)
    assert found.exact_match_unaided == share_written_at_once(model, readings) == 0.0
    assert found.exact_match == found.exact_match_beam == 1.0


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
