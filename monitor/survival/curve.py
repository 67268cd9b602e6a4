"""Curves: the share of delivered units that is still there by age, with bands.

Units of one order fall together, so a band is found by drawing orders and never units: it holds 95% of the
estimates from orders that are drawn with replacement (bootstrap).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from random import Random

from monitor.survival.grid import CELL, age_at
from monitor.survival.losses import OrderLosses, units_by_interval
from monitor.survival.turnbull import shares, turnbull

LEAST_ORDERS = 20
"""Curves of fewer orders are not shown, and no curve goes on where fewer are left."""
ROUNDS = 100
"""Estimates from drawn orders, from which a band is taken."""
_OUTSIDE = 0.025
"""Share of these estimates below a band, and above it."""
_ENOUGH = 1e-5
"""The least gain for a drawn estimate, whose own error is larger by far."""


@dataclass(frozen=True, slots=True)
class CurvePoint:
    """One point of a curve."""

    point: int
    """Number of cells since the completion."""
    share: float
    low: float
    """Lower bound of the band."""
    high: float

    @property
    def age(self) -> timedelta:
        return age_at(self.point)

    @property
    def lost(self) -> "CurvePoint":
        """The share that is lost, with its band."""
        return CurvePoint(self.point, 1 - self.share, 1 - self.high, 1 - self.low)


@dataclass(frozen=True, slots=True)
class SurvivalCurve:
    """The share of delivered units that is still there, at every grid point."""

    orders: int
    """Orders that it was computed from."""
    units: int
    """Their delivered units."""
    points: tuple[CurvePoint, ...]

    @property
    def observed(self) -> timedelta:
        """The greatest age to which enough orders were observed."""
        return self.points[-1].age

    def at(self, age: timedelta) -> CurvePoint | None:
        """The point at an age; None beyond the end of the curve."""
        point = age // CELL
        return self.points[point] if point < len(self.points) else None


@dataclass(frozen=True, slots=True)
class CurveEstimate:
    """An estimate without its band."""

    orders: Sequence[OrderLosses]
    masses: Sequence[float]
    end: int
    """The last grid point that enough orders were observed at."""

    def drawn(self, random: Random) -> Iterator[list[float]]:
        """Estimates from drawn orders, one by one, because each takes time."""
        number = len(self.orders)
        for _ in range(ROUNDS):
            times = [0] * number
            for chosen in random.choices(range(number), k=number):
                times[chosen] += 1
            units = units_by_interval(self.orders, times)
            yield shares(turnbull(units, len(self.masses) - 1, _positive(self.masses), _ENOUGH))

    def curve(self, drawn: Sequence[Sequence[float]]) -> SurvivalCurve:
        """The curve with the band of drawn estimates."""
        estimated = shares(self.masses)
        points = [
            CurvePoint(point, estimated[point], *_band([one[point] for one in drawn], estimated[point]))
            for point in range(self.end + 1)
        ]
        return SurvivalCurve(len(self.orders), sum(order.units for order in self.orders), tuple(points))


def estimate(orders: Sequence[OrderLosses]) -> CurveEstimate | None:
    """Estimate a curve; None if too few orders were observed."""
    ends = sorted((order.last_point for order in orders), reverse=True)
    if len(ends) < LEAST_ORDERS:
        return None
    return CurveEstimate(orders, turnbull(units_by_interval(orders), ends[0]), ends[LEAST_ORDERS - 1])


def _positive(masses: Sequence[float]) -> list[float]:
    """The masses, with a little in every cell, because a mass of 0 would stay 0."""
    little = 0.1 / len(masses)
    return [0.9 * mass + little for mass in masses]


def _band(values: list[float], share: float) -> tuple[float, float]:
    """The bounds between which 95% of the values lie; the share itself is always within."""
    ordered = sorted(values)
    outside = int(len(ordered) * _OUTSIDE)
    return min(share, ordered[outside]), max(share, ordered[-1 - outside])
