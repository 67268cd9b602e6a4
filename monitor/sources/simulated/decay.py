"""How delivered units are lost in the simulated world. Times are hours since the world began.

Losses are front-loaded, as with a Weibull distribution whose shape is below 1: the share of a delivery that
can be lost at all is gone by 1 - exp(-H), H = (age / scale) ^ shape, and more quickly while the platform
purges accounts. The curves are synthetic: no public record of real ones was found.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import exp

PURGE = 30.0
"""Hours that one purge lasts."""


@dataclass(frozen=True, slots=True)
class PlatformPurge:
    """One purge by the platform: it adds `strength` to H, evenly over its duration."""

    start: float
    strength: float

    def felt(self, since: float, until: float) -> float:
        """What it adds to the H of units that were there from `since` to `until`."""
        overlap = min(until, self.start + PURGE) - max(since, self.start)
        return self.strength * max(0.0, overlap) / PURGE


@dataclass(frozen=True, slots=True)
class Decay:
    """How units of one kind are lost."""

    scale: float
    """In hours: the age at which H is 1."""
    shape: float
    depth: float
    """Share of the units that can be lost at all."""

    def lost(self, age: float, purged: float) -> float:
        """Share lost at an age, with so much added to H by purges."""
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
        """How many of the units are still there."""
        if t < self.at:
            return 0.0
        purged = sum(purge.felt(self.at, t) for purge in self.purges)
        return self.units * (1 - self.decay.lost(t - self.at, purged))
