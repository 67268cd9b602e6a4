"""What a source is: it answers a batch of targets with typed snapshots, and nothing else.

A source is a class found through the entry-point group `refilld.sources`, made by its class method
`configured(options)` where it has one (which raises BadInputError naming an option that it cannot use), else
without arguments. It never raises for what the remote side does, never sleeps, never retries, and says in
each snapshot what it counted.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol, runtime_checkable

from monitor.model.snapshot import Snapshot
from monitor.model.target import Metric, Target


@dataclass(frozen=True, slots=True)
class RateLimitHint:
    """What a source says of its own limit; nothing of it where it says nothing."""

    used_percent: int | None = None
    """Share of the platform's limit that is used up, 100 when it throttles."""
    wait: timedelta | None = None
    """How long it asks to be left alone."""


@dataclass(frozen=True, slots=True)
class Reading:
    """The answer to a batch: one snapshot per asked target, in their order, and what it cost."""

    snapshots: tuple[Snapshot, ...]
    requests: int
    """Requests really sent to the source, for the budget."""
    rate_limit: RateLimitHint = RateLimitHint()


@runtime_checkable
class Source(Protocol):
    """An eye that can look at targets."""

    name: str
    """As in the configuration's `[sources.NAME]`."""
    metrics: frozenset[Metric]
    """What it can count; the metric also says on which kind of page."""
    batch: int
    """How many targets one `read` takes at most."""

    def request_key(self, target: Target) -> str | None:
        """Name what must be asked for to see a target; None when this source cannot see it.

        Targets of one name are answered together: reading all of them costs what reading one does.
        """

    def read(self, targets: Sequence[Target], now: datetime) -> Reading:
        """Look at targets of one name; every snapshot's `at` is `now`."""
