"""Pictures and pages: the only room that plots."""

from __future__ import annotations

from typing import TYPE_CHECKING

from latentbo.lazy import lazy_exports

if TYPE_CHECKING:
    from latentbo.report.from_campaign import report_data as report_data
    from latentbo.report.page import ReportData as ReportData
    from latentbo.report.page import write_report as write_report

_EXPORTS = {
    "ReportData": "page",
    "report_data": "from_campaign",
    "write_report": "page",
}
__all__ = list(_EXPORTS)
__getattr__, __dir__ = lazy_exports(__name__, _EXPORTS)
