"""The values of a chart of retention: the share of delivered units that is still there, by age."""

from collections.abc import Sequence
from dataclasses import dataclass

MOST_CURVES = 5
"""Curves that can be told apart without colour."""


@dataclass(frozen=True, slots=True)
class SharePoint:
    """The share from an age on; `low` and `high` are the ends of its band, if there is one."""

    days: float
    share: float
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, slots=True)
class ShareCurve:
    """A step line, its points in order of age; the name may contain unfiltered input."""

    name: str
    points: Sequence[SharePoint]


@dataclass(frozen=True, slots=True)
class RetentionChart:
    """Curves to compare, in the order of their names on the chart."""

    title: str
    curves: Sequence[ShareCurve]

    def __post_init__(self) -> None:
        if len(self.curves) > MOST_CURVES:
            raise ValueError(f"a chart shows at most {MOST_CURVES} curves, not {len(self.curves)}")


@dataclass(frozen=True, slots=True)
class SharePointRow:
    """One row of the table beside the chart."""

    name: str
    point: SharePoint


def share_rows(chart: RetentionChart, days: Sequence[float] = (7, 30, 60)) -> tuple[SharePointRow, ...]:
    """The shares of every curve at some ages; a curve that ends before an age has no row for it."""
    return tuple(
        SharePointRow(curve.name, SharePoint(age, point.share, point.low, point.high))
        for curve in chart.curves
        for age in days
        if curve.points and curve.points[-1].days >= age
        for point in [point for point in curve.points if point.days <= age][-1:]
    )
