"""Methods against each other on the same oracle calls.

    python -m benchmarks arena --tasks 17 --methods main --budget 1000 --seeds 0-4 --jobs 2 --out runs/arena
    python -m benchmarks arena --protocol low_budget --methods latentbo        # the published 100 + 500 calls
    python -m benchmarks arena --protocol pmo10k --methods latentbo,mol_ga --dry-run
    python -m benchmarks arena --tasks tuning --methods ablation

Every run of a task, a method and a seed is saved when it ends. The same command goes on where it was killed, and on
another machine from what arena.csv of the results has. When all is done, it prints the tables of both. Tasks: names of
objectives, or 17, apart, tuning, low7. Methods: names, or main, rivals, ablation.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from benchmarks.arena.folder import rows, write_rows
from benchmarks.arena.headline import headline
from benchmarks.arena.methods import methods_of
from benchmarks.arena.plots import draw
from benchmarks.arena.run import Place, projected_seconds, run_all, stamp, to_do
from benchmarks.arena.single_run import model_name, model_of, planned_runs
from benchmarks.arena.table import markdown, of_setting, setting_of
from benchmarks.arena.tasks import PROTOCOLS, Protocol, tasks_of
from benchmarks.campaign import seeds_of
from benchmarks.results import FOLDER, write_result
from latentbo.data.downloads import data_folder, fetch
from latentbo.errors import LatentboError
from latentbo.kinds.cards import DEFAULT

RESULT, RECORD = "arena.json", "arena.csv"


def protocol_of(chosen: argparse.Namespace) -> Protocol:
    """The protocol with what the command line says otherwise; smoke settings are cut down last."""
    protocol = PROTOCOLS[chosen.protocol]
    changes = {name: getattr(chosen, name) for name in ("tasks", "budget", "seeds", "start_count")}
    changed = replace(protocol, **{name: value for name, value in changes.items() if value is not None})
    return changed.smoke() if chosen.smoke else changed


def arena(chosen: argparse.Namespace) -> list[str]:
    """Run what is left, write tables and pictures; returns a line for each run that failed."""
    began, protocol, out = time.perf_counter(), protocol_of(chosen), chosen.out
    results = chosen.results or (out if chosen.smoke else FOLDER)
    planned = planned_runs(protocol, chosen.methods, chosen.model)
    done = rows(out, results / RECORD)
    left = to_do(planned, done)
    hours = projected_seconds(left, done, chosen.jobs) / 3600
    print(
        f"{len(planned)} runs, {len(planned) - len(left)} done, {len(left)} to do: about {hours:.2g} h in {chosen.jobs} jobs"
    )
    if chosen.dry_run:
        print("\n".join(each.key for each in left))
        return []
    problems: list[str] = []
    if left:
        place = Place(protocol, chosen.data or fetch("zinc250k"), data_folder(), chosen.model, stamp())
        problems = run_all(left, place, out, chosen.jobs, lambda line: print(line, flush=True))
    report(protocol, out, results, model_name(chosen.model), time.perf_counter() - began)
    return problems


def report(protocol: Protocol, out: Path, results: Path, model: str, wall_seconds: float) -> None:
    """Print the table of a protocol; write all rows, and of those with this model, or without it, the tables, the
    pictures and the headline figures.
    """
    everything = rows(out, results / RECORD)
    results.mkdir(parents=True, exist_ok=True)
    write_rows(everything, results / RECORD)
    found = [row for row in everything if (row["model"] or "") == model_of(row["method"], model)]
    print(markdown(found, protocol.setting))
    figures = headline(found)
    lost = [name for name in published(results) if figures.get(name) is None]
    if lost:
        print(f"{results / RESULT} stays as it is, for there is no {', '.join(lost)} yet; see {out}")
        results = out
    tables = [markdown(found, setting) for setting in sorted({setting_of(row) for row in found})]
    (results / "arena.md").write_text("\n".join(tables), encoding="utf-8")
    seeds = sorted({row["seed"] for row in found})
    write_result(results / RESULT, figures, seeds=seeds, wall_seconds=wall_seconds)
    for picture in draw(of_setting(found, protocol.setting), out):
        print(f"drawn: {picture}")


def published(results: Path) -> list[str]:
    """The headline figures that a folder has by now."""
    file = results / RESULT
    stored = json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}
    return [name for name in headline([]) if stored.get(name) is not None]


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--protocol", choices=PROTOCOLS, default="auc1k")
    parser.add_argument("--tasks", default=None, help="default: the protocol's")
    parser.add_argument("--methods", default="main")
    parser.add_argument(
        "--budget", type=int, default=None, help="oracle calls, the start molecules' included"
    )
    parser.add_argument("--start-count", type=int, default=None, help="start molecules")
    parser.add_argument(
        "--seeds", type=seeds_of, default=None, help='"0-4" or "0,3"; default: the protocol\'s'
    )
    parser.add_argument("--jobs", type=int, default=1, help="processes, of one thread each")
    parser.add_argument(
        "--model", default=DEFAULT, help="for the methods that use one: a shipped name, or a folder"
    )
    parser.add_argument(
        "--data",
        type=Path,
        default=None,
        help="the pool; default: ZINC-250k, from LATENTBO_DATA or downloaded",
    )
    parser.add_argument("--out", type=Path, default=Path("runs/arena"), help="where runs are kept")
    parser.add_argument(
        "--results", type=Path, default=None, help="where tables go; default: benchmarks/results"
    )
    parser.add_argument(
        "--smoke", action="store_true", help="one task, one seed, 30 calls; tables go to --out"
    )
    parser.add_argument("--dry-run", action="store_true", help="list the runs to do and the projected time")
    chosen = parser.parse_args(arguments)
    try:
        chosen.tasks = None if chosen.tasks is None else tasks_of(chosen.tasks)
        chosen.methods = methods_of(chosen.methods)
        problems = arena(chosen)
    except LatentboError as error:
        parser.error(str(error))
    if problems:
        sys.exit("\n".join([f"{len(problems)} runs failed; the same command tries them again:", *problems]))
