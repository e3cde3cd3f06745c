"""A run keeps to its budget and its start; an arena that was killed goes on where it was."""

from __future__ import annotations

import csv
import json
from collections.abc import Sequence
from copy import deepcopy
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import ClassVar

import numpy as np
import pytest
import torch

from benchmarks.arena import main, methods
from benchmarks.arena.folder import RUNS, load_trace, rows
from benchmarks.arena.methods import METHODS, Contender
from benchmarks.arena.run import projected_seconds, to_do
from benchmarks.arena.single_run import COLUMNS, PlannedRun, Step, model_of, pace, planned_runs
from benchmarks.arena.tasks import PROTOCOLS
from latentbo.kinds.cards import DEFAULT
from latentbo.models.dkl_vae import DKLVAE
from latentbo.models.pretrained import save_model
from tests.conftest import MOLECULES


class Chains:
    """Asks for ever longer chains with a tail of its own; remembers the start it was told."""

    starts: ClassVar[dict[tuple[str, int], tuple[str, ...]]] = {}
    made: ClassVar[list[tuple[str, int]]] = []

    def __init__(self, tail: str, seed: int) -> None:
        self.tail, self.seed, self.length = tail, seed, 20
        self.made.append((tail, seed))

    def tell(self, objects: Sequence[str], values: Sequence[float | None]) -> None:
        self.starts.setdefault((self.tail, self.seed), tuple(objects))

    def ask(self, n: int) -> list[str]:
        self.length += n
        return ["C" * (self.length - i) + self.tail for i in range(n)]


class Repeating(Chains):
    """Has nothing but the start."""

    def ask(self, n: int) -> list[str]:
        return list(self.starts[self.tail, self.seed][:n])


class Failing(Chains):
    def ask(self, n: int) -> list[str]:
        raise RuntimeError("no idea")


class Killed(Chains):
    def ask(self, n: int) -> list[str]:
        if self.seed == 1:
            raise KeyboardInterrupt
        return super().ask(n)


@pytest.fixture(autouse=True)
def toys(monkeypatch: pytest.MonkeyPatch) -> None:
    Chains.starts, Chains.made = {}, []
    for name, kind, tail, strict in (
        ("alcohols", Chains, "O", False),
        ("amines", Chains, "N", True),
        ("repeating", Repeating, "F", False),
        ("repeating_strict", Repeating, "Cl", True),
        ("failing", Failing, "S", False),
        ("killed", Killed, "Br", False),
    ):
        make = lambda seed, pool, model, kind=kind, tail=tail: kind(tail, seed)  # noqa: E731
        monkeypatch.setitem(METHODS, name, Contender(make, batch=4, strict=strict))


@pytest.fixture
def pool(tmp_path: Path) -> Path:
    (tmp_path / "pool.smi").write_text("\n".join(MOLECULES))
    return tmp_path / "pool.smi"


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "out"


def arena(pool: Path, out: Path, methods: str, *more: str, seeds: str = "0-1") -> None:
    main(
        [
            *("--tasks", "logp,qed", "--methods", methods, "--seeds", seeds, "--budget", "31", "--start-count", "10"),
            *("--data", str(pool), "--out", str(out), "--results", str(out / "results"), *more),
        ]
    )  # fmt: skip


def test_every_planned_run_is_one_row_with_its_trace(pool: Path, out: Path) -> None:
    arena(pool, out, "alcohols,amines")
    found = rows(out)
    assert len(found) == 8
    assert {(row["task"], row["method"], row["seed"]) for row in found} == {
        (task, method, seed)
        for task in ("logp", "qed")
        for method in ("alcohols", "amines")
        for seed in (0, 1)
    }
    for row in found:
        assert tuple(row) == COLUMNS
        assert row["calls"] == row["budget"] == len(load_trace(out, row)) == 31
        assert row["stopped"] == "budget"
        assert row["best"] == pytest.approx(np.nanmax(load_trace(out, row)), rel=1e-5)
        assert 0.0 < row["oracle_seconds"] < row["wall_seconds"]
        assert row["top10_100"] is None
    with (out / RUNS).open() as lines:
        assert tuple(next(csv.reader(lines))) == COLUMNS


def test_methods_of_a_seed_share_their_start(pool: Path, out: Path) -> None:
    arena(pool, out, "alcohols,amines")
    assert Chains.starts["O", 0] == Chains.starts["N", 0]
    assert Chains.starts["O", 1] == Chains.starts["N", 1]
    assert Chains.starts["O", 0] != Chains.starts["O", 1]
    assert len(set(Chains.starts["O", 0])) == 10
    first = [load_trace(out, row)[:10] for row in rows(out) if row["task"] == "logp" and row["seed"] == 0]
    np.testing.assert_array_equal(first[0], first[1])


def test_a_killed_arena_goes_on_and_repeats_nothing(pool: Path, out: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        arena(pool, out, "alcohols,killed")
    before = (out / RUNS).read_text()
    assert len(rows(out)) == 5  # seed 0 on both tasks, then alcohols of seed 1
    METHODS["killed"] = METHODS["alcohols"]
    Chains.made.clear()
    arena(pool, out, "alcohols,killed")
    assert len(Chains.made) == 3
    assert (out / RUNS).read_text().startswith(before)
    assert len(rows(out)) == 8
    Chains.made.clear()
    arena(pool, out, "alcohols,killed")
    assert not Chains.made


def test_another_machine_goes_on_from_the_rows_of_the_results(
    pool: Path, out: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arena(pool, out, "alcohols")
    Chains.made.clear()
    elsewhere = tmp_path / "elsewhere"
    arena(pool, elsewhere, "alcohols,amines", "--results", str(out / "results"))
    assert [tail for tail, _ in Chains.made] == ["N"] * 4
    assert {row["method"] for row in rows(elsewhere)} == {"amines"}
    assert len(rows(tmp_path / "none", out / "results" / "arena.csv")) == 8
    assert (elsewhere / "auc1k_31_10_best.png").exists(), "with the curves of both"
    assert capsys.readouterr().out.count("4 done, 4 to do") == 1


def test_a_row_that_was_cut_short_is_run_again(pool: Path, out: Path) -> None:
    arena(pool, out, "alcohols")
    whole = (out / RUNS).read_text()
    (out / RUNS).write_text(whole[:-40])
    (out / "results" / "arena.csv").unlink()
    assert len(rows(out)) == 3
    Chains.made.clear()
    arena(pool, out, "alcohols")
    assert len(Chains.made) == 1
    assert len(rows(out)) == 4


def test_a_run_that_raises_stops_no_other(pool: Path, out: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match=r"4 runs failed.*\n.*RuntimeError: no idea"):
        arena(pool, out, "failing,alcohols")
    assert {row["method"] for row in rows(out)} == {"alcohols"}
    assert len(rows(out)) == 4
    assert "FAILED" in capsys.readouterr().out


def test_a_method_that_repeats_itself_ends_with_the_reason(pool: Path, out: Path) -> None:
    arena(pool, out, "repeating,repeating_strict", seeds="0")
    free, charged = (
        next(row for row in rows(out) if row["method"] == name) for name in ("repeating", "repeating_strict")
    )
    assert free["calls"] == 10
    assert "no new molecule" in free["stopped"]
    assert charged["calls"] == 31
    assert charged["duplicates"] == 21
    assert charged["top10"] == free["top10"]


def test_a_dry_run_runs_nothing(pool: Path, out: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arena(pool, out, "alcohols", "--dry-run")
    assert not Chains.made
    assert not out.exists()
    shown = capsys.readouterr().out
    assert "4 runs, 0 done, 4 to do" in shown
    assert "auc1k-logp-alcohols-0-31-10" in shown


def test_tables_pictures_and_figures_are_written(
    pool: Path, out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(METHODS, "latentbo", METHODS["amines"])
    monkeypatch.setitem(METHODS, "latentbo_ucb", METHODS["alcohols"])
    arena(pool, out, "latentbo,latentbo_ucb,repeating")
    for name in ("best", "regret", "ablation"):
        assert (out / f"auc1k_31_10_{name}.png").read_bytes().startswith(b"\x89PNG")
    table = (out / "results" / "arena.md").read_text()
    assert "| logp |" in table
    assert "latentbo against" in table
    figures = json.loads((out / "results" / "arena.json").read_text())
    assert figures["auc1k_sum17"] is None
    assert figures["seeds"] == [0, 1]


def test_published_figures_are_not_lost(pool: Path, out: Path) -> None:
    (out / "results").mkdir(parents=True)
    (out / "results" / "arena.json").write_text('{"auc1k_sum17": 9.5}')
    arena(pool, out, "alcohols", seeds="0")
    assert (out / "results" / "arena.json").read_text() == '{"auc1k_sum17": 9.5}'
    assert (out / "arena.md").exists()


def test_a_file_with_other_columns_is_refused(
    pool: Path, out: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out.mkdir()
    (out / RUNS).write_text("task,method\nqed,random\n")
    with pytest.raises(SystemExit):
        arena(pool, out, "alcohols")
    assert "other columns" in capsys.readouterr().err


def test_the_pace_is_taken_near_a_mark() -> None:
    steps = [Step(100, 10, 2.0), Step(150, 10, 4.0), Step(151, 10, 99.0), Step(160, 0, 99.0)]
    assert pace(steps, 100) == pytest.approx(0.3)
    assert pace(steps, 500) is None


def test_the_projection_uses_what_was_measured() -> None:
    planned = [PlannedRun("auc1k", "qed", "alcohols", seed, 1_000, 100) for seed in (0, 1)]
    done = [{"method": "alcohols", "wall_seconds": 50.0, "calls": 500}]
    assert projected_seconds(planned, done, jobs=2) == pytest.approx(100.0)
    assert projected_seconds(planned, [], jobs=1) == pytest.approx(2_000 * METHODS["alcohols"].guess)


def test_models_are_part_of_the_runs_that_use_one(out: Path, tiny_model: DKLVAE, tmp_path: Path) -> None:
    other = replace(tiny_model, vae=deepcopy(tiny_model.vae))
    with torch.no_grad():
        next(other.vae.parameters()).mul_(1.001)
    folders = []
    for name, model in (("a", tiny_model), ("b", other)):
        folders.append(tmp_path / name / "tiny")
        save_model(model, folders[-1])
    planned, others, shipped = (
        planned_runs(PROTOCOLS["auc1k"].smoke(), ["latentbo", "random"], str(model))
        for model in (*folders, DEFAULT)
    )
    assert [each.model for each in planned] == [f"tiny-{tiny_model.id}", ""]
    assert [each.model for each in shipped] == [DEFAULT, ""]
    assert to_do(planned, rows(out)) == planned
    assert len({each.key for each in (*planned, *others, *shipped)}) == 4, "folders of one name"


def test_a_method_with_a_model_of_its_own_is_run_and_reported_with_it() -> None:
    [planned] = planned_runs(PROTOCOLS["auc1k"].smoke(), ["latentbo_former_model"], DEFAULT)
    assert planned.model == methods.FORMER == model_of("latentbo_former_model", DEFAULT)
    method = METHODS[planned.method].make(0, (), METHODS[planned.method].model)
    try:
        assert method.campaign.settings.model == methods.FORMER
    finally:
        method.close()


def test_every_group_names_methods() -> None:
    assert methods.methods_of("main,latentbo")[:5] == methods.GROUPS["main"]
    assert all(name in METHODS for group in methods.GROUPS.values() for name in group)
    assert methods.OURS in METHODS


@pytest.mark.parametrize("name", methods.VARIANTS)
def test_every_variant_of_ours_runs(name: str, tiny_model: DKLVAE, tmp_path: Path) -> None:
    save_model(tiny_model, tmp_path / "tiny")
    make = partial(METHODS[name].make, pool_rounds=1, pool_size=30)  # for the test's own speed
    method = make(0, (), str(tmp_path / "tiny"))
    try:
        start = sorted(set(MOLECULES))[:25]
        method.tell(start, [*map(float, range(24)), None])
        asked = method.ask(3)
        assert 1 <= len(asked) <= 3
        assert not set(asked) & set(start)
        method.tell(asked, [None] + [30.0] * (len(asked) - 1))
        assert not set(method.ask(2)) & {*start, *asked}
    finally:
        method.close()


def test_two_processes_run_the_baselines(pool: Path, out: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = [
        "--smoke",
        "--methods",
        "random,graph_ga",
        "--data",
        str(pool),
        "--out",
        str(out),
        "--jobs",
        "2",
    ]
    main(["--tasks", "logp", *arguments])
    found = rows(out)
    assert {row["method"] for row in found} == {"random", "graph_ga"}
    assert [row["calls"] for row in found] == [30, 30] or any("no new" in row["stopped"] for row in found)
    np.testing.assert_array_equal(*(load_trace(out, row)[:10] for row in found))
    assert "2 runs, 0 done" in capsys.readouterr().out
