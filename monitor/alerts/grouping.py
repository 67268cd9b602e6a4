"""Grouping: alerts that are told together, and when their group has its turn.

A group waits `group_wait` for more after its first alert, and then has a turn every `group_interval`.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

GROUP_LABELS = ("kind", "metric", "service", "provider")
"""Labels by which alerts may be grouped; the kind is always one of them."""


@dataclass(frozen=True, slots=True)
class GroupTimes:
    """How long groups wait."""

    wait: timedelta = timedelta(seconds=30)
    interval: timedelta = timedelta(minutes=5)
    repeat: timedelta = timedelta(hours=4)
    repeated: Collection[str] = ("critical",)
    """Severities of the problems that are told again while they last."""

    def first_tick(self, alert_at: datetime, now: datetime) -> datetime:
        """The first turn of a new group; at once if its alert is older than `wait`."""
        return max(now, min(alert_at, now) + self.wait)

    def next_tick(self, tick: datetime, now: datetime) -> datetime:
        """The next turn after `now` of a group that had one at `tick`."""
        missed = max(now - tick, timedelta(0)) // self.interval
        return tick + (missed + 1) * self.interval

    def this_tick(self, tick: datetime, now: datetime) -> datetime:
        """The turn that a group has now, of which `tick` was the time or an earlier one was missed."""
        return self.next_tick(tick, now) - self.interval

    def tick_at(self, tick: datetime, at: datetime) -> datetime:
        """The first turn after `tick` that is not before a time."""
        return self.next_tick(tick, max(at - timedelta.resolution, tick))


def group_key(labels: Mapping[str, str], by: Collection[str] = GROUP_LABELS) -> str:
    """The name of the group of an alert: the labels that its alerts have in common."""
    return " ".join(f"{name}={labels[name]}" for name in GROUP_LABELS if name in by and labels.get(name))
