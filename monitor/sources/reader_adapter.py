"""A plain source: a class that has nothing but `read(targets, now)`, given what else a source must say."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol, runtime_checkable

from monitor.model.snapshot import Snapshot
from monitor.model.target import Metric, Target
from monitor.sources.contract import Reading


@runtime_checkable
class Reader(Protocol):
    """What a plain source is written as."""

    def read(self, targets: Sequence[Target], now: datetime) -> Reading | Sequence[Snapshot]:
        """Look at targets: one snapshot each, in their order; a mere sequence of them was one request."""


class ReaderAdapter:
    """A source made of a reader: it can count everything, one target a request."""

    metrics = frozenset(Metric)
    batch = 1

    def __init__(self, name: str, reader: Reader) -> None:
        self.name = name
        self.reader = reader

    def request_key(self, target: Target) -> str | None:
        """Name the target itself: nothing is answered together."""
        return f"{target.link}#{target.metric}"

    def read(self, targets: Sequence[Target], now: datetime) -> Reading:
        """Let the reader look."""
        seen = self.reader.read(targets, now)
        return seen if isinstance(seen, Reading) else Reading(tuple(seen), 1)
