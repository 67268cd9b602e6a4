"""How delivered units are lost in the simulation. Times are in hours since its start.

Losses are front-loaded, as with a Weibull distribution whose shape is below 1: the share of a delivery that
can be lost at all is gone by 1 - exp(-H), H = (age / scale) ^ shape, and more quickly while the platform
purges accounts. The curves are synthetic: no public data of real ones was found.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import exp

PURGE = 30.0
"""Duration of a purge in hours."""


@dataclass(frozen=True, slots=True)
class PlatformPurge:
    """A purge of accounts by the platform: adds `strength` to H, evenly over its duration."""

    start: float
    strength: float

    def added_hazard(self, since: float, until: float) -> float:
        """The amount added to H for units present from `since` to `until`."""
        overlap = min(until, self.start + PURGE) - max(since, self.start)
        return self.strength * max(0.0, overlap) / PURGE


@dataclass(frozen=True, slots=True)
class Decay:
    """A decay curve: Weibull with the maximum share `depth`."""

    scale: float
    """Age in hours at which H is 1."""
    shape: float
    depth: float
    """Share of the units that can be lost at all."""

    def lost(self, age: float, purged: float) -> float:
        """Share lost at an age; `purged` is the amount added to H by purges."""
        return self.depth * (1 - exp(-((age / self.scale) ** self.shape) - purged))


@dataclass(frozen=True, slots=True)
class Parcel:
    """Units delivered at once: an order, or a refill of one."""

    at: float
    units: int
    decay: Decay
    purges: Sequence[PlatformPurge] = ()
    """The purges that reach units of this kind."""

    def left(self, t: float) -> float:
        """The units left at time `t`, not rounded."""
        if t < self.at:
            return 0.0
        purged = sum(purge.added_hazard(self.at, t) for purge in self.purges)
        return self.units * (1 - self.decay.lost(t - self.at, purged))
