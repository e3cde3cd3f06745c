from __future__ import annotations

from itertools import islice
from types import SimpleNamespace
from typing import cast

import pytest
import torch
from torch import Tensor

from latentbo.codecs.base import Reading
from latentbo.codecs.vocabulary import PAD
from latentbo.errors import InputError, ShortfallError
from latentbo.models.dkl_vae import DKLVAE
from latentbo.models.vae import SequenceVAE
from latentbo.training.recipes import FineTuneRecipe
from latentbo.training.replay import (
    Step,
    described,
    encoder_means,
    generative_replay,
    mixed_steps,
    rank_weights,
    token_set,
    withheld,
)
from latentbo.training.token_sets import TokenSet

OBJECTS = tuple(f"object {i}" for i in range(1000))


def numbered(rows: int, width: int, first: int) -> TokenSet:
    """Rows that can be told apart: row i holds token `first` + i in each place, and the same as its descriptor."""
    numbers = torch.arange(first, first + rows)[:, None]
    return TokenSet(numbers.expand(rows, width).contiguous(), numbers.float())


def steps(recipe: FineTuneRecipe, weights: Tensor, learnt: Tensor, n: int, first: int = 0) -> list[Step]:
    rows, replay = numbered(len(weights), 2, 10), numbered(5, 3, 100)
    return list(islice(mixed_steps(rows, weights, learnt, replay, recipe, first), n))


def test_rank_weights_by_hand() -> None:
    """n = 4, k = 1/2: weights 1/2, 1/3, 1/4, 1/5 from the best to the worst, over their sum 77/60."""
    weights = rank_weights(torch.tensor([[3.0], [9.0], [-1.0], [5.0]]), 0.5)
    expected = torch.tensor([15.0, 30.0, 12.0, 20.0], dtype=torch.float64) / 77.0
    assert torch.allclose(weights, expected)


def test_rank_weights_go_from_the_best_alone_to_all_alike() -> None:
    values = torch.arange(100.0)[:, None]
    assert rank_weights(values, 1e-9)[99] > 0.99
    assert torch.allclose(rank_weights(values, 1e9), torch.full((100,), 0.01, dtype=torch.float64))


def test_batches_mix_by_share_and_weight() -> None:
    weights = torch.tensor([0.0, 1.0, 0.0, 3.0], dtype=torch.float64)
    recipe = FineTuneRecipe(batch_size=8, replay_share=0.25, gp_points=3)
    drawn = steps(recipe, weights, torch.tensor([0, 2, 3]), 200)
    for step in drawn:
        assert step.elbo.tokens.shape == (8, 3)
        assert (step.elbo.tokens[:, 0] == step.elbo.targets[:, 0]).all()
        assert sorted(step.points.tolist()) == [0, 2, 3]
    first = torch.cat([step.elbo.tokens[:, 0] for step in drawn])
    assert float((first >= 100).double().mean()) == 0.25
    assert set(first[first >= 100].tolist()) == {100, 101, 102, 103, 104}
    assert set(first[first < 100].tolist()) == {11, 13}
    assert float((first[first < 100] == 13).double().mean()) == pytest.approx(0.75, abs=0.05)


@pytest.mark.parametrize(("share", "replayed"), [(0.0, 0), (1.0, 8)])
def test_batches_of_one_kind(share: float, replayed: int) -> None:
    recipe = FineTuneRecipe(batch_size=8, replay_share=share)
    (step,) = steps(recipe, torch.ones(4, dtype=torch.float64), torch.arange(4), 1)
    assert int((step.elbo.tokens[:, 0] >= 100).sum()) == replayed
    assert len(step.elbo.tokens) == 8


def test_points_are_a_subset_of_the_learnt_ones_and_change() -> None:
    recipe = FineTuneRecipe(gp_points=5)
    learnt = torch.arange(0, 40, 2)
    drawn = [tuple(step.points.tolist()) for step in steps(recipe, torch.ones(40).double(), learnt, 30)]
    assert all(len(set(points)) == 5 and set(points) <= set(learnt.tolist()) for points in drawn)
    assert len(set(drawn)) > 20
    assert {point for points in drawn for point in points} == set(learnt.tolist())


def test_a_step_depends_on_seed_and_number_alone() -> None:
    weights, learnt = torch.ones(6, dtype=torch.float64), torch.arange(6)
    recipe = FineTuneRecipe(batch_size=8, gp_points=3)
    whole, rest = steps(recipe, weights, learnt, 6), steps(recipe, weights, learnt, 2, first=4)
    for a, b in zip(whole[4:], rest, strict=True):
        assert torch.equal(a.elbo.tokens, b.elbo.tokens)
        assert torch.equal(a.points, b.points)
    other = steps(FineTuneRecipe(batch_size=8, gp_points=3, seed=1), weights, learnt, 6)
    assert any(not torch.equal(a.elbo.tokens, b.elbo.tokens) for a, b in zip(whole, other, strict=True))


def test_withheld_objects_stay_withheld() -> None:
    learnt, kept = withheld(OBJECTS, 0.2, "gate")
    assert sorted([*learnt.tolist(), *kept.tolist()]) == list(range(1000))
    assert 150 < len(kept) < 250
    _, earlier = withheld(OBJECTS[:300], 0.2, "gate")
    assert earlier.tolist() == [row for row in kept.tolist() if row < 300]
    _, reversed_ = withheld(OBJECTS[::-1], 0.2, "gate")
    assert {999 - row for row in reversed_.tolist()} == set(kept.tolist())


def test_salts_withhold_independently() -> None:
    a, b = (set(withheld(OBJECTS, 0.2, salt)[1].tolist()) for salt in ("gate", "watch"))
    assert 20 < len(a & b) < 65


def test_nothing_may_be_withheld_but_not_nearly_nothing() -> None:
    learnt, kept = withheld(OBJECTS[:4], 0.0, "watch")
    assert (learnt.tolist(), len(kept)) == ([0, 1, 2, 3], 0)
    with pytest.raises(InputError, match=r"at least 4 .* 8 give \d and \d: measure more"):
        withheld(OBJECTS[:8], 0.2, "gate")
    with pytest.raises(InputError, match="measure more"):
        withheld(OBJECTS[:3], 0.0, "gate")


def test_replay_without_a_corpus_is_valid_samples(tiny_model: DKLVAE) -> None:
    replay = generative_replay(tiny_model, 70, 0)
    assert replay.targets.shape == (70, 0)
    rows = [tuple(token for token in row if token != PAD) for row in replay.tokens.tolist()]
    written = tiny_model.codec.write(rows)
    assert all(reading.ok and reading.tokens == row for reading, row in zip(written, rows, strict=True))
    assert len({reading.object for reading in written}) > 15
    assert torch.equal(replay.tokens, generative_replay(tiny_model, 70, 0).tokens)
    again = generative_replay(tiny_model, 70, 1).tokens
    assert again.shape != replay.tokens.shape or not torch.equal(replay.tokens, again)


@pytest.mark.usefixtures("unchecked")
def test_a_model_that_writes_little_is_no_teacher() -> None:
    def model(valid: int) -> DKLVAE:
        """One of `valid` draws decodes."""

        def decoded(z: torch.Tensor) -> list[tuple[str | None, str | None]]:
            return [("A", None) if valid and i % valid == 0 else (None, "empty") for i in range(len(z))]

        prior = SimpleNamespace(sample=lambda n, generator: torch.zeros(n, 2))
        codec = SimpleNamespace(read=lambda names: [Reading(name, (3,)) for name in names])
        return cast(DKLVAE, SimpleNamespace(prior=prior, codec=codec, decode_objects=decoded))

    assert len(generative_replay(model(2), 10, 0)) == 10
    with pytest.raises(ShortfallError, match="100 prior samples gave 0 valid objects, 10 were asked for"):
        generative_replay(model(0), 10, 0)


def test_rows_without_descriptors_get_the_models_own() -> None:
    torch.manual_seed(0)
    vae = SequenceVAE(
        12, latent=3, embedding=4, encoder_hidden=5, encoder_layers=1, decoder_hidden=6, properties=2
    )
    rows = TokenSet(torch.tensor([[3, 4, 0], [5, 6, 7]]), torch.zeros(2, 0))
    filled = described(vae, rows)
    assert vae.head is not None
    assert torch.allclose(filled.targets, vae.head(vae.encode(rows.tokens).mean))
    assert not filled.targets.requires_grad
    known = TokenSet(rows.tokens, torch.ones(2, 2))
    assert described(vae, known) is known


@pytest.mark.parametrize(("head", "given"), [(2, 3), (0, 3)])
def test_descriptors_of_another_model_are_refused(head: int, given: int) -> None:
    vae = SequenceVAE(
        12, latent=3, embedding=4, encoder_hidden=5, encoder_layers=1, decoder_hidden=6, properties=head
    )
    rows = TokenSet(torch.tensor([[3, 4]]), torch.zeros(1, given))
    with pytest.raises(
        InputError, match=f"rows have {given} descriptors, but the model was trained on {head}"
    ):
        described(vae, rows)


def test_encoder_means_are_those_of_embed(tiny_model: DKLVAE) -> None:
    readings = tiny_model.codec.read(["CCO", "c1ccccc1", "CC(=O)Nc1ccccc1"])
    tokens = torch.nn.functional.pad(token_set(readings).tokens, (0, 4), value=PAD).to(torch.int16)
    assert torch.allclose(
        encoder_means(tiny_model.vae, tokens).double(), tiny_model.embed(readings), atol=1e-6
    )


def test_objects_that_cannot_be_read_are_refused() -> None:
    with pytest.raises(InputError, match=r"1 of 2 objects cannot be encoded \(unparsable\)"):
        token_set([Reading("CC", (3, 4)), Reading(None, reason="unparsable")])
