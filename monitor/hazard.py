"""Hazards: how likely an order is to cross its refill threshold, learned from the shop's own looks.

What a look has shown puts an order into a cell: its service, its age, how much of the threshold it had used
up, and how fast. Each cell holds how many orders crossed the threshold before the next look, and over how
many hours that was waited for, by the span after the look (`monitor.outlook`). From these follows a hazard by
Gamma-Poisson shrinkage along a chain, so that a cell in which little was seen says what its likes say:

    prior (front-loaded Weibull) -> all services -> the service -> the service at this margin -> the cell

Each link is a factor, (c + events) / (c + events that the links above it foretell), with c = 1.5.
"""

from bisect import bisect_right
from collections.abc import Mapping
from typing import NamedTuple

from monitor.outlook import Outlook

AGES = (0.5, 6.0, 12.0, 24.0, 48.0, 96.0, 168.0, 336.0, 504.0)
"""Hours since completion at which a bucket of ages ends and the next begins."""
MARGINS = (-0.25, 0.1, 0.3, 0.5, 0.7, 0.9)
"""Shares of the threshold used."""
SLOPES = (0.05, 0.3, 1.0)
"""Shares of the threshold per day since the look before."""


class Cell(NamedTuple):
    """What a look has shown of an order, in buckets; and for lessons the span after the look."""

    service: str
    age: int
    margin: int
    slope: int
    span: int = 0


def cell_at(service: str, hours: float, used: float, slope: float | None) -> Cell:
    """The cell of an order at a look.

    `hours` since its completion, `used`: what it claims (or, below zero, has above its line) as a share of
    the drop threshold, `slope`: the change of `used` per day since the look before, None at the first.
    """
    return Cell(
        service,
        bisect_right(AGES, hours),
        bisect_right(MARGINS, used),
        0 if slope is None else bisect_right(SLOPES, slope),
    )


class Hazards:
    """The hazards of all cells, and what was learned since they were loaded."""

    def __init__(self, lessons: Mapping[Cell, tuple[float, float]]) -> None:
        """Begin with what is stored: events and hours of exposure of each cell."""

    def ahead(self, cell: Cell) -> Outlook:
        """What is to be expected after a look that has shown this (its `span` does not matter)."""
        raise NotImplementedError

    def learn(self, cell: Cell, hours: float, *, crossed: bool) -> None:
        """Take the lesson of a routine look, `hours` after the one that has shown this cell.

        A look that confirms a drop, or follows one that has shown it, teaches nothing and must not come here.
        """

    def harvest(self) -> dict[Cell, tuple[float, float]]:
        """Events and exposure learned since the last harvest, to be added to what is stored."""
        raise NotImplementedError
