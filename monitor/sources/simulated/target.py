"""A simulated target: its organic count, the units delivered to it, and when it can be read."""

from dataclasses import dataclass, field
from random import Random

from monitor.model.snapshot import Outcome
from monitor.sources.simulated.decay import Parcel

_DAY = 24.0


@dataclass(frozen=True, slots=True)
class OrganicDrift:
    """The organic count of a target: a random walk by days, linear in between."""

    first_day: int
    levels: tuple[float, ...]

    @classmethod
    def drawn(cls, random: Random, base: float, first_day: int, last_day: int) -> "OrganicDrift":
        """Draw a walk from `base`, with steps of a few ten-thousandths of it."""
        levels = [base]
        for _ in range(first_day, last_day + 1):
            levels.append(max(0.0, levels[-1] + base * random.gauss(0.0001, 0.0004)))
        return cls(first_day, tuple(levels))

    def at(self, t: float) -> float:
        """The count at a time; constant before the first day and after the last."""
        day = min(max(t / _DAY - self.first_day, 0.0), len(self.levels) - 1.001)
        before = int(day)
        low, high = self.levels[before], self.levels[before + 1]
        return low + (high - low) * (day - before)


@dataclass(frozen=True, slots=True)
class AccessChanges:
    """When the profile of a target cannot be read."""

    private: tuple[float, float] | None = None
    """Start and end of a private period."""
    deleted: float | None = None
    """Time of the deletion."""

    @classmethod
    def drawn(cls, random: Random, private: float, deleted: float, last: float) -> "AccessChanges":
        """Draw for one profile, given the shares of temporarily private and of deleted profiles."""
        from_, days, gone = random.uniform(0, last), random.uniform(1, 10), random.uniform(0, last)
        is_private, is_deleted = random.random() < private, random.random() < deleted
        return cls((from_, from_ + days * _DAY) if is_private else None, gone if is_deleted else None)

    def at(self, t: float) -> Outcome:
        """The outcome of a look at a time."""
        if self.deleted is not None and t >= self.deleted:
            return Outcome.NOT_FOUND
        if self.private is not None and self.private[0] <= t < self.private[1]:
            return Outcome.PRIVATE
        return Outcome.COUNT


@dataclass(slots=True)
class SimulatedTarget:
    """A target with all units delivered to it."""

    drift: OrganicDrift
    access: AccessChanges
    parcels: list[Parcel] = field(default_factory=list)

    def count(self, t: float) -> int:
        """The exact count at a time."""
        return int(self.drift.at(t) + sum(parcel.left(t) for parcel in self.parcels))
