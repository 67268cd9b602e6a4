"""Capacity: how old a look will be at a budget and a number of targets, and which drops that will miss.

The age of a look is arithmetic: with `n` targets and `r` looks an hour, going round takes `n / r` hours; but
however much budget there is, no cadence looks more often than it wants to.
What is missed, and how late a drop is seen, is read from tables of our own runs, by looks per target and
day: orders in guarantee on SYNTHETIC drop curves (front-loaded decay, purges; guarantees of 30 days), one
request a look, interpolated between the measured points in logarithms. Real curves are not known, so only
the order of magnitude is to be believed. A look counts once for each target that it serves; the runs in
which one request served 2.3 orders agree with that to within a factor of two.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from math import exp, inf, log

HOUR = timedelta(hours=1)
LONGEST = timedelta(days=36_500)
"""No age is told that is longer: a look that is a hundred years old is none."""
GUARANTEE = timedelta(days=30)
"""In the runs; a drop that nobody saw counts as seen when the guarantee is over."""


class BindingLimit(StrEnum):
    """What holds a source back most, as the configuration calls it."""

    HOUR = "requests_per_hour"
    DAY = "requests_per_day"
    SPACING = "spacing"


class CadenceKind(StrEnum):
    """Which target is looked at next, as the configuration calls it."""

    FIXED = "fixed"
    LEARNED = "learned"


Curve = tuple[tuple[float, float], ...]
"""Measured points: looks per target and day, and what came of them, which more looks make smaller."""

_MISSED: dict[CadenceKind, Curve] = {
    CadenceKind.FIXED: ((0.005, 0.85), (0.05, 0.13), (0.25, 0.05), (1, 0.011), (4, 0.0015)),
    CadenceKind.LEARNED: ((0.005, 0.38), (0.05, 0.035), (0.25, 0.0022), (1, 0.0007)),
}
"""Share of the drops, by units, never seen: the messy world, beyond its range the calm one.

Fixed is round robin: the fixed cadence's looks before a guarantee ends find some of these, late.
"""
_DELAY: dict[CadenceKind, Curve] = {
    CadenceKind.FIXED: ((0.005, 539), (0.05, 246), (0.25, 38.8), (1, 9.0), (4, 2.2)),
    CadenceKind.LEARNED: ((0.005, 295), (0.05, 68), (0.25, 6.7), (1, 1.18), (4, 0.5)),
}
"""Mean hours from a drop to the look that sees it, in the calm world."""


@dataclass(frozen=True, slots=True)
class Allowance:
    """What a source may be asked by routine looks, the reserve of manual checks left out."""

    requests_per_hour: int
    requests_per_day: int | None = None
    spacing: timedelta = timedelta(0)
    jitter: int = 0
    """Percent by which each spacing is longer at most; half of it on average."""

    @property
    def rate(self) -> float:
        """Routine requests an hour in the long run."""
        return min(self._rates.values())

    @property
    def binding(self) -> BindingLimit:
        """The limit that makes it so few."""
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
    """A budget, and the targets that it has to do for."""

    requests_per_hour: float
    targets: int
    looks_per_request: float = 1.0
    """Targets that one request reads."""
    every: timedelta = timedelta(0)
    """The cadence's `every`; without it only the budget counts."""

    @property
    def looks_per_hour(self) -> float:
        return self.requests_per_hour * self.looks_per_request

    def looks_per_day(self, policy: CadenceKind) -> float:
        """Looks per target and day: what decides how much is seen."""
        if self.targets <= 0:
            return inf
        affordable, floor = self.looks_per_hour * 24 / self.targets, self.floor(policy)
        return min(affordable, 24 * HOUR / floor) if floor else affordable

    def floor(self, policy: CadenceKind) -> timedelta:
        """The time between two looks at a target that no budget makes shorter, appointments apart."""
        return self.every / 6 if policy is CadenceKind.LEARNED else self.every

    @property
    def going_round(self) -> timedelta:
        """How long it takes until every target was looked at once."""
        if self.targets <= 0:
            return timedelta(0)
        longest = LONGEST / HOUR
        return HOUR * (
            min(self.targets / self.looks_per_hour, longest) if self.looks_per_hour > 0 else longest
        )

    def oldest_look(self, policy: CadenceKind) -> timedelta:
        """How old a look is when its target's turn comes again, going round no faster than the floor."""
        return max(self.going_round, self.floor(policy)) if self.targets > 0 else timedelta(0)

    def mean_look(self, policy: CadenceKind) -> timedelta:
        """How old the newest look at a target is on average, going round."""
        return self.oldest_look(policy) / 2

    def missed(self, policy: CadenceKind) -> float:
        """Share of the drops, by units, that nobody sees before the guarantee ends."""
        return _read(_MISSED, policy, self.looks_per_day(policy), most=1) if self.targets > 0 else 0.0

    def delay(self, policy: CadenceKind) -> timedelta:
        """Mean time from a drop to the look that sees it; what is missed counts to the guarantee's end."""
        least = min(self.floor(policy) / 2, GUARANTEE) if self.targets > 0 else timedelta(0)
        measured = _read(_DELAY, policy, self.looks_per_day(policy), most=GUARANTEE / HOUR)
        return max(min(HOUR * measured, self.mean_look(policy)), least)

    def requests_needed(self, every: timedelta) -> float:
        """Routine requests an hour at which no look gets older than `every`."""
        if self.targets <= 0:
            return 0.0
        return inf if every <= timedelta(0) else self.targets / self.looks_per_request / (every / HOUR)


def _read(curves: dict[CadenceKind, Curve], policy: CadenceKind, looks: float, most: float) -> float:
    """What a policy makes of so many looks; the learned one can do what round robin does."""
    return min(_at(curves[one], looks, most) for one in {policy, CadenceKind.FIXED})


def _at(curve: Curve, looks: float, most: float) -> float:
    """Read a curve: straight lines between logarithms, the first going on to the left, level to the right."""
    last, least = curve[-1]
    if looks <= 0 or looks >= last:
        return least if looks > 0 else most
    (x, y), (further, lower) = _segment(curve, looks)
    slope = log(lower / y) / log(further / x)
    return exp(min(log(most), log(y) + slope * log(looks / x)))


def _segment(curve: Curve, looks: float) -> Sequence[tuple[float, float]]:
    """The two points on either side; the first two for what is left of them all."""
    right = next(i for i, (x, _) in enumerate(curve) if i > 0 and looks < x)
    return curve[right - 1 : right + 1]
