"""Virtual time: the order in which the targets of one source are looked at, as in fair queueing.

Each request target has one stored number, its due value in virtual time, written at its last look. Its queue
position is the due value minus the offset of its service queue; the smallest position is served next, and
the virtual time V advances to it. The budget determines how fast V advances in real time. A change of the
budget or a surge changes no stored value.
"""

import json
from dataclasses import dataclass, field
from datetime import datetime
from math import exp, expm1, inf, isfinite, log, log1p, sqrt

from monitor.cadence.piecewise_hazard import PiecewiseHazard, optimal_interval
from monitor.cadence.surge_detector import SurgeDetector

MISSED_PENALTY_HOURS = 720.0
"""Hours added to the delay of a drop that is not seen before the guarantee's end."""
INITIAL_PRICE = 100.0
"""Shadow price before the first request, in weight times hours."""
PRICE_WINDOW = 2000
"""Number of requests over which the shadow price is averaged."""
_FINAL_LOOK_WINDOW = 500
"""Number of requests over which the share of final looks is averaged."""
_MAX_AHEAD = 1e12
"""Upper bound of a due value minus V, for targets with a hazard near 0."""
_MIN_VALUE = 1e-9
"""Lower bound of the value of a request, so that its logarithm is finite."""
_MAX_LOG_PRICE = 100.0
"""Bound of the absolute logarithm of a loaded price."""
_MAX_PROBABILITY = 1 - 1e-9


@dataclass(slots=True)
class ServiceQueue:
    """The queue of the targets of one service: its offset in virtual time and its surge detector."""

    surge: SurgeDetector
    offset: float = 0.0
    began: float = 0.0
    """V at the start of the current surge; without one, at the last time at which its sum was 0."""


@dataclass(slots=True)
class VirtualTime:
    """The virtual time of one source. Service queues are named by the service."""

    v: float = 0.0
    log_price: float = log(INITIAL_PRICE)
    requests: int = 0
    calls: float = 0.0
    """Share of the requests that were final looks."""
    service_queues: dict[str, ServiceQueue] = field(default_factory=dict)
    _surging: list[ServiceQueue] = field(default_factory=list)

    @classmethod
    def load(cls, text: str) -> "VirtualTime":
        """Parse the output of `dump`; the initial state for any other text."""
        try:
            v, price, requests, calls, service_queues = json.loads(text, parse_constant=_reject_constant)
            virtual_time = cls(
                _number(v),
                _number(price, _MAX_LOG_PRICE, -_MAX_LOG_PRICE),
                int(_number(requests, PRICE_WINDOW)),
                _number(calls, 1),
            )
            for name, (offset, began, *surge) in service_queues.items():
                virtual_time.service_queues[name] = ServiceQueue(
                    SurgeDetector.load(surge), _number(offset), _number(began)
                )
        except (ValueError, TypeError, AttributeError, OverflowError, RecursionError):
            return cls()
        virtual_time._surging = [queue for queue in virtual_time.service_queues.values() if queue.surge.on]
        return virtual_time

    def dump(self) -> str:
        """Serialize the state as JSON."""
        service_queues = {
            name: [service_queue.offset, service_queue.began, *service_queue.surge.dump()]
            for name, service_queue in self.service_queues.items()
        }
        state = [self.v, self.log_price, self.requests, self.calls, service_queues]
        return json.dumps(state, separators=(",", ":"))

    @property
    def price(self) -> float:
        """Shadow price of a request, in weight times hours: the mean value of the latest requests."""
        return exp(self.log_price)

    def due(self, service_queue: str, hazard: PiecewiseHazard) -> float:
        """Return the due value to store for a target after a look, by the weighted hazard of its request.

        At a constant hazard it is V + sqrt(2 / (w h)) at any price: the price only determines which spans of
        the hazard lie before the next look.
        """
        price = exp(self.log_price)
        ahead = min(optimal_interval(hazard, price) / sqrt(price), _MAX_AHEAD)
        return self.v + ahead + self.offset(service_queue)

    def offset(self, service_queue: str) -> float:
        """Offset of a service queue; 0 for one without a surge so far."""
        found = self.service_queues.get(service_queue)
        return found.offset if found else 0.0

    def position_of(self, service_queue: str, due: float) -> float:
        """Queue position of a due value, comparable across service queues; the smallest is served first."""
        return due - self.offset(service_queue)

    def advance_to(self, service_queue: str, due: float) -> None:
        """Advance V to the position of a target that is served from the virtual queue.

        Must not be called for looks with another reason: their positions lie in the future. V never goes
        back, else a target with a high hazard would stop it.
        """
        ahead = self.position_of(service_queue, due) - self.v
        if ahead <= 0:
            return
        self.v += ahead
        for surging in self._surging:
            surging.offset += (surging.surge.rate_multiplier - 1) * ahead

    def record_served(self, value: float) -> None:
        """Update the shadow price from the value of a request served from the queue (`look_value`)."""
        self.requests = min(self.requests + 1, PRICE_WINDOW)
        self._learn_price(value)
        self.calls -= self.calls / _FINAL_LOOK_WINDOW

    def affords(self, value: float) -> bool:
        """Whether a final look of this value is worth a request."""
        return value >= self.price

    def record_final_look(self, value: float) -> None:
        """Record a final look; if most requests are final looks, they update the shadow price."""
        self.calls += (1 - self.calls) / _FINAL_LOOK_WINDOW
        if self.calls > 0.5:  # noqa: PLR2004 - the majority
            self._learn_price(value)

    def observe(
        self, service_queue: str, *, expected: float, crossed: bool, hours: float, now: datetime
    ) -> None:
        """Pass a routine look at an order to the surge detector of its service.

        `expected`: the probability that it has crossed since the look before (`event_probability`), `hours`
        ago.
        """
        at, hazard = _hours(now), -log1p(-min(expected, _MAX_PROBABILITY))
        found = self.service_queues.get(service_queue)
        if found is None:
            found = self.service_queues[service_queue] = ServiceQueue(SurgeDetector(begun=at), began=self.v)
        surge = found.surge
        was_on = surge.on
        surge.observe(hazard, hours, at, crossed=crossed)
        if surge.on is not was_on:
            self._surging = [each for each in self.service_queues.values() if each.surge.on]
        if not surge.on and surge.begun == at:
            found.began = self.v
        elif surge.on and not was_on:
            found.offset += (surge.rate_multiplier - 1) * (self.v - found.began)

    def effective_hours(self, service_queue: str, hours: float, now: datetime) -> float:
        """Convert the last `hours` to hours at the usual rate; see `SurgeDetector.effective_hours`."""
        found = self.service_queues.get(service_queue)
        return found.surge.effective_hours(hours, _hours(now)) if found else hours

    def _learn_price(self, value: float) -> None:
        self.log_price += (log(max(value, _MIN_VALUE)) - self.log_price) / (self.requests + 1)


def final_look_value(weight: float, hazard: float) -> float:
    """Value of a final look at an order; `hazard` is the cumulative hazard since its last look."""
    return -weight * expm1(-hazard) * MISSED_PENALTY_HOURS


def _hours(at: datetime) -> float:
    return at.timestamp() / 3600


def _number(value: float, high: float = inf, low: float = 0.0) -> float:
    """Return a finite number within the bounds; raises ValueError for others."""
    if not (isfinite(value) and low <= value <= high):
        raise ValueError("number out of range")
    return float(value)


def _reject_constant(constant: str) -> float:
    raise ValueError(constant)
