"""Surge detector: when a service's orders start to drop faster than usual, and when that ends.

A CUSUM test (Page, Biometrika 41, 1954) over the routine looks at a service's orders: it sums the log
likelihood ratio of each result (threshold crossed or not) between the surge rate and the usual rate, with a
lower bound of 0. The last time at which the sum was 0 is the estimated start of the surge. A second CUSUM
test with the hypotheses exchanged detects the end.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import chain
from math import expm1, isfinite, log, sqrt
from typing import Any

ASSUMED_STRENGTH = 5.0
"""Rate during a surge over the usual rate, in the hypothesis that is tested."""
START_THRESHOLD, END_THRESHOLD = 8.0, 3.0
"""Sums above which the start, or the end, of a surge is detected."""
MIN_DURATION = 6.0
"""Minimum hours that a surge is assumed to last; without it the first look could not contribute."""
MAX_DURATION = 120.0
"""Hours after which a surge is ended and the higher rate is learned as the usual one."""
MIN_STRENGTH, MAX_STRENGTH = 1.5, 20.0
"""Bounds of the estimated strength of a surge."""
_MAX_PAST = 6
"""Number of past surges kept, for orders that were not looked at since."""


@dataclass(slots=True)
class SurgeDetector:
    """The surge detector of one service; times are in hours since any fixed origin."""

    begun: float = 0.0
    """Start of the current surge; without one, the last time at which the sum was 0."""
    on: bool = False
    strength: float = 1.0
    """Estimated rate over the usual rate."""
    _sum: float = 0.0
    _end: float = 0.0
    """Estimated end of the current surge, if it has ended."""
    _events: float = 0.0
    _expected: float = 0.0
    _expected_in_surge: float = 0.0
    """The part of the expected events that falls into the surge."""
    _past_surges: list[tuple[float, float, float]] = field(default_factory=list)
    """Start, end and strength of past surges."""

    @classmethod
    def load(cls, state: Sequence[Any]) -> "SurgeDetector":
        """Restore the detector from the output of `dump`; raises ValueError or TypeError for other values."""
        begun, on, *numbers, past = state
        strength, total, end, events, expected, expected_in_surge = (float(number) for number in numbers)
        surges = [(float(from_), float(until), float(m)) for from_, until, m in past][-_MAX_PAST:]
        if not all(map(isfinite, chain([begun, *numbers], *surges))) or not 0 <= strength <= MAX_STRENGTH:
            raise ValueError("not the state of a surge detector")
        return cls(float(begun), bool(on), strength, total, end, events, expected, expected_in_surge, surges)

    def dump(self) -> list[Any]:
        """Return the state as a JSON value."""
        return [
            self.begun, self.on, self.strength, self._sum, self._end,
            self._events, self._expected, self._expected_in_surge, self._past_surges,
        ]  # fmt: skip

    def observe(self, hazard: float, hours: float, now: float, *, crossed: bool) -> None:
        """Record a look at an order `hours` after the last one, with its usual cumulative hazard."""
        if hazard <= 0 or hours <= 0:
            return
        if self.on:
            self._test_end(hazard, hours, now, crossed=crossed)
        else:
            self._test_start(hazard, hours, now, crossed=crossed)

    def effective_hours(self, hours: float, now: float) -> float:
        """Convert the last `hours` to hours at the usual rate with the same cumulative hazard."""
        since, effective = now - hours, hours
        for begun, end, strength in self._past_surges:
            effective += (strength - 1) * max(0.0, min(end, now) - max(begun, since))
        if self.on:
            effective += (self.strength - 1) * max(0.0, now - max(self.begun, since))
        return effective

    @property
    def rate_multiplier(self) -> float:
        """Factor on the look rate of the service's targets; optimal rates are proportional to sqrt(h)."""
        return sqrt(self.strength) if self.on else 1.0

    def _test_start(self, hazard: float, hours: float, now: float, *, crossed: bool) -> None:
        within = min(hours, max(now - self.begun, MIN_DURATION))
        self._sum += _log_likelihood_ratio(
            hazard * (1 + (ASSUMED_STRENGTH - 1) * within / hours), hazard, crossed=crossed
        )
        if self._sum <= 0:
            self._reset(now)
            return
        self._add(hazard, within / hours, crossed=crossed)
        if self._sum > START_THRESHOLD:
            self.on, self._sum, self._end = True, 0.0, now
            self._estimate_strength()

    def _test_end(self, hazard: float, hours: float, now: float, *, crossed: bool) -> None:
        within = max(0.0, min(hours, now - self.begun))
        ongoing = hazard * (1 + (self.strength - 1) * within / hours)
        until_end = max(0.0, within - max(now - self._end, MIN_DURATION))
        ended = hazard * (1 + (self.strength - 1) * until_end / hours)
        self._sum += _log_likelihood_ratio(ended, ongoing, crossed=crossed)
        self._add(hazard, within / hours, crossed=crossed)
        if self._sum <= 0:
            self._sum, self._end = 0.0, now
            self._estimate_strength()
        if (
            self._sum > END_THRESHOLD or not 0 <= now - self.begun <= MAX_DURATION
        ):  # negative after a clock error
            self._past_surges = [*self._past_surges, (self.begun, self._end, self.strength)][-_MAX_PAST:]
            self.on = False
            self._reset(now)

    def _reset(self, now: float) -> None:
        self.begun = now
        self._sum = self._events = self._expected = self._expected_in_surge = 0.0

    def _add(self, hazard: float, share: float, *, crossed: bool) -> None:
        expected = -expm1(-hazard)
        self._events += crossed
        self._expected += expected
        self._expected_in_surge += expected * share

    def _estimate_strength(self) -> None:
        """Estimate the strength; the prior is `ASSUMED_STRENGTH` with the weight of two events."""
        extra = (self._events - self._expected + 2 * (ASSUMED_STRENGTH - 1)) / (self._expected_in_surge + 2)
        self.strength = min(max(1 + extra, MIN_STRENGTH), MAX_STRENGTH)


def _log_likelihood_ratio(hazard: float, other: float, *, crossed: bool) -> float:
    """Log likelihood ratio of a look's result between two cumulative hazards."""
    return log(expm1(-hazard) / expm1(-other)) if crossed else other - hazard
