"""One counted thing of the simulated world: what it has of its own, what was delivered, who may see it."""

from dataclasses import dataclass, field
from random import Random

from monitor.model.snapshot import Outcome
from monitor.sources.simulated.decay import Parcel

_DAY = 24.0


@dataclass(frozen=True, slots=True)
class OrganicDrift:
    """What a target has by itself: a walk of daily steps, straight in between."""

    first_day: int
    levels: tuple[float, ...]

    @classmethod
    def drawn(cls, random: Random, base: float, first_day: int, last_day: int) -> "OrganicDrift":
        """Walk from `base` on, with steps of a few ten-thousandths of it."""
        levels = [base]
        for _ in range(first_day, last_day + 1):
            levels.append(max(0.0, levels[-1] + base * random.gauss(0.0001, 0.0004)))
        return cls(first_day, tuple(levels))

    def at(self, t: float) -> float:
        """The count at a time; before the first day and after the last it stands still."""
        day = min(max(t / _DAY - self.first_day, 0.0), len(self.levels) - 1.001)
        before = int(day)
        low, high = self.levels[before], self.levels[before + 1]
        return low + (high - low) * (day - before)


@dataclass(frozen=True, slots=True)
class AccessChanges:
    """When the profile behind a target cannot be seen."""

    private: tuple[float, float] | None = None
    """From, until."""
    deleted: float | None = None

    @classmethod
    def drawn(cls, random: Random, private: float, deleted: float, last: float) -> "AccessChanges":
        """Draw for one profile, given the shares of profiles that are private for a time, or deleted."""
        from_, days, gone = random.uniform(0, last), random.uniform(1, 10), random.uniform(0, last)
        is_private, is_deleted = random.random() < private, random.random() < deleted
        return cls((from_, from_ + days * _DAY) if is_private else None, gone if is_deleted else None)

    def at(self, t: float) -> Outcome:
        """What a look at that time finds."""
        if self.deleted is not None and t >= self.deleted:
            return Outcome.NOT_FOUND
        if self.private is not None and self.private[0] <= t < self.private[1]:
            return Outcome.PRIVATE
        return Outcome.COUNT


@dataclass(slots=True)
class SimulatedTarget:
    """A target and all that was ever delivered to it."""

    drift: OrganicDrift
    doors: AccessChanges
    parcels: list[Parcel] = field(default_factory=list)

    def count(self, t: float) -> int:
        """The exact count at a time."""
        return int(self.drift.at(t) + sum(parcel.left(t) for parcel in self.parcels))
