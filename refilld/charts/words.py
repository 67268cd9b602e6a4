"""The words on a chart, to be replaced by those of another language."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from refilld.charts.order_chart import BandKind, MarkKind

_BANDS = {
    BandKind.GUARANTEE: "guarantee in force",
    BandKind.PRIVATE: "profile private",
    BandKind.UNREAD: "not readable",
    BandKind.MASS_DROP: "mass drop",
    BandKind.DROP: "drop",
}
_MARKS = {
    MarkKind.DELIVERED: "delivered",
    MarkKind.DROP: "drop suspected",
    MarkKind.DECISION: "decision",
    MarkKind.QUEUED: "refill queued",
    MarkKind.COMPLETED: "refill completed",
    MarkKind.FLAG: "flag",
}


@dataclass(frozen=True, slots=True)
class ChartWords:
    """Words and sentences; those with braces are filled by `str.format`."""

    count: str = "count"
    line: str = "line"
    opens: str = "a drop opens"
    floor: str = "floor"
    bands: Mapping[BandKind, str] = field(default_factory=lambda: _BANDS)
    marks: Mapping[MarkKind, str] = field(default_factory=lambda: _MARKS)
    first: str = "first count"
    lowest: str = "lowest count"
    highest: str = "highest count"
    newest: str = "newest count"
    begins: str = "{what}: begins"
    ends: str = "{what}: ends"
    several: str = "{number} events, the last: {what}"
    empty: str = "no count yet"
    not_to_scale: str = "not to scale"
    period: str = "{unit}, {start} to {end} UTC"
    summary: str = "Counts: {number}, from {first} to {last}; lowest {low}, highest {high}."
    gaps: str = "Failed looks: {number}; the line breaks there."
    delivered: str = "Delivered: {units}."
    owed: str = "Owed now: {units}."
    retention: str = "share of delivered units still there, by days since delivery"
    no_curve: str = "too few orders yet"
    days: str = "days"
    thousands: str = ","
    """Between groups of three digits."""

    def number(self, value: int) -> str:
        """A whole number with separators."""
        return f"{value:,}".replace(",", self.thousands)


ENGLISH = ChartWords()
BUYER = ChartWords(line="complete", floor="before the order")
"""The words for a buyer."""
