"""Exposure counts: threshold crossings (events) and hours of exposure, by span after the look."""

from collections.abc import Iterable, Iterator
from math import expm1

from monitor.cadence.piecewise_hazard import ENDS, SPANS, PiecewiseHazard

PRIOR_EVENTS = 1.5
"""c: the weight of the parent's hazard in the Gamma-Poisson estimate, in events."""
_SMALL_RISK = 1e-4
"""Below this the linear approximation of an exponential is used."""
_MAX_RISK = 500.0
"""Upper bound of an exponent, against overflow."""


class ExposureCounts:
    """Events and hours of exposure of one or several cells, by span after the look."""

    __slots__ = ("events", "hours")

    def __init__(self) -> None:
        self.events = [0.0] * len(ENDS)
        self.hours = [0.0] * len(ENDS)

    def add(self, span: int, events: float, hours: float) -> None:
        self.events[span] += events
        self.hours[span] += hours

    def expected_events(self, hazard: PiecewiseHazard) -> PiecewiseHazard:
        """The events that a hazard predicts for this exposure."""
        return product(hazard, self.hours)

    def factors(self, hazard: PiecewiseHazard) -> PiecewiseHazard:
        """For each span the shrunken ratio of events to the events that the hazard predicts."""
        pairs = zip(self.events, self.expected_events(hazard), strict=True)
        return tuple([factor(events, expected) for events, expected in pairs])


def factor(events: float, expected: float) -> float:
    """Gamma-Poisson shrinkage: posterior mean of a factor on a rate whose prior mean is 1."""
    return (PRIOR_EVENTS + events) / (PRIOR_EVENTS + expected)


def product(hazard: PiecewiseHazard, factors: Iterable[float]) -> PiecewiseHazard:
    """The hazard with each span multiplied by its factor."""
    return tuple([rate * each for rate, each in zip(hazard, factors, strict=True)])


def by_margin(
    all_counts: Iterable[tuple[int, ExposureCounts, PiecewiseHazard]],
) -> dict[int, PiecewiseHazard]:
    """Two levels of shrinkage: a factor over all counts, and below it one by margin and span.

    Each element of `all_counts` is a margin, its counts and the expected hazard. Key -1 of the result holds
    the factors for margins without counts.
    """
    margins: dict[int, ExposureCounts] = {}
    for margin, counts, hazard in all_counts:
        total = margins.setdefault(margin, ExposureCounts())
        for span, (events, expected) in enumerate(
            zip(counts.events, counts.expected_events(hazard), strict=True)
        ):
            total.add(span, events, expected)  # the field `hours` holds expected events here
    events_seen = sum(sum(total.events) for total in margins.values())
    events_expected = sum(sum(total.hours) for total in margins.values())
    overall = (factor(events_seen, events_expected),) * len(ENDS)
    return {-1: overall} | {
        margin: product(overall, total.factors(overall)) for margin, total in margins.items()
    }


def exposure_by_span(
    hazard: PiecewiseHazard, hours: float, *, crossed: bool
) -> Iterator[tuple[int, float, float]]:
    """Distribute an observation of `hours` after a look: span, events, hours of exposure."""
    if crossed:
        yield from _crossing(hazard, hours)
        return
    for span, (begin, end) in enumerate(SPANS):
        if hours <= begin:
            return
        yield span, 0.0, min(hours, end) - begin


def _crossing(hazard: PiecewiseHazard, hours: float) -> Iterator[tuple[int, float, float]]:
    """Distribute an interval-censored crossing over the spans, by its probability in each.

    The expected exposure of an event in a span of length t is 1/h - t/(e^(h t) - 1), which is t/2 for small
    h t (Cho and Garcia-Molina, "Estimating frequency of change").
    """
    survival, spans = 1.0, []
    for rate, (begin, end) in zip(hazard, SPANS, strict=True):
        if hours <= begin:
            break
        length = min(hours, end) - begin
        within = -expm1(-rate * length)
        spans.append((survival * within, rate, length))
        survival *= 1 - within
    total, later = sum(probability for probability, _, _ in spans) or 1.0, 0.0
    for span in reversed(range(len(spans))):
        probability, rate, length = spans[span]
        risk = min(rate * length, _MAX_RISK)
        until = length / 2 if risk < _SMALL_RISK else length / risk - length / expm1(risk)
        yield span, probability / total, (later * length + probability * until) / total
        later += probability
