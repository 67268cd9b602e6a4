"""Tally: how many orders crossed their threshold, and over how many hours that was waited for, by span."""

from collections.abc import Iterable, Iterator
from math import expm1

from monitor.cadence.piecewise_hazard import ENDS, SPANS, Outlook

WEIGHT_OF_PARENT = 1.5
"""c: so many events must be seen, or foretold, before a tally says more than what is above it."""
_SMALL = 1e-4
"""Below this an exponential is as good as straight."""
_CERTAIN = 500.0
"""Above this it is as good as endless."""


class Tally:
    """The lessons of some cells, by the span after the look."""

    __slots__ = ("events", "hours")

    def __init__(self) -> None:
        self.events = [0.0] * len(ENDS)
        self.hours = [0.0] * len(ENDS)

    def add(self, span: int, events: float, hours: float) -> None:
        self.events[span] += events
        self.hours[span] += hours

    def foretold(self, outlook: Outlook) -> Outlook:
        """The events that an outlook foretells for the exposure there was."""
        return product(outlook, self.hours)

    def factors(self, outlook: Outlook) -> Outlook:
        """How much more often it happened than the outlook foretells, for each span."""
        pairs = zip(self.events, self.foretold(outlook), strict=True)
        return tuple([factor(events, foretold) for events, foretold in pairs])


def factor(events: float, foretold: float) -> float:
    """Gamma-Poisson: the mean of a factor on a rate, expected to be 1, after so many events."""
    return (WEIGHT_OF_PARENT + events) / (WEIGHT_OF_PARENT + foretold)


def product(outlook: Outlook, factors: Iterable[float]) -> Outlook:
    """The outlook, each span of it times its factor."""
    return tuple([hazard * each for hazard, each in zip(outlook, factors, strict=True)])


def by_margin(tallies: Iterable[tuple[int, Tally, Outlook]]) -> dict[int, Outlook]:
    """Two links of the chain: a factor for all tallies at once, and on top of it one by margin and span.

    Each tally comes with its margin and with what is foretold of it. Under -1 is what holds for a margin of
    which there is no tally.
    """
    margins: dict[int, Tally] = {}
    for margin, tally, outlook in tallies:
        total = margins.setdefault(margin, Tally())
        for span, (events, foretold) in enumerate(zip(tally.events, tally.foretold(outlook), strict=True)):
            total.add(span, events, foretold)  # its "hours" are foretold events
    seen = sum(sum(total.events) for total in margins.values())
    overall = (factor(seen, sum(sum(total.hours) for total in margins.values())),) * len(ENDS)
    return {-1: overall} | {
        margin: product(overall, total.factors(overall)) for margin, total in margins.items()
    }


def waited(outlook: Outlook, hours: float, *, crossed: bool) -> Iterator[tuple[int, float, float]]:
    """What was waited for in each span of so many hours after a look: span, events, hours of exposure."""
    if crossed:
        yield from _crossing(outlook, hours)
        return
    for span, (begin, end) in enumerate(SPANS):
        if hours <= begin:
            return
        yield span, 0.0, min(hours, end) - begin


def _crossing(outlook: Outlook, hours: float) -> Iterator[tuple[int, float, float]]:
    """A crossing some time within these hours, spread by when it is likely to have been.

    The exposure of an event in a span of length t is 1/h - t/(e^(h t) - 1), which is t/2 for small h t: the
    interval-censored form of the estimator of Cho and Garcia-Molina, "Estimating frequency of change".
    """
    lasted, chances = 1.0, []
    for hazard, (begin, end) in zip(outlook, SPANS, strict=True):
        if hours <= begin:
            break
        length = min(hours, end) - begin
        within = -expm1(-hazard * length)
        chances.append((lasted * within, hazard, length))
        lasted *= 1 - within
    total, later = sum(chance for chance, _, _ in chances) or 1.0, 0.0
    for span in reversed(range(len(chances))):
        chance, hazard, length = chances[span]
        risk = min(hazard * length, _CERTAIN)
        until = length / 2 if risk < _SMALL else length / risk - length / expm1(risk)
        yield span, chance / total, (later * length + chance * until) / total
        later += chance
