"""Wave: when a service's orders begin to fall faster than they use to, and when that is over.

A cumulative sum of log likelihood ratios (Page, Biometrika 41, 1954), fed by every routine look: did the
order cross its threshold, and how likely was that if nothing is the matter, and if a wave is on? It stands at
zero while all is calm, so that where it last stood there is where the wave began. The same sum the other way
round ends it.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import chain
from math import expm1, isfinite, log, sqrt
from typing import Any

SUPPOSED = 5.0
"""How many times faster things happen in the wave that is watched for."""
BEGINS, ENDS = 8.0, 3.0
"""The sums at which a wave is believed to be on, and to be over."""
AT_LEAST = 6.0
"""A wave is supposed to have lasted so many hours, else it could never be told from the first look on."""
LONGEST = 120.0
"""Hours after which it is no wave any more, but how things are."""
LEAST, MOST = 1.5, 20.0
"""Bounds of the strength of a wave."""
_REMEMBERED = 6
"""Waves that are remembered, for orders that were not looked at since."""


@dataclass(slots=True)
class SurgeDetector:
    """The wave gate of one service; times are hours on any scale that goes on."""

    begun: float = 0.0
    """When the present wave began; while there is none, when it would have."""
    on: bool = False
    strength: float = 1.0
    _sum: float = 0.0
    _over: float = 0.0
    """When a present wave ended, should it have ended."""
    _seen: float = 0.0
    _foretold: float = 0.0
    _exposed: float = 0.0
    """The part of what was foretold that fell into the wave."""
    _past: list[tuple[float, float, float]] = field(default_factory=list)
    """Begin, end and strength."""

    @classmethod
    def load(cls, state: Sequence[Any]) -> "SurgeDetector":
        """The gate that `dump` told of; ValueError or TypeError where it is anything else."""
        begun, on, *numbers, past = state
        strength, total, over, seen, foretold, exposed = (float(number) for number in numbers)
        waves = [(float(begin), float(end), float(m)) for begin, end, m in past][-_REMEMBERED:]
        if not all(map(isfinite, chain([begun, *numbers], *waves))) or not 0 <= strength <= MOST:
            raise ValueError("no state of a wave gate")
        return cls(float(begun), bool(on), strength, total, over, seen, foretold, exposed, waves)

    def dump(self) -> list[Any]:
        """Everything that the gate remembers, as JSON can say it."""
        return [
            self.begun, self.on, self.strength, self._sum, self._over,
            self._seen, self._foretold, self._exposed, self._past,
        ]  # fmt: skip

    def observe(self, hazard: float, hours: float, now: float, *, crossed: bool) -> None:
        """Note a look at an order, so many hours after the last, and the hazard summed up in a calm."""
        if hazard <= 0 or hours <= 0:
            return
        if self.on:
            self._watch_end(hazard, hours, now, crossed=crossed)
        else:
            self._watch_begin(hazard, hours, now, crossed=crossed)

    def effective_hours(self, hours: float, now: float) -> float:
        """As many hours of calm as the last hours were worth."""
        since, longer = now - hours, hours
        for begun, over, strength in self._past:
            longer += (strength - 1) * max(0.0, min(over, now) - max(begun, since))
        if self.on:
            longer += (self.strength - 1) * max(0.0, now - max(self.begun, since))
        return longer

    @property
    def rate_multiplier(self) -> float:
        """How much faster than else the service's targets come to their turn: look rates go by sqrt(h)."""
        return sqrt(self.strength) if self.on else 1.0

    def _watch_begin(self, hazard: float, hours: float, now: float, *, crossed: bool) -> None:
        within = min(hours, max(now - self.begun, AT_LEAST))
        self._sum += _ratio(hazard * (1 + (SUPPOSED - 1) * within / hours), hazard, crossed=crossed)
        if self._sum <= 0:
            self._rest(now)
            return
        self._count(hazard, within / hours, crossed=crossed)
        if self._sum > BEGINS:
            self.on, self._sum, self._over = True, 0.0, now
            self._estimate()

    def _watch_end(self, hazard: float, hours: float, now: float, *, crossed: bool) -> None:
        within = max(0.0, min(hours, now - self.begun))
        still = hazard * (1 + (self.strength - 1) * within / hours)
        until_over = max(0.0, within - max(now - self._over, AT_LEAST))
        ended = hazard * (1 + (self.strength - 1) * until_over / hours)
        self._sum += _ratio(ended, still, crossed=crossed)
        self._count(hazard, within / hours, crossed=crossed)
        if self._sum <= 0:
            self._sum, self._over = 0.0, now
            self._estimate()
        if self._sum > ENDS or not 0 <= now - self.begun <= LONGEST:  # it may have begun by a wrong clock
            self._past = [*self._past, (self.begun, self._over, self.strength)][-_REMEMBERED:]
            self.on = False
            self._rest(now)

    def _rest(self, now: float) -> None:
        self.begun = now
        self._sum = self._seen = self._foretold = self._exposed = 0.0

    def _count(self, hazard: float, share: float, *, crossed: bool) -> None:
        expected = -expm1(-hazard)
        self._seen += crossed
        self._foretold += expected
        self._exposed += expected * share

    def _estimate(self) -> None:
        """How strong it is; at first as strong as was supposed, by the weight of two events."""
        extra = (self._seen - self._foretold + 2 * (SUPPOSED - 1)) / (self._exposed + 2)
        self.strength = min(max(1 + extra, LEAST), MOST)


def _ratio(hazard: float, other: float, *, crossed: bool) -> float:
    """Log of how much better a look is explained by the one hazard than by the other."""
    return log(expm1(-hazard) / expm1(-other)) if crossed else other - hazard
