"""Sifting: nothing is lost in the counts, nothing known comes through."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from latentbo.acquisition.candidates import Candidate, Counts, Pool, filter_candidates
from latentbo.acquisition.context import ProposalContext
from latentbo.codecs.base import Reading
from latentbo.data.measurements import Measurements
from latentbo.errors import InputError

REASONS = ("empty", "unparsable")
proposals = st.lists(st.tuples(st.sampled_from("xy"), st.sampled_from([*"ABCDEFGH", *REASONS])), max_size=40)


def no_vowels(objects: Sequence[str]) -> list[str | None]:
    return ["vowel" if text in "AE" else "odd" if text == "G" else None for text in objects]


def read(text: str) -> Reading:
    return Reading(None, reason=text) if text in REASONS else Reading(text)


@given(proposals, st.sets(st.sampled_from("ABCDEFGH")))
def test_everything_that_was_made_is_counted_once(made: list[tuple[str, str]], known: set[str]) -> None:
    proposed, seen = [(name, read(text)) for name, text in made], set(known)
    kept, counts = filter_candidates(proposed, seen, no_vowels)
    assert counts.made == len(proposed)
    refused = sum(counts.invalid.values()) + sum(counts.filtered.values())
    assert counts.made == len(kept) + counts.duplicate + refused
    objects = [candidate.object for candidate in kept]
    assert not set(objects) & known
    assert not set(objects) & set("AEG")
    assert len(set(objects)) == len(objects)
    # In the order of their first appearance, credited to who came first.
    first = {reading.object: name for name, reading in reversed(proposed)}
    appeared = [reading.object for _, reading in proposed if reading.object in objects]
    assert objects == list(dict.fromkeys(appeared))
    assert [candidate.proposer for candidate in kept] == [first[text] for text in objects]
    # What was filtered is not looked at again either.
    assert seen == known | {reading.object for _, reading in proposed if reading.ok}
    again, more = filter_candidates(proposed, seen, no_vowels)
    assert not again
    assert more.duplicate == sum(reading.ok for _, reading in proposed)


def test_reasons_are_counted_by_code() -> None:
    proposed = [("x", Reading(None, reason="empty"))] * 2 + [("x", Reading(t)) for t in "AEGB"]
    kept, counts = filter_candidates(proposed, {"B"}, no_vowels)
    assert not kept
    assert (counts.invalid, counts.duplicate) == ({"empty": 2}, 1)
    assert counts.filtered == {"vowel": 2, "odd": 1}


def test_a_check_must_answer_for_every_object_and_is_not_asked_about_none() -> None:
    with pytest.raises(InputError, match="each of 1 objects, but gave 2"):
        filter_candidates([("x", Reading("A"))], set(), lambda objects: [None, None])

    def unasked(objects: Sequence[str]) -> list[str | None]:
        raise AssertionError("nothing to check")

    assert filter_candidates([("x", Reading("A"))], {"A"}, unasked) == ([], Counts(1, 1))


def test_counts_add_up() -> None:
    one = Counts(5, 1, {"empty": 2}, {"charge": 1, "too_many_atoms": 1})
    two = Counts(4, 0, {"empty": 1, "too_many_atoms": 3}, {})
    both = one + two
    expected = Counts(9, 1, {"empty": 3, "too_many_atoms": 3}, {"charge": 1, "too_many_atoms": 1})
    assert both == expected
    # A code that codec and rules share is shown with its whole count.
    assert str(both) == "9 made, 1 duplicate, refused: too_many_atoms 4, empty 3, charge 1"
    assert str(Counts()) == "0 made, 0 duplicate, refused: none"


def pool_of(scores: Sequence[float]) -> Pool:
    candidates = tuple(Candidate(Reading(f"o{i}"), "x") for i in range(len(scores)))
    return Pool(candidates, torch.arange(2.0 * len(scores)).reshape(-1, 2), torch.tensor(scores))


def test_a_pool_keeps_rows_together() -> None:
    pool = pool_of([1.0, 3.0, 3.0, 2.0])
    best = pool.best(3)
    assert [candidate.object for candidate in best.candidates] == ["o1", "o2", "o3"]  # ties in order
    assert best.scores.tolist() == [3.0, 3.0, 2.0]
    assert best.x.tolist() == [[2.0, 3.0], [4.0, 5.0], [6.0, 7.0]]
    joined = best.joined(pool.rows([0]))
    assert [candidate.object for candidate in joined.candidates] == ["o1", "o2", "o3", "o0"]
    assert joined.x[3].tolist() == [0.0, 1.0]
    assert pool.rows([]).x.shape == (0, 2)
    assert len(pool.best(99).candidates) == 4


def test_elites_are_the_best_measured_first_come_first(context_of: Callable[..., ProposalContext]) -> None:
    data = Measurements(("CCO", "CCN", "CCC", "CCCl"), torch.tensor([[1.0], [5.0], [5.0], [2.0]]).double())
    context = context_of(data=data)
    assert [reading.object for reading in context.elites(3)] == ["CCN", "CCC", "CCCl"]
    assert context.elites(1)[0].tokens  # read by the codec, ready to encode
    assert context.best == 5.0
    assert context.spread == pytest.approx(torch.tensor([1.0, 5.0, 5.0, 2.0]).std(correction=0).item())


def test_one_value_has_a_spread_too(context_of: Callable[..., ProposalContext]) -> None:
    one = Measurements(("CCO",), torch.tensor([[3.0]]).double())
    assert context_of(data=one).spread == 1.0


def test_what_is_believed_above_the_best_becomes_the_best(context: ProposalContext) -> None:
    z = context.model.prior.sample(300, torch.Generator().manual_seed(0)).double()
    with torch.no_grad():
        posterior = context.surrogate.posterior(z)
    means = posterior.mean[:, 0]
    low, high = z[means.argmin()][None], z[means.argmax()][None]
    assert context.with_fantasies(low).best == context.best == float(context.data.values.max())
    poor = replace(context, data=Measurements(("CCO",), means.min().reshape(1, 1)))
    promising = poor.with_fantasies(high)
    assert promising.best == pytest.approx(float(means.max()))
    assert promising.with_fantasies(low).best == promising.best
    with torch.no_grad():
        after = promising.surrogate.posterior(z).variance
    assert (after <= posterior.variance + 1e-9).all()
    assert after[means.argmax()] < 0.5 * posterior.variance[means.argmax()]
