"""The report as one JSON object."""

from dataclasses import asdict
from typing import Any

from refilld.report.figures import Report


def document(report: Report) -> dict[str, Any]:
    """All figures of a report; amounts are strings, to be exact."""
    found = asdict(report)
    found["since"] = report.since
    found["period_seconds"] = int(report.period.total_seconds())
    del found["period"]
    return found
