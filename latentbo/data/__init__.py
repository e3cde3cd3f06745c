"""Rows in and out: tables of every dialect, value transforms, downloads. No chemistry."""

from __future__ import annotations

from typing import TYPE_CHECKING

from latentbo.lazy import lazy_exports

if TYPE_CHECKING:
    from latentbo.data.downloads import fetch as fetch
    from latentbo.data.latents import read_latents as read_latents
    from latentbo.data.latents import write_latents as write_latents
    from latentbo.data.measurements import Measurements as Measurements
    from latentbo.data.outcome_transforms import OutcomeTransform as OutcomeTransform
    from latentbo.data.outcome_transforms import outcome_transform_of as outcome_transform_of
    from latentbo.data.tables import Table as Table
    from latentbo.data.tables import TableRow as TableRow
    from latentbo.data.tables import read_smiles as read_smiles
    from latentbo.data.tables import read_table as read_table

_EXPORTS = {
    "Measurements": "measurements",
    "OutcomeTransform": "outcome_transforms",
    "Table": "tables",
    "TableRow": "tables",
    "fetch": "downloads",
    "outcome_transform_of": "outcome_transforms",
    "read_latents": "latents",
    "read_smiles": "tables",
    "read_table": "tables",
    "write_latents": "latents",
}
__all__ = list(_EXPORTS)
__getattr__, __dir__ = lazy_exports(__name__, _EXPORTS)
