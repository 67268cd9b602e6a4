"""What a source is: it answers a batch of targets with typed snapshots, and nothing else.

A source is a class found through the entry-point group `refilld.sources`, made without arguments.
It never raises for what the remote side does, never sleeps, never retries, and says in each
snapshot what it counted.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol, runtime_checkable

from monitor.snapshot import Snapshot
from monitor.target import Metric, Target


@dataclass(frozen=True, slots=True)
class Reading:
    """The answer to a batch: one snapshot per asked target, in their order, and what it cost."""

    snapshots: tuple[Snapshot, ...]
    requests: int
    """Requests really sent to the source, for the budget."""


@runtime_checkable
class Source(Protocol):
    """An eye that can look at targets."""

    name: str
    """As in the configuration's `[sources.NAME]`."""
    metrics: frozenset[Metric]
    """What it can count; the metric also says on which kind of page."""
    batch: int
    """How many targets one request can answer; `read` takes at most so many."""

    def read(self, targets: Sequence[Target], now: datetime) -> Reading:
        """Look at the targets; every snapshot's `at` is `now`."""
