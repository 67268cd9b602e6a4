"""Tally: how many orders crossed their threshold, and over how many hours that was waited for, by span."""

from collections.abc import Iterable, Iterator
from math import expm1

from monitor.cadence.piecewise_hazard import ENDS, SPANS, PiecewiseHazard

WEIGHT_OF_PARENT = 1.5
"""c: so many events must be seen, or expected, before a tally says more than what is above it."""
_SMALL = 1e-4
"""Below this an exponential is as good as straight."""
_CERTAIN = 500.0
"""Above this it is as good as endless."""


class ExposureCounts:
    """The lessons of some cells, by the span after the look."""

    __slots__ = ("events", "hours")

    def __init__(self) -> None:
        self.events = [0.0] * len(ENDS)
        self.hours = [0.0] * len(ENDS)

    def add(self, span: int, events: float, hours: float) -> None:
        self.events[span] += events
        self.hours[span] += hours

    def expected_events(self, hazard: PiecewiseHazard) -> PiecewiseHazard:
        """The events that an hazard foretells for the exposure there was."""
        return product(hazard, self.hours)

    def factors(self, hazard: PiecewiseHazard) -> PiecewiseHazard:
        """How much more often it happened than the hazard foretells, for each span."""
        pairs = zip(self.events, self.expected_events(hazard), strict=True)
        return tuple([factor(events, expected) for events, expected in pairs])


def factor(events: float, expected: float) -> float:
    """Gamma-Poisson: the mean of a factor on a rate, expected to be 1, after so many events."""
    return (WEIGHT_OF_PARENT + events) / (WEIGHT_OF_PARENT + expected)


def product(hazard: PiecewiseHazard, factors: Iterable[float]) -> PiecewiseHazard:
    """The hazard, each span of it times its factor."""
    return tuple([rate * each for rate, each in zip(hazard, factors, strict=True)])


def by_margin(
    all_counts: Iterable[tuple[int, ExposureCounts, PiecewiseHazard]],
) -> dict[int, PiecewiseHazard]:
    """Two links of the chain: a factor for all tallies at once, and on top of it one by margin and span.

    Each tally comes with its margin and with what is expected of it. Under -1 is what holds for a margin of
    which there is no counts.
    """
    margins: dict[int, ExposureCounts] = {}
    for margin, counts, hazard in all_counts:
        total = margins.setdefault(margin, ExposureCounts())
        for span, (events, expected) in enumerate(
            zip(counts.events, counts.expected_events(hazard), strict=True)
        ):
            total.add(span, events, expected)  # its "hours" are expected events
    seen = sum(sum(total.events) for total in margins.values())
    overall = (factor(seen, sum(sum(total.hours) for total in margins.values())),) * len(ENDS)
    return {-1: overall} | {
        margin: product(overall, total.factors(overall)) for margin, total in margins.items()
    }


def exposure_by_span(
    hazard: PiecewiseHazard, hours: float, *, crossed: bool
) -> Iterator[tuple[int, float, float]]:
    """What was waited for in each span of so many hours after a look: span, events, hours of exposure."""
    if crossed:
        yield from _crossing(hazard, hours)
        return
    for span, (begin, end) in enumerate(SPANS):
        if hours <= begin:
            return
        yield span, 0.0, min(hours, end) - begin


def _crossing(hazard: PiecewiseHazard, hours: float) -> Iterator[tuple[int, float, float]]:
    """A crossing some time within these hours, spread by when it is likely to have been.

    The exposure of an event in a span of length t is 1/h - t/(e^(h t) - 1), which is t/2 for small h t: the
    interval-censored form of the estimator of Cho and Garcia-Molina, "Estimating frequency of change".
    """
    lasted, chances = 1.0, []
    for rate, (begin, end) in zip(hazard, SPANS, strict=True):
        if hours <= begin:
            break
        length = min(hours, end) - begin
        within = -expm1(-rate * length)
        chances.append((lasted * within, rate, length))
        lasted *= 1 - within
    total, later = sum(chance for chance, _, _ in chances) or 1.0, 0.0
    for span in reversed(range(len(chances))):
        chance, rate, length = chances[span]
        risk = min(rate * length, _CERTAIN)
        until = length / 2 if risk < _SMALL else length / risk - length / expm1(risk)
        yield span, chance / total, (later * length + chance * until) / total
        later += chance
