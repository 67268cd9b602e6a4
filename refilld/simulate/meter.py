"""The meter: looks through the world's source, and keeps what each look and request was."""

from collections.abc import Sequence
from datetime import datetime

from monitor.model.target import Target
from monitor.sources.contract import Reading, Source


class MeteredSource:
    """A source that counts what it is asked."""

    def __init__(self, source: Source) -> None:
        self.name = source.name
        self.metrics = source.metrics
        self.batch = source.batch
        self._source = source
        self.requests = 0
        self.counts = 0
        """Looks that ended in a number."""
        self.looks: dict[Target, list[datetime]] = {}

    def request_key(self, target: Target) -> str | None:
        return self._source.request_key(target)

    def read(self, targets: Sequence[Target], now: datetime) -> Reading:
        """Look at targets, and note it."""
        reading = self._source.read(targets, now)
        self.requests += reading.requests
        for shot in reading.snapshots:
            self.counts += shot.count is not None
            self.looks.setdefault(shot.target, []).append(now)
        return reading
