"""Levels: the line, drop threshold and floor of an order at one time."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Levels:
    """The counts that an order was judged by."""

    line: int
    """The count at which no unit of the order is missing."""
    opens: int | None
    """The highest count at which a drop opens, with no units in flight and no claim of another order.

    None if none can open because fewer units were delivered than the threshold.
    """
    floor: int
    """The count without the units of the order."""
