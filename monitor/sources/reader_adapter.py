"""Adapter that makes a source of a class with nothing but `read(targets, now)`."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol, runtime_checkable

from monitor.model.snapshot import Snapshot
from monitor.model.target import Metric, Target
from monitor.sources.contract import Reading


@runtime_checkable
class Reader(Protocol):
    """The short form of a source."""

    def read(self, targets: Sequence[Target], now: datetime) -> Reading | Sequence[Snapshot]:
        """Return one snapshot per target, in their order; a plain sequence counts as one request."""


class ReaderAdapter:
    """A source that reads all metrics, one target per request."""

    metrics = frozenset(Metric)
    batch = 1

    def __init__(self, name: str, reader: Reader) -> None:
        self.name = name
        self.reader = reader

    def request_key(self, target: Target) -> str | None:
        """Return a key of the target's own: no two targets share a request."""
        return f"{target.link}#{target.metric}"

    def read(self, targets: Sequence[Target], now: datetime) -> Reading:
        """Return the reader's snapshots as a Reading."""
        result = self.reader.read(targets, now)
        return result if isinstance(result, Reading) else Reading(tuple(result), 1)
