"""Hazards: how likely an order is to cross its refill threshold, learned from the shop's own looks.

A look puts an order into a cell: its service, its age, how much of the threshold is used up, and how fast.
Each cell counts the orders that crossed the threshold before the next look, and the hours of exposure, by the
span after the look (see `monitor.cadence.piecewise_hazard`). A hazard follows by Gamma-Poisson shrinkage
along a chain, so that a cell with few observations shrinks towards its parent:

    prior -> all services: margin and span, age -> the service: all, margin and span -> the cell

Each link is a factor, (c + events) / (c + events that the links above expect for the same exposure).
"""

from bisect import bisect_right
from collections.abc import Mapping
from typing import NamedTuple

from monitor.cadence.exposure_counts import ExposureCounts, by_margin, exposure_by_span, factor, product
from monitor.cadence.piecewise_hazard import ENDS, PiecewiseHazard
from monitor.cadence.prior import prior_hazard

AGES = (0.5, 6.0, 12.0, 24.0, 48.0, 96.0, 168.0, 336.0, 504.0)
"""Bounds of the buckets of ages, in hours since completion."""
MARGINS = (-0.25, 0.1, 0.3, 0.5, 0.7, 0.9)
"""Bounds of the buckets of used shares of the threshold."""
SLOPES = (0.05, 0.3, 1.0)
"""Bounds of the buckets of slopes, in shares of the threshold per day since the look before."""
_AGE_MIDDLES = (0.0, 2.0, 9.0, 17.0, 34.0, 68.0, 128.0, 240.0, 410.0, 800.0)
_MARGIN_MIDDLES = (-0.3, 0.0, 0.2, 0.4, 0.6, 0.8, 0.95)
_PRIOR = {
    (age, margin): prior_hazard(hours, used)
    for age, hours in enumerate(_AGE_MIDDLES)
    for margin, used in enumerate(_MARGIN_MIDDLES)
}
"""The prior at the middles of the buckets, by age and margin."""
_MIN_REFIT, _MAX_REFIT = 50, 1000
"""Factors are fitted again after a twentieth of the observations so far, within these bounds."""

_Key = tuple[int, int, int]
"""Age, margin, slope."""


class Cell(NamedTuple):
    """The state of an order at a look, in buckets; in stored counts also the span after the look."""

    service: str
    age: int
    margin: int
    slope: int
    span: int = 0


def cell_at(service: str, hours: float, used: float, slope: float | None) -> Cell:
    """Return the cell of an order at a look.

    `hours`: since its completion. `used`: line minus count as a share of the drop threshold, negative above
    the line. `slope`: the change of `used` per day since the look before, None at the first look.
    """
    steepness = 0 if slope is None else bisect_right(SLOPES, slope)
    return Cell(service, bisect_right(AGES, hours), bisect_right(MARGINS, used), steepness)


class _RefitSchedule:
    """When to fit the factors again: after a number of observations."""

    __slots__ = ("_left", "observations")

    def __init__(self) -> None:
        self.observations = self._left = 0

    def observed(self) -> None:
        self.observations += 1
        self._left -= 1

    def due(self) -> bool:
        if self._left > 0:
            return False
        self._left = min(max(_MIN_REFIT, self.observations // 20), _MAX_REFIT)
        return True


class _ServiceCounts:
    """The exposure counts of one service, and the hazards fitted to them."""

    __slots__ = ("counts", "factors", "hazards", "new", "refit")

    def __init__(self) -> None:
        self.counts: dict[_Key, ExposureCounts] = {}
        self.new: dict[_Key, ExposureCounts] = {}
        self.factors: dict[int, PiecewiseHazard] = {}
        self.hazards: dict[_Key, PiecewiseHazard] = {}
        self.refit = _RefitSchedule()


class Hazards:
    """The hazards of all cells, and the observations since they were loaded."""

    def __init__(self, observations: Mapping[Cell, tuple[float, float]]) -> None:
        """`observations`: the stored events and hours of exposure of each cell and span."""
        self._pooled: dict[tuple[int, int], ExposureCounts] = {}
        self._template = _PRIOR
        self._services: dict[str, _ServiceCounts] = {}
        self._refit = _RefitSchedule()
        for cell, (events, hours) in observations.items():
            service = self._service(cell.service)
            for counts in self._counts(cell[1:4], service.counts):
                counts.add(cell.span, events, hours)

    def hazard_for(self, cell: Cell) -> PiecewiseHazard:
        """Return the hazard after a look that has shown this cell; the cell's span is ignored."""
        service = self._service(cell.service)
        if self._refit.due():
            self._template = _template(self._pooled)
        if service.refit.due():
            service.factors = by_margin(
                (margin, counts, self._template[age, margin])
                for (age, margin, _), counts in service.counts.items()
            )
            service.hazards = {}
        key = cell[1:4]
        found = service.hazards.get(key)
        if found is None:
            found = service.hazards[key] = self._hazard(service, key)
        return found

    def learn(self, cell: Cell, hours: float, *, crossed: bool) -> None:
        """Learn from a routine look, `hours` after the one that put the order into this cell.

        Looks at an order with an open drop must not be passed. Pass `VirtualTime.effective_hours`, else the
        rate during a surge is learned as the usual one.
        """
        service = self._service(cell.service)
        all_counts = self._counts(cell[1:4], service.counts, service.new)
        for span, events, exposure in exposure_by_span(self.hazard_for(cell), hours, crossed=crossed):
            for counts in all_counts:
                counts.add(span, events, exposure)
        self._refit.observed()
        service.refit.observed()

    def unsaved(self) -> dict[Cell, tuple[float, float]]:
        """Return the events and hours of exposure that are learned and not saved."""
        return {
            Cell(name, *key, span): observation
            for name, service in self._services.items()
            for key, counts in service.new.items()
            for span, observation in enumerate(zip(counts.events, counts.hours, strict=True))
            if observation[1]
        }

    def mark_saved(self, saved: Mapping[Cell, tuple[float, float]]) -> None:
        """Take what `unsaved` returned as saved; what was learned since then stays unsaved."""
        for cell, (events, hours) in saved.items():
            self._services[cell.service].new[cell[1:4]].add(cell.span, -events, -hours)

    def _service(self, name: str) -> _ServiceCounts:
        service = self._services.get(name)
        if service is None:
            service = self._services[name] = _ServiceCounts()
        return service

    def _counts(self, key: _Key, *counts_by_key: dict[_Key, ExposureCounts]) -> list[ExposureCounts]:
        """The counts to which an observation is added: pooled over all services, and of one service."""
        pooled = self._pooled.get(key[:2])
        if pooled is None:
            pooled = self._pooled[key[:2]] = ExposureCounts()
        return [pooled, *(counts.setdefault(key, ExposureCounts()) for counts in counts_by_key)]

    def _hazard(self, service: _ServiceCounts, key: _Key) -> PiecewiseHazard:
        """The last levels of the shrinkage: the service, then the cell."""
        age, margin, _ = key
        hazard = product(self._template[age, margin], service.factors.get(margin) or service.factors[-1])
        counts = service.counts.get(key)
        if counts is None:
            return hazard
        all_spans = factor(sum(counts.events), sum(counts.expected_events(hazard)))
        return product(hazard, (all_spans,) * len(ENDS))


def _template(pooled: Mapping[tuple[int, int], ExposureCounts]) -> dict[tuple[int, int], PiecewiseHazard]:
    """The hazards pooled over all services, by age and margin."""
    factors = by_margin((margin, counts, _PRIOR[age, margin]) for (age, margin), counts in pooled.items())
    template = {}
    for key, hazard in _PRIOR.items():
        expected_events = product(hazard, factors.get(key[1]) or factors[-1])
        counts = pooled.get(key)
        template[key] = (
            expected_events if counts is None else product(expected_events, counts.factors(expected_events))
        )
    return template
