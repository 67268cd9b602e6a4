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

from monitor.cadence.piecewise_hazard import Outlook, patience
from monitor.cadence.surge_detector import Wave

LATE = 720.0
"""Hours that a drop never seen before the guarantee's end counts as unseen beyond it."""
FIRST_PRICE = 100.0
"""The price before a request was served, in units times hours."""
MEMORY = 2000
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
class Stream:
    """How far the targets of one service have been put forward, and the gate of its waves."""

    wave: Wave
    offset: float = 0.0
    began: float = 0.0
    """V when the present wave began; while there is none, when it would have."""


@dataclass(slots=True)
class VirtualClock:
    """The state of one source's cadence. Streams are named by the services whose orders they hold."""

    v: float = 0.0
    log_price: float = log(FIRST_PRICE)
    requests: int = 0
    calls: float = 0.0
    """Share of the requests that went into last calls."""
    streams: dict[str, Stream] = field(default_factory=dict)
    _waving: list[Stream] = field(default_factory=list)

    @classmethod
    def load(cls, text: str) -> "VirtualClock":
        """The clock that `dump` wrote; a new one where the text is anything else."""
        try:
            v, price, requests, calls, streams = json.loads(text, parse_constant=_refused)
            clock = cls(
                _number(v),
                _number(price, _UTMOST, -_UTMOST),
                int(_number(requests, MEMORY)),
                _number(calls, 1),
            )
            for name, (offset, began, *wave) in streams.items():
                clock.streams[name] = Stream(Wave.load(wave), _number(offset), _number(began))
        except (ValueError, TypeError, AttributeError, OverflowError, RecursionError):
            return cls()
        clock._waving = [stream for stream in clock.streams.values() if stream.wave.on]
        return clock

    def dump(self) -> str:
        """Everything that the clock remembers, as JSON."""
        streams = {
            name: [stream.offset, stream.began, *stream.wave.dump()] for name, stream in self.streams.items()
        }
        state = [self.v, self.log_price, self.requests, self.calls, streams]
        return json.dumps(state, separators=(",", ":"))

    @property
    def price(self) -> float:
        """What the requests were worth of late, in weight times hours: the price of a request."""
        return exp(self.log_price)

    def due(self, stream: str, outlook: Outlook) -> float:
        """The value to store for a target that was looked at just now, by the outlook of its request.

        At a constant hazard it is V + sqrt(2 / (w h)), whatever the price: the price only says how far along
        the outlook the next look will be.
        """
        price = exp(self.log_price)
        ahead = min(patience(outlook, price) / sqrt(price), _NEVER)
        return self.v + ahead + self.offset(stream)

    def offset(self, stream: str) -> float:
        """How far the stream has been put forward: `turn` is the due value less this."""
        found = self.streams.get(stream)
        return found.offset if found else 0.0

    def turn(self, stream: str, due: float) -> float:
        """What a stored value is compared by across streams: the least goes first."""
        return due - self.offset(stream)

    def pop(self, stream: str, due: float) -> None:
        """Move V to a target that is routinely looked at because its turn has come.

        No other look may call this: what is looked at for another reason has its turn in the future, and
        would take the clock there. V never goes back: a hot target would stop it.
        """
        ahead = self.turn(stream, due) - self.v
        if ahead <= 0:
            return
        self.v += ahead
        for waving in self._waving:
            waving.offset += (waving.wave.haste - 1) * ahead

    def served(self, value: float) -> None:
        """Learn the price of a request from what the one just popped was worth (`outlook.index`)."""
        self.requests = min(self.requests + 1, MEMORY)
        self._learn_price(value)
        self.calls -= self.calls / _CALLS

    def pays(self, value: float) -> bool:
        """Whether a last call of this value is worth a request."""
        return value >= self.price

    def last_called(self, value: float) -> None:
        """Note a last call that was made; where most requests are such calls, they make the price."""
        self.calls += (1 - self.calls) / _CALLS
        if self.calls > 0.5:  # noqa: PLR2004 - most
            self._learn_price(value)

    def saw(self, stream: str, *, expected: float, crossed: bool, hours: float, now: datetime) -> None:
        """Note a routine look at an order, for the wave gate.

        `expected`: the chance that it crossed since the look before (`outlook.chance`), `hours` ago.
        """
        at, hazard = _hours(now), -log1p(-min(expected, _CERTAIN))
        found = self.streams.get(stream)
        if found is None:
            found = self.streams[stream] = Stream(Wave(begun=at), began=self.v)
        wave = found.wave
        waved = wave.on
        wave.saw(hazard, hours, at, crossed=crossed)
        if wave.on is not waved:
            self._waving = [each for each in self.streams.values() if each.wave.on]
        if not wave.on and wave.begun == at:
            found.began = self.v
        elif wave.on and not waved:
            found.offset += (wave.haste - 1) * (self.v - found.began)

    def stretched(self, stream: str, hours: float, now: datetime) -> float:
        """As many calm hours as the last hours were worth, in which a wave may have been on."""
        found = self.streams.get(stream)
        return found.wave.stretched(hours, _hours(now)) if found else hours

    def _learn_price(self, value: float) -> None:
        self.log_price += (log(max(value, _LEAST)) - self.log_price) / (self.requests + 1)


def last_call(weight: float, hazard: float) -> float:
    """What a look at an order just before its guarantee ends is worth (hazard since its last look)."""
    return -weight * expm1(-hazard) * LATE


def _hours(at: datetime) -> float:
    return at.timestamp() / 3600


def _number(value: float, most: float = inf, least: float = 0.0) -> float:
    """A finite number within these bounds, or ValueError."""
    if not (isfinite(value) and least <= value <= most):
        raise ValueError("no number that a clock has")
    return float(value)


def _refused(constant: str) -> float:
    raise ValueError(constant)
