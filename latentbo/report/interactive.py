"""The map for the screen: plotly's, with the structure of the object under the pointer beside it."""

from __future__ import annotations

import json
from html import escape

import plotly.graph_objects as go
from markupsafe import Markup
from plotly.offline import get_plotlyjs

from latentbo.diagnostics.maps import LatentMap
from latentbo.kinds.base import Draw
from latentbo.report import style
from latentbo.report.latent_map import PROPOSALS, START_DATA, axis_label, colours
from latentbo.report.style import plain, written

SYMBOLS = {START_DATA: ("square", 8), PROPOSALS: ("circle", 10)}

# The row of a mark travels with it as its customdata.
_SCRIPT = """
document.documentElement.classList.add("js");
const drawings = document.querySelectorAll("#drawings > *");
const show = row => document.getElementById("under-pointer").replaceChildren(drawings[row].cloneNode(true));
const figure = %s;
show(%d);
Plotly.newPlot("live-map", figure.data, figure.layout, {responsive: true, displayModeBar: false})
  .then(map => map.on("plotly_hover", event => show(event.points[0].customdata)));
"""


def interactive_map(
    found: LatentMap, name: str, alt: str, draw: Draw, *, first: int, best: bool = False
) -> Markup:
    """The element and its script, plotly's own code included (5 MB); nothing of it is fetched.

    `name` is what the values are, `alt` what a screen reader says; `draw` gives an object's `<svg>`, and that of the
    `first` is shown until the pointer finds another. With `best` the highest value has a star, as on paper.
    """
    drawings = Markup("").join(
        Markup("<div>{}<p class='value'>{}</p><p class='where'>{}</p><p class='smiles'>{}</p></div>").format(
            draw(object_, 260, 190) or "",
            f"{plain(name)} {written(float(value))}",
            group,
            plain(object_, 200),
        )
        for object_, value, group in zip(found.objects, found.values, found.groups, strict=True)
    )
    # As JSON in a script: what could end the script, or begin another element, is written as an escape.
    figure = json.dumps(_figure(found, name, best).to_plotly_json(), default=list)
    safe = figure.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")
    return Markup(
        '<div class="live"><div id="live-map" role="img" aria-label="{}"></div>'
        '<div><div id="under-pointer"></div><p class="where">Point at a mark to see what it is.</p></div></div>'
        '<div id="drawings" hidden>{}</div><script>{}</script><script>{}</script>'
    ).format(alt, drawings, Markup(get_plotlyjs()), Markup(_SCRIPT % (safe, first)))


def _figure(found: LatentMap, name: str, best: bool) -> go.Figure:
    norm = colours(found.values)
    figure = go.Figure()
    for group in sorted(set(found.groups), reverse=True):
        rows = [i for i, each in enumerate(found.groups) if each == group]
        symbol, size = SYMBOLS.get(group, ("diamond", 9))
        figure.add_scatter(
            x=found.points[rows, 0].tolist(), y=found.points[rows, 1].tolist(), mode="markers", name=escape(group),
            customdata=rows, text=[escape(plain(found.objects[i])) for i in rows],
            hovertemplate="%{text}<br>%{marker.color:.4g}<extra></extra>",
            marker={
                "color": found.values[rows].tolist(), "coloraxis": "coloraxis", "symbol": symbol, "size": size,
                "line": {"width": 0.5, "color": "white"},
            },
        )  # fmt: skip
    if best:
        row = int(found.values.argmax())
        figure.add_scatter(
            x=[float(found.points[row, 0])], y=[float(found.points[row, 1])], mode="markers",
            name=f"best ({written(float(found.values[row]))})", customdata=[row], hoverinfo="none",
            marker={"symbol": "star", "size": 16, "color": style.VERMILLION, "line": {"width": 1, "color": "white"}},
        )  # fmt: skip
    frame = {"gridcolor": style.GRID, "zeroline": False}
    figure.update_layout(
        template="none", height=520, showlegend=True, margin={"l": 60, "r": 10, "t": 40, "b": 60}, font={"color": style.INK},
        xaxis={"title": {"text": axis_label(found.axes[0])}, **frame},
        yaxis={"title": {"text": axis_label(found.axes[1])}, **frame},
        legend={"orientation": "h", "y": 1.1}, paper_bgcolor="rgba(0,0,0,0)", plot_bgcolor="rgba(0,0,0,0)",
        coloraxis={
            "colorscale": style.VALUES, "cmin": norm.vmin, "cmax": norm.vmax,
            "colorbar": {"title": {"text": escape(plain(name)), "side": "right"}, "thickness": 14},
        },
    )  # fmt: skip
    return figure
