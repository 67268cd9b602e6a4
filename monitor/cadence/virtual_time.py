"""Virtual clock: whose turn it is at one source, without a date.

Each request target has one stored number, its due value, written when it was last looked at. The clock stands
at V, the turn of the target that was routinely looked at last; the next is the one with the least turn: its
due value less what its stream has been put forward by. How fast V runs follows from the budget alone: where
the budget falls, or a wave of drops begins, no stored value changes.
"""

import json
from dataclasses import dataclass, field
from datetime import datetime
from math import exp, expm1, inf, isfinite, log, log1p, sqrt

from monitor.cadence.piecewise_hazard import PiecewiseHazard, optimal_interval
from monitor.cadence.surge_detector import SurgeDetector

MISSED_PENALTY_HOURS = 720.0
"""Hours that a drop never seen before the guarantee's end counts as unseen beyond it."""
INITIAL_PRICE = 100.0
"""The price before a request was served, in units times hours."""
PRICE_WINDOW = 2000
"""Requests over which the price is averaged."""
_CALLS = 500
"""Requests over which the share of last calls is averaged."""
_NEVER = 1e12
"""How far beyond V a target is due of which nothing is to be expected."""
_LEAST = 1e-9
"""A request is worth at least that, so that a price has a logarithm."""
_UTMOST = 100.0
"""No price has a larger logarithm."""
_CERTAIN = 1 - 1e-9


@dataclass(slots=True)
class ServiceQueue:
    """How far the targets of one service have been put forward, and the gate of its waves."""

    surge: SurgeDetector
    offset: float = 0.0
    began: float = 0.0
    """V when the present wave began; while there is none, when it would have."""


@dataclass(slots=True)
class VirtualTime:
    """The state of one source's cadence. Streams are named by the services whose orders they hold."""

    v: float = 0.0
    log_price: float = log(INITIAL_PRICE)
    requests: int = 0
    calls: float = 0.0
    """Share of the requests that went into last calls."""
    service_queues: dict[str, ServiceQueue] = field(default_factory=dict)
    _surging: list[ServiceQueue] = field(default_factory=list)

    @classmethod
    def load(cls, text: str) -> "VirtualTime":
        """The clock that `dump` wrote; a new one where the text is anything else."""
        try:
            v, price, requests, calls, service_queues = json.loads(text, parse_constant=_refused)
            clock = cls(
                _number(v),
                _number(price, _UTMOST, -_UTMOST),
                int(_number(requests, PRICE_WINDOW)),
                _number(calls, 1),
            )
            for name, (offset, began, *surge) in service_queues.items():
                clock.service_queues[name] = ServiceQueue(
                    SurgeDetector.load(surge), _number(offset), _number(began)
                )
        except (ValueError, TypeError, AttributeError, OverflowError, RecursionError):
            return cls()
        clock._surging = [
            service_queue for service_queue in clock.service_queues.values() if service_queue.surge.on
        ]
        return clock

    def dump(self) -> str:
        """Everything that the clock remembers, as JSON."""
        service_queues = {
            name: [service_queue.offset, service_queue.began, *service_queue.surge.dump()]
            for name, service_queue in self.service_queues.items()
        }
        state = [self.v, self.log_price, self.requests, self.calls, service_queues]
        return json.dumps(state, separators=(",", ":"))

    @property
    def price(self) -> float:
        """What the requests were worth of late, in weight times hours: the price of a request."""
        return exp(self.log_price)

    def due(self, service_queue: str, hazard: PiecewiseHazard) -> float:
        """The value to store for a target that was looked at just now, by the outlook of its request.

        At a constant hazard it is V + sqrt(2 / (w h)), whatever the price: the price only says how far along
        the outlook the next look will be.
        """
        price = exp(self.log_price)
        ahead = min(optimal_interval(hazard, price) / sqrt(price), _NEVER)
        return self.v + ahead + self.offset(service_queue)

    def offset(self, service_queue: str) -> float:
        """How far the stream has been put forward: `turn` is the due value less this."""
        found = self.service_queues.get(service_queue)
        return found.offset if found else 0.0

    def position_of(self, service_queue: str, due: float) -> float:
        """What a stored value is compared by across streams: the least goes first."""
        return due - self.offset(service_queue)

    def advance_to(self, service_queue: str, due: float) -> None:
        """Move V to a target that is routinely looked at because its turn has come.

        No other look may call this: what is looked at for another reason has its turn in the future, and
        would take the clock there. V never goes back: a hot target would stop it.
        """
        ahead = self.position_of(service_queue, due) - self.v
        if ahead <= 0:
            return
        self.v += ahead
        for surging in self._surging:
            surging.offset += (surging.surge.rate_multiplier - 1) * ahead

    def record_served(self, value: float) -> None:
        """Learn the price of a request from what the one just popped was worth (`outlook.index`)."""
        self.requests = min(self.requests + 1, PRICE_WINDOW)
        self._learn_price(value)
        self.calls -= self.calls / _CALLS

    def affords(self, value: float) -> bool:
        """Whether a last call of this value is worth a request."""
        return value >= self.price

    def record_final_look(self, value: float) -> None:
        """Note a last call that was made; where most requests are such calls, they make the price."""
        self.calls += (1 - self.calls) / _CALLS
        if self.calls > 0.5:  # noqa: PLR2004 - most
            self._learn_price(value)

    def observe(
        self, service_queue: str, *, expected: float, crossed: bool, hours: float, now: datetime
    ) -> None:
        """Note a routine look at an order, for the wave gate.

        `expected`: the chance that it crossed since the look before (`outlook.chance`), `hours` ago.
        """
        at, hazard = _hours(now), -log1p(-min(expected, _CERTAIN))
        found = self.service_queues.get(service_queue)
        if found is None:
            found = self.service_queues[service_queue] = ServiceQueue(SurgeDetector(begun=at), began=self.v)
        surge = found.surge
        waved = surge.on
        surge.observe(hazard, hours, at, crossed=crossed)
        if surge.on is not waved:
            self._surging = [each for each in self.service_queues.values() if each.surge.on]
        if not surge.on and surge.begun == at:
            found.began = self.v
        elif surge.on and not waved:
            found.offset += (surge.rate_multiplier - 1) * (self.v - found.began)

    def effective_hours(self, service_queue: str, hours: float, now: datetime) -> float:
        """As many calm hours as the last hours were worth, in which a wave may have been on."""
        found = self.service_queues.get(service_queue)
        return found.surge.effective_hours(hours, _hours(now)) if found else hours

    def _learn_price(self, value: float) -> None:
        self.log_price += (log(max(value, _LEAST)) - self.log_price) / (self.requests + 1)


def final_look_value(weight: float, hazard: float) -> float:
    """What a look at an order just before its guarantee ends is worth (hazard since its last look)."""
    return -weight * expm1(-hazard) * MISSED_PENALTY_HOURS


def _hours(at: datetime) -> float:
    return at.timestamp() / 3600


def _number(value: float, most: float = inf, least: float = 0.0) -> float:
    """A finite number within these bounds, or ValueError."""
    if not (isfinite(value) and least <= value <= most):
        raise ValueError("no number that a clock has")
    return float(value)


def _refused(constant: str) -> float:
    raise ValueError(constant)
