"""Headline figures and tables, from rows made by hand."""

from __future__ import annotations

from typing import Any

import pytest

from benchmarks.arena.headline import headline, low_budget_wins
from benchmarks.arena.single_run import COLUMNS
from benchmarks.arena.table import difference, markdown, sums, wins
from benchmarks.arena.tasks import LOW_BUDGET, PROTOCOLS, PUBLISHED_BEST, SEVENTEEN, TUNING, Setting

FULL = PROTOCOLS["auc1k"].setting


def row(task: str, method: str, seed: int, score: float | None, **more: Any) -> dict[str, Any]:
    empty: dict[str, Any] = dict.fromkeys(COLUMNS)
    named = {
        "protocol": "auc1k",
        "budget": 1_000,
        "start_count": 100,
        "task": task,
        "method": method,
        "seed": seed,
    }
    return empty | named | {"auc_top10": score, "top10": score, "best": score} | more


def full(method: str, score: float, seeds: tuple[int, ...] = (0, 1), **more: Any) -> list[dict[str, Any]]:
    return [row(task, method, seed, score, **more) for seed in seeds for task in SEVENTEEN]


def test_sums_are_over_seeds_that_have_every_task() -> None:
    rows = full("random", 0.5)[:-1]
    assert sums(rows, "random", SEVENTEEN, "auc_top10") == {0: pytest.approx(8.5)}
    assert sums([], "random", SEVENTEEN, "auc_top10") == {}


def test_only_common_seeds_are_compared() -> None:
    rows = [
        row("qed", "latentbo", 0, 0.5),
        row("qed", "latentbo", 1, 0.9),
        row("qed", "mol_ga", 0, 0.6),
        row("qed", "mol_ga", 2, 0.1),
    ]
    assert difference(rows, "qed", "latentbo", "mol_ga", "auc_top10") == pytest.approx(-0.1)
    assert wins(rows, "latentbo", "mol_ga", ("qed", "median1"), "auc_top10") == (0, 1)
    assert difference(rows, "qed", "latentbo", "random", "auc_top10") is None


def test_a_tie_is_no_win() -> None:
    rows = [row("qed", "latentbo", 0, 0.5), row("qed", "mol_ga", 0, 0.5)]
    assert wins(rows, "latentbo", "mol_ga", ("qed",), "auc_top10") == (0, 1)


def test_the_headline_of_a_whole_arena() -> None:
    low = [
        row(
            task,
            "latentbo",
            seed,
            max(filter(None, PUBLISHED_BEST[task])) + (0.1 if task == "median2" else -0.1),
        )
        | {"protocol": "low_budget", "budget": 600}
        for task in LOW_BUDGET
        for seed in (0, 1)
    ]
    ours = full("latentbo", 0.6, seconds_per_proposal_1000=0.2)
    worse = [row | {"auc_top10": 0.1} if row["task"] == "qed" else row for row in ours]
    few = [*full("latentbo", 0.3, start_count=10), *full("tanimoto_gp", 0.2, (1,), start_count=10)]
    alone = full("latentbo_latent_only", 0.5, (0,))
    others = [*full("mol_ga", 0.5), *full("random", 0.4), *full("tanimoto_gp", 0.7)[:20], *alone]
    figures = headline([*worse, *others, *few, *low])
    assert figures == {
        "auc1k_sum17": pytest.approx(16 * 0.6 + 0.1),
        "auc1k_sum17_mol_ga": pytest.approx(8.5),
        "auc1k_sum17_tanimoto_gp": pytest.approx(11.9),
        "auc1k_sum17_random": pytest.approx(6.8),
        "auc1k_sum17_latent_only": pytest.approx(8.5),
        "auc1k_sum17_from10": pytest.approx(5.1),
        "auc1k_sum17_tanimoto_gp_from10": pytest.approx(3.4),
        "pmo10k_carried_sum17": pytest.approx(0.1 * (16 * 0.6 + 0.1) + 0.9 * 17 * 0.6),
        "wins17_vs_mol_ga": 16,
        "wins17_vs_tanimoto_gp": 0,
        "low_budget_wins7": 1,
        "seconds_per_proposal_1000": pytest.approx(0.2),
    }


def test_what_was_not_run_is_null() -> None:
    assert set(headline([]).values()) == {None}
    half = headline([*full("latentbo", 0.6), *full("mol_ga", 0.5, (0,))[:9]])
    assert half["wins17_vs_mol_ga"] is None
    assert half["auc1k_sum17_mol_ga"] is None
    assert half["auc1k_sum17"] == pytest.approx(10.2)


def test_other_budgets_and_starts_are_no_headline() -> None:
    assert set(headline(full("latentbo", 0.6, budget=300)).values()) == {None}
    assert headline(full("latentbo", 0.6, start_count=20))["auc1k_sum17"] is None


def test_starts_of_different_size_are_not_mixed() -> None:
    rows = [row("qed", "random", 0, 0.9), row("qed", "random", 1, 0.1, start_count=10)]
    assert "| qed | 0.900 (1) |" in markdown(rows, FULL)
    assert "| qed | 0.100 (1) |" in markdown(rows, FULL._replace(start_count=10))


def test_all_seven_must_be_run() -> None:
    rows = [row(task, "latentbo", 0, 1.0) for task in LOW_BUDGET]
    assert low_budget_wins(rows, "latentbo") == 7
    assert low_budget_wins(rows[1:], "latentbo") is None


def test_the_table_has_means_spreads_sums_and_wins() -> None:
    rows = [*full("latentbo", 0.5, (0,)), *full("latentbo", 0.7, (1,)), *full("mol_ga", 0.55)]
    late = [each for each in rows if each["task"] == "qed" and each["method"] == "mol_ga"]
    rows = [each | {"best": 0.9} if each in late else each for each in rows]
    text = markdown(rows, FULL)
    assert "| qed | 0.600 ± 0.141 (2) | 0.550 ± 0.000 (2) |" in text
    assert "| **sum of 17** | 10.200 ± 2.404 (2) | 9.350 ± 0.000 (2) |" in text
    assert "| mol_ga | 17 of 17 | 17 of 17 | 16 of 17 | 17 of 34 | +0.050 | 1 of 2 |" in text
    assert "No run" in markdown(rows, Setting("auc1k", 300, 100))


def test_variants_have_a_table_of_their_own() -> None:
    variants = [row(task, "latentbo_ucb", 0, 0.4) for task in TUNING]
    text = markdown([*full("latentbo", 0.5), *full("mol_ga", 0.4), *variants], FULL)
    assert "| task | latentbo | mol_ga |" in text
    table = text.split("| task | latentbo | latentbo_ucb |")[1].split("\n\n")[0]
    assert [line.split(" | ")[0] for line in table.splitlines()[2:]] == [f"| {task}" for task in TUNING]


def test_the_low_budget_table_shows_what_is_to_beat() -> None:
    rows = [row("ranolazine_mpo", "latentbo", 0, 0.9) | {"protocol": "low_budget", "budget": 600}]
    assert "| ranolazine_mpo | 0.900 (1) | 0.812 / 0.659 |" in markdown(rows, PROTOCOLS["low_budget"].setting)
