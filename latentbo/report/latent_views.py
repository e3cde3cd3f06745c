"""From a space to the pages that `latentbo map` and `latentbo path` write, of objects of any kind."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
from jaxtyping import Float

from latentbo.diagnostics.dead_zones import Decodes, Gauge
from latentbo.diagnostics.grids import convex_slice, neighbourhood
from latentbo.diagnostics.maps import LatentMap, Plane, principal, shortest
from latentbo.diagnostics.motion import motion, strip
from latentbo.diagnostics.paths import STEPS, path
from latentbo.diagnostics.predictions import Predict, read_all
from latentbo.errors import InputError, unknown_name
from latentbo.report import grid_plots, motion_plots, path_plots
from latentbo.report.interactive import interactive_map
from latentbo.report.latent_map import latent_map
from latentbo.report.object_cells import REENCODING_DISTANCE
from latentbo.report.spaces import Space
from latentbo.report.style import percent, plain, written
from latentbo.report.summary import Tile
from latentbo.report.views_page import View, ViewsPage
from latentbo.torch_rng import stream

MOST = 1_000  # objects on a map: each carries its drawing
BEST = 10  # objects from which the corners of a slice are chosen
DRAWS = 300  # of the prior, of which the dead are counted
PRINCIPAL, LENGTHSCALES = "principal", "lengthscales"
AXES = (PRINCIPAL, LENGTHSCALES)
WAYS = {"line": "Straight line", "sphere": "Great arc about the prior's mean"}


def map_page(
    space: Space, gauge: Gauge, *, axes: str = PRINCIPAL, centre: str | None = None, seed: int = 0
) -> ViewsPage:
    """The map, the neighbourhood of `centre` (the best object if none is named), a slice between three good objects far
    apart, and where encoders were retrained what that moved.

    Raises `InputError` for a space without objects, or axes that it does not have.
    """
    if axes not in AXES:
        raise unknown_name("axes", axes, AXES)
    kind = space.model.kind
    if not space.objects:
        raise InputError(f"a map needs one {kind.noun} at least that can be read, but there is none")
    shown, name, decodes, left_out = _valued(_thinned(space), gauge)
    z = decodes.z.numpy()
    plane = _plane(space, z, axes)
    values = shown.values
    ranked = name != REENCODING_DISTANCE
    placed = LatentMap(shown.objects, plane.place(z), plane.axes, values, shown.groups)
    still = latent_map(placed, name, best=ranked, noun=kind.noun, width=1160)
    middle = _middle(z, values, ranked)
    said = f"Latent map of {len(values)} {kind.name}, coloured by {name}"
    live = interactive_map(placed, name, said, kind.draw, first=middle, best=ranked)
    home = shown.objects[middle] if centre is None else centre
    around = neighbourhood(gauge, home, kind.similarity, seed)
    views = [
        View("Latent map", still, live),
        View(
            f"Neighbourhood of {plain(around.centre, 80)}",
            grid_plots.neighbourhood(around, kind.raster, kind.likeness),
        ),
    ]
    if len(corners := _corners(z, values, ranked)) == 3:
        between = convex_slice(gauge, [shown.objects[i] for i in corners], predict=space.predict)
        views.append(
            View(f"Between three {kind.name}", grid_plots.convex_slice(between, kind.raster, space.name))
        )
    views += _moved(space, shown, name)
    of_all = f" of {len(space.objects):,}" if len(values) < len(space.objects) else ""
    return ViewsPage(
        "Latent space",
        f"Map of {len(values):,}{of_all} {kind.name}",
        {"values": name, **space.facts, "seed": str(seed)},
        _tiles(shown, decodes, left_out, gauge, seed),
        tuple(views),
    )


def path_page(
    gauge: Gauge,
    ends: Sequence[str],
    ways: Sequence[str],
    *,
    steps: int = STEPS,
    predict: Predict | None = None,
    name: str = "",
    facts: Mapping[str, str] | None = None,
) -> ViewsPage:
    """The ways between two objects, one picture each. Raises what `diagnostics.paths.path` raises."""
    kind = gauge.model.kind
    found = [path(gauge, ends, way, kind.similarity, steps=steps, predict=predict) for way in ways]
    first, last = found[0].ends
    tiles = [Tile("Similarity of the two", written(kind.similarity(first, [last])[0], 2), kind.likeness)]
    for each in found:
        distinct = f", {each.decodes.distinct} different {kind.name}" if each.decodes.exact else ""
        note = f"{percent(float(each.decodes.undecided.mean()))} undecided{distinct}"
        tiles.append(
            Tile(
                f"Dead on the {WAYS[each.way].lower().partition(' about')[0]}",
                percent(float(each.decodes.dead.mean())),
                note,
            )
        )
    views = [
        View(WAYS[each.way], path_plots.path(each, kind.raster, name=name, likeness=kind.likeness))
        for each in found
    ]
    heading = f"From {plain(first, 60)} to {plain(last, 60)}"
    return ViewsPage("Latent path", heading, dict(facts or {}), tuple(tiles), tuple(views))


def _thinned(space: Space) -> Space:
    """At most `MOST` objects, evenly from the list."""
    n = len(space.objects)
    rows = np.unique(np.linspace(0, n - 1, min(n, MOST)).round().astype(int))
    return _at(space, rows)


def _at(space: Space, rows: np.ndarray) -> Space:
    objects, groups = (tuple(np.array(each, dtype=object)[rows]) for each in (space.objects, space.groups))
    return replace(space, objects=objects, groups=groups, values=space.values[rows])


def _valued(space: Space, gauge: Gauge) -> tuple[Space, str, Decodes, int]:
    """The objects with a value each: measured, else predicted; where none was ever measured, its re-encoding distance.
    Then what that is called, what is decoded at their own latents, and how many had to be left out.
    """
    readings = read_all(space.model.codec, space.objects)
    known = np.isfinite(space.values)
    values = space.values
    if space.predict is not None and not known.all():
        values = np.where(known, values, space.predict(readings).mean)
    rows = np.flatnonzero(np.isfinite(values)) if known.any() or space.predict else np.arange(len(values))
    decodes = gauge.decode(space.model.embed([readings[row] for row in rows]))
    name = space.name
    if not known.any() and space.predict is None:
        name, far = REENCODING_DISTANCE, decodes.reencoding_distance
        values = np.where(np.isfinite(far), far, np.max(far[np.isfinite(far)], initial=0.0))
    elif not known.any():
        name = f"predicted {name}"
    return _at(replace(space, values=values), rows), name, decodes, len(values) - len(rows)


def _plane(space: Space, z: np.ndarray, axes: str) -> Plane:
    if axes == PRINCIPAL:
        return principal(z)
    if space.head is None:
        raise InputError(
            "there is no surrogate to have lengthscales: give a campaign or a file with measured values, or principal axes"
        )
    return shortest(space.head.latent_lengthscales().numpy())


def _middle(z: np.ndarray, values: Float[np.ndarray, " n"], ranked: bool) -> int:
    """The best object, or the one nearest to the middle of all."""
    return int(values.argmax() if ranked else np.square(z - z.mean(axis=0)).sum(axis=1).argmin())


def _corners(z: np.ndarray, values: Float[np.ndarray, " n"], ranked: bool) -> list[int]:
    """The best object (or the middle one), and two others far from it and from each other: of the best, or of all."""
    rows = values.argsort(kind="stable")[::-1][:BEST] if ranked else np.arange(len(values))
    chosen = [_middle(z, values, ranked)]
    while len(chosen) < min(3, len(rows)):
        apart = np.linalg.norm(z[rows][:, None] - z[chosen], axis=-1).min(axis=1)
        chosen.append(int(rows[apart.argmax()]))
    return chosen


def _moved(space: Space, shown: Space, name: str) -> list[View]:
    """What retraining moved: the last time, and where there were more, from the first encoder on."""
    if not space.encoders:
        return []
    last = motion(space.encoders[-1], space.model, shown.objects)
    views = [View("Before and after the last retrain", motion_plots.motion(last, width=1160))]
    if len(space.encoders) > 1:
        models = [*space.encoders, space.model]
        titles = [f"{i}: {model.id}" for i, model in enumerate(models)]
        states = strip(models, shown.objects)
        views.append(View("Every encoder", motion_plots.strip(states, titles, shown.values, name)))
    return views


def _tiles(shown: Space, decodes: Decodes, left_out: int, gauge: Gauge, seed: int) -> tuple[Tile, ...]:
    own = [a == b for a, b in zip(shown.objects, decodes.objects, strict=True)]
    drawn = gauge.decode(gauge.model.prior.sample(DRAWS, stream(seed, "prior draws")).double())
    note = f"{left_out:,} without a value left out" if left_out else ""
    back = Tile("Come back from their point", percent(float(np.mean(own))), "greedy decoding")
    return (
        Tile(gauge.model.kind.name.capitalize(), f"{len(own):,}", note),
        *([back] if decodes.exact else []),
        Tile("Dead at their own point", percent(float(decodes.dead.mean())), ""),
        Tile(
            "Dead among prior draws",
            percent(float(drawn.dead.mean())),
            f"{percent(float(drawn.undecided.mean()))} undecided, of {DRAWS}",
        ),
    )
