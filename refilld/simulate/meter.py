"""A source that counts the requests and looks of the source behind it."""

from collections.abc import Sequence
from datetime import datetime

from monitor.model.target import Target
from monitor.sources.contract import Reading, Source


class MeteredSource:
    """Passes reads on to a source, and records them."""

    def __init__(self, source: Source) -> None:
        self.name = source.name
        self.metrics = source.metrics
        self.batch = source.batch
        self._source = source
        self.requests = 0
        self.counts = 0
        """Looks with a count."""
        self.looks: dict[Target, list[datetime]] = {}

    def request_key(self, target: Target) -> str | None:
        return self._source.request_key(target)

    def read(self, targets: Sequence[Target], now: datetime) -> Reading:
        """Read targets, and record requests, counts and times."""
        reading = self._source.read(targets, now)
        self.requests += reading.requests
        for snapshot in reading.snapshots:
            self.counts += snapshot.count is not None
            self.looks.setdefault(snapshot.target, []).append(now)
        return reading
