"""Hazards: how likely an order is to cross its refill threshold, learned from the shop's own looks.

What a look has shown puts an order into a cell: its service, its age, how much of the threshold it had used
up, and how fast. Each cell holds how many orders crossed the threshold before the next look, and over how
many hours that was waited for, by the span after the look (`monitor.cadence.piecewise_hazard`). From these follows
a hazard by Gamma-Poisson shrinkage along a chain, so that sparse cells shrink towards their parent:

    prior -> all services: margin and span, age -> the service: all, margin and span -> the cell

Each link is a factor, (c + events) / (c + events that the links above foretell for the same exposure).
"""

from bisect import bisect_right
from collections.abc import Mapping
from typing import NamedTuple

from monitor.cadence.exposure_counts import Tally, by_margin, factor, product, waited
from monitor.cadence.piecewise_hazard import ENDS, Outlook
from monitor.cadence.prior import prior

AGES = (0.5, 6.0, 12.0, 24.0, 48.0, 96.0, 168.0, 336.0, 504.0)
"""Hours since completion at which a bucket of ages ends and the next begins."""
MARGINS = (-0.25, 0.1, 0.3, 0.5, 0.7, 0.9)
"""Shares of the threshold used."""
SLOPES = (0.05, 0.3, 1.0)
"""Shares of the threshold per day since the look before."""
_AGES = (0.0, 2.0, 9.0, 17.0, 34.0, 68.0, 128.0, 240.0, 410.0, 800.0)
_MARGINS = (-0.3, 0.0, 0.2, 0.4, 0.6, 0.8, 0.95)
_PRIOR = {
    (age, margin): prior(hours, used)
    for age, hours in enumerate(_AGES)
    for margin, used in enumerate(_MARGINS)
}
"""By the middles of the buckets."""
_SOONEST, _LATEST = 50, 1000
"""Lessons after which the factors are worked out anew: a twentieth of what was learned, within these."""

_Key = tuple[int, int, int]
"""Age, margin, slope."""


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
    steepness = 0 if slope is None else bisect_right(SLOPES, slope)
    return Cell(service, bisect_right(AGES, hours), bisect_right(MARGINS, used), steepness)


class _Renewal:
    """When something is worked out anew."""

    __slots__ = ("_left", "lessons")

    def __init__(self) -> None:
        self.lessons = self._left = 0

    def learned(self) -> None:
        self.lessons += 1
        self._left -= 1

    def due(self) -> bool:
        if self._left > 0:
            return False
        self._left = min(max(_SOONEST, self.lessons // 20), _LATEST)
        return True


class _Service:
    """The lessons of one service, and what follows from them."""

    __slots__ = ("factors", "new", "outlooks", "renewal", "tallies")

    def __init__(self) -> None:
        self.tallies: dict[_Key, Tally] = {}
        self.new: dict[_Key, Tally] = {}
        self.factors: dict[int, Outlook] = {}
        self.outlooks: dict[_Key, Outlook] = {}
        self.renewal = _Renewal()


class Hazards:
    """The hazards of all cells, and what was learned since they were loaded."""

    def __init__(self, lessons: Mapping[Cell, tuple[float, float]]) -> None:
        """Begin with what is stored: events and hours of exposure of each cell and span."""
        self._pooled: dict[tuple[int, int], Tally] = {}
        self._template = _PRIOR
        self._services: dict[str, _Service] = {}
        self._renewal = _Renewal()
        for cell, (events, hours) in lessons.items():
            service = self._service(cell.service)
            for tally in self._tallies(cell[1:4], service.tallies):
                tally.add(cell.span, events, hours)

    def ahead(self, cell: Cell) -> Outlook:
        """What is to be expected after a look that has shown this cell (its span does not matter)."""
        service = self._service(cell.service)
        if self._renewal.due():
            self._template = _template(self._pooled)
        if service.renewal.due():
            service.factors = by_margin(
                (margin, tally, self._template[age, margin])
                for (age, margin, _), tally in service.tallies.items()
            )
            service.outlooks = {}
        key = cell[1:4]
        found = service.outlooks.get(key)
        if found is None:
            found = service.outlooks[key] = self._outlook(service, key)
        return found

    def learn(self, cell: Cell, hours: float, *, crossed: bool) -> None:
        """Take the lesson of a routine look, `hours` after the one that has shown this cell.

        A look that confirms a drop, or follows one that has shown it, teaches nothing and must not come here.
        In a wave more happens in an hour than else: give `VirtualClock.stretched` hours, or calm days will be
        thought as bad as the wave was.
        """
        service = self._service(cell.service)
        tallies = self._tallies(cell[1:4], service.tallies, service.new)
        for span, events, exposure in waited(self.ahead(cell), hours, crossed=crossed):
            for tally in tallies:
                tally.add(span, events, exposure)
        self._renewal.learned()
        service.renewal.learned()

    def harvest(self) -> dict[Cell, tuple[float, float]]:
        """Events and exposure learned since the last harvest, to be added to what is stored."""
        harvest = {
            Cell(name, *key, span): lesson
            for name, service in self._services.items()
            for key, tally in service.new.items()
            for span, lesson in enumerate(zip(tally.events, tally.hours, strict=True))
            if lesson[1]
        }
        for service in self._services.values():
            service.new = {}
        return harvest

    def _service(self, name: str) -> _Service:
        service = self._services.get(name)
        if service is None:
            service = self._services[name] = _Service()
        return service

    def _tallies(self, key: _Key, *books: dict[_Key, Tally]) -> list[Tally]:
        """Where a lesson is written: to what all services share, and to these books of one of them."""
        pooled = self._pooled.get(key[:2])
        if pooled is None:
            pooled = self._pooled[key[:2]] = Tally()
        tallies = [pooled]
        for book in books:
            tally = book.get(key)
            if tally is None:
                tally = book[key] = Tally()
            tallies.append(tally)
        return tallies

    def _outlook(self, service: _Service, key: _Key) -> Outlook:
        """The last links of the chain."""
        age, margin, _ = key
        outlook = product(self._template[age, margin], service.factors.get(margin) or service.factors[-1])
        tally = service.tallies.get(key)
        if tally is None:
            return outlook
        all_spans = factor(sum(tally.events), sum(tally.foretold(outlook)))
        return product(outlook, (all_spans,) * len(ENDS))


def _template(pooled: Mapping[tuple[int, int], Tally]) -> dict[tuple[int, int], Outlook]:
    """What holds for all services, by age and margin."""
    factors = by_margin((margin, tally, _PRIOR[age, margin]) for (age, margin), tally in pooled.items())
    template = {}
    for key, outlook in _PRIOR.items():
        foretold = product(outlook, factors.get(key[1]) or factors[-1])
        tally = pooled.get(key)
        template[key] = foretold if tally is None else product(foretold, tally.factors(foretold))
    return template
