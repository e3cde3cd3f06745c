"""How one object is drawn on a page, for each kind of them."""

from __future__ import annotations

from collections.abc import Callable

from markupsafe import Markup

from latentbo.report import images, molecules

Draw = Callable[[object, int, int], Markup | None]
"""An object's name, width and height (pixels) to what shows it; None where it cannot be drawn."""

DRAWINGS: dict[str, Draw] = {"molecules": molecules.draw, "images": images.draw}
