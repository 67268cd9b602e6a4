"""Capacity: the age of looks, and the delay and share of missed drops, that a budget gives for its targets.

The age of a look is computed: with `n` targets and `r` looks per hour a full round takes `n / r` hours, but
no cadence looks more often than its minimum interval allows.

Missed drops and delays are read from tables of benchmark runs by looks per target and day: orders under a
guarantee of 30 days on SYNTHETIC loss curves (front-loaded decay, purges), one request per look, interpolated
linearly between logarithms. Real curves are not known, so only the order of magnitude is reliable. A look
counts once for each target that it reads; runs with 2.3 orders per request agree with that within a factor
of two.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from math import exp, inf, log

HOUR = timedelta(hours=1)
MAX_AGE = timedelta(days=36_500)
"""Upper bound of all ages that are returned."""
GUARANTEE = timedelta(days=30)
"""Of the benchmark runs; an unseen drop counts as seen at the end of the guarantee."""


class BindingLimit(StrEnum):
    """The limit that binds a source, by its configuration key."""

    HOUR = "requests_per_hour"
    DAY = "requests_per_day"
    SPACING = "spacing"


class CadenceKind(StrEnum):
    """The kind of cadence, by its configuration value."""

    FIXED = "fixed"
    LEARNED = "learned"


MeasuredCurve = tuple[tuple[float, float], ...]
"""Measured points: looks per target and day, and the result, which decreases with more looks."""

_MISSED: dict[CadenceKind, MeasuredCurve] = {
    CadenceKind.FIXED: ((0.005, 0.85), (0.05, 0.13), (0.25, 0.05), (1, 0.011), (4, 0.0015)),
    CadenceKind.LEARNED: ((0.005, 0.38), (0.05, 0.035), (0.25, 0.0022), (1, 0.0007)),
}
"""Share of the drops, by units, that are never seen: messy world, beyond its range calm world.

Fixed was measured as round robin, without the fixed cadence's looks shortly before the guarantees end.
"""
_DELAY: dict[CadenceKind, MeasuredCurve] = {
    CadenceKind.FIXED: ((0.005, 539), (0.05, 246), (0.25, 38.8), (1, 9.0), (4, 2.2)),
    CadenceKind.LEARNED: ((0.005, 295), (0.05, 68), (0.25, 6.7), (1, 1.18), (4, 0.5)),
}
"""Mean hours from a drop to the look that shows it, in the calm world."""


@dataclass(frozen=True, slots=True)
class Allowance:
    """The limits of a source for routine looks, without the reserve for manual checks."""

    requests_per_hour: int
    requests_per_day: int | None = None
    spacing: timedelta = timedelta(0)
    jitter: int = 0
    """Maximum percentage by which a spacing is extended; the mean is half of it."""

    @property
    def rate(self) -> float:
        """Sustained routine requests per hour."""
        return min(self._rates.values())

    @property
    def binding(self) -> BindingLimit:
        """The limit that determines `rate`."""
        return min(self._rates, key=self._rates.__getitem__)

    @property
    def _rates(self) -> dict[BindingLimit, float]:
        between = self.spacing * (1 + self.jitter / 200)
        return {
            BindingLimit.HOUR: self.requests_per_hour,
            BindingLimit.DAY: inf if self.requests_per_day is None else self.requests_per_day / 24,
            BindingLimit.SPACING: HOUR / between if between > timedelta(0) else inf,
        }


@dataclass(frozen=True, slots=True)
class Capacity:
    """A budget and the targets that it is spent on."""

    requests_per_hour: float
    targets: int
    looks_per_request: float = 1.0
    """Targets that one request reads."""
    every: timedelta = timedelta(0)
    """The cadence's `every`; 0 if only the budget limits the looks."""

    @property
    def looks_per_hour(self) -> float:
        return self.requests_per_hour * self.looks_per_request

    def looks_per_day(self, policy: CadenceKind) -> float:
        """Looks per target and day."""
        if self.targets <= 0:
            return inf
        affordable, floor = self.looks_per_hour * 24 / self.targets, self.floor(policy)
        return min(affordable, 24 * HOUR / floor) if floor else affordable

    def floor(self, policy: CadenceKind) -> timedelta:
        """Minimum interval between routine looks at a target, at any budget."""
        return self.every / 6 if policy is CadenceKind.LEARNED else self.every

    @property
    def going_round(self) -> timedelta:
        """Duration of a full round: one look at every target."""
        if self.targets <= 0:
            return timedelta(0)
        longest = MAX_AGE / HOUR
        return HOUR * (
            min(self.targets / self.looks_per_hour, longest) if self.looks_per_hour > 0 else longest
        )

    def oldest_look(self, policy: CadenceKind) -> timedelta:
        """Age of a target's newest look just before the next one: the longer of full round and floor."""
        return max(self.going_round, self.floor(policy)) if self.targets > 0 else timedelta(0)

    def mean_look(self, policy: CadenceKind) -> timedelta:
        """Mean age of a target's newest look."""
        return self.oldest_look(policy) / 2

    def missed(self, policy: CadenceKind) -> float:
        """Share of the drops, by units, that are not seen before the guarantee ends."""
        return _measured(_MISSED, policy, self.looks_per_day(policy), most=1) if self.targets > 0 else 0.0

    def delay(self, policy: CadenceKind) -> timedelta:
        """Mean time from a drop to the look that shows it; a missed drop counts up to the guarantee's end."""
        least = min(self.floor(policy) / 2, GUARANTEE) if self.targets > 0 else timedelta(0)
        measured = _measured(_DELAY, policy, self.looks_per_day(policy), most=GUARANTEE / HOUR)
        return max(min(HOUR * measured, self.mean_look(policy)), least)

    def requests_needed(self, every: timedelta) -> float:
        """Routine requests per hour at which no look gets older than `every`."""
        if self.targets <= 0:
            return 0.0
        return inf if every <= timedelta(0) else self.targets / self.looks_per_request / (every / HOUR)


def _measured(
    curves: dict[CadenceKind, MeasuredCurve], policy: CadenceKind, looks: float, most: float
) -> float:
    """Result of a cadence at a rate of looks; the learned one is at least as good as round robin."""
    return min(_interpolated(curves[one], looks, most) for one in {policy, CadenceKind.FIXED})


def _interpolated(curve: MeasuredCurve, looks: float, most: float) -> float:
    """Interpolate linearly between logarithms; extrapolate to the left, constant to the right."""
    rightmost, lowest = curve[-1]
    if looks <= 0 or looks >= rightmost:
        return lowest if looks > 0 else most
    (x1, y1), (x2, y2) = _segment(curve, looks)
    slope = log(y2 / y1) / log(x2 / x1)
    return exp(min(log(most), log(y1) + slope * log(looks / x1)))


def _segment(curve: MeasuredCurve, looks: float) -> Sequence[tuple[float, float]]:
    """The two points around `looks`; the first two if it lies to the left of all."""
    right = next(i for i, (x, _) in enumerate(curve) if i > 0 and looks < x)
    return curve[right - 1 : right + 1]
