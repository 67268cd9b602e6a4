"""Checks of the contract: a source's attributes when it is created, and each of its answers."""

from collections.abc import Iterator, Sequence
from datetime import datetime

from monitor.model.snapshot import Snapshot
from monitor.model.target import Metric, Target
from monitor.sources.contract import Reading, Source, SourceContractError

ATTRIBUTES = ("name", "metrics", "batch", "request_key", "read")


def breaches(source: object) -> Iterator[str]:
    """Say of each attribute how it breaks the contract; nothing if the source is complete."""
    missing = [attribute for attribute in ATTRIBUTES if not hasattr(source, attribute)]
    if missing or not isinstance(source, Source):
        yield f"has no {', '.join(missing)}"
        return
    if not isinstance(source.metrics, frozenset) or not all(isinstance(m, Metric) for m in source.metrics):
        yield f"has metrics {source.metrics!r}, which is not a frozenset of Metric"
    if type(source.batch) is not int or source.batch < 1:
        yield f"has batch {source.batch!r}, which is not a whole number of at least 1"
    for method in ("request_key", "read"):
        if not callable(getattr(source, method)):
            yield f"has {method}, which is not a method"


class CheckedSource:
    """Wraps a source: an attribute or an answer that breaks the contract raises SourceContractError.

    What the source itself raises passes through unchanged.
    """

    def __init__(self, source: Source) -> None:
        self.name = source.name
        for problem in breaches(source):
            raise self._breach(problem)
        self._source = source
        self.metrics = source.metrics
        self.batch = source.batch

    def request_key(self, target: Target) -> str | None:
        """Return the source's key."""
        key: object = self._source.request_key(target)
        if key is None or (isinstance(key, str) and key):
            return key
        raise self._breach(f"request_key returned {key!r}, not a text or None")

    def read(self, targets: Sequence[Target], now: datetime) -> Reading:
        """Return the source's answer."""
        answer: object = self._source.read(targets, now)
        if not isinstance(answer, Reading):
            raise self._breach(f"read returned {type(answer).__name__}, not a Reading")
        if type(answer.requests) is not int or answer.requests < 0:
            raise self._breach(f"read returned requests={answer.requests!r}, not a whole number")
        if len(answer.snapshots) != len(targets):
            raise self._breach(f"read returned {len(answer.snapshots)} snapshots for {len(targets)} targets")
        for target, snapshot in zip(targets, answer.snapshots, strict=True):
            self._check(snapshot, target, now)
        return answer

    def _check(self, snapshot: object, target: Target, now: datetime) -> None:
        if not isinstance(snapshot, Snapshot):
            raise self._breach(f"read returned {type(snapshot).__name__}, not a Snapshot")
        about = f"the snapshot of {_shown(target)}"
        if snapshot.target != target:
            raise self._breach(f"{about} has another target: {_shown(snapshot.target)}")
        if snapshot.source != self.name:
            raise self._breach(f"{about} has another source: {snapshot.source}")
        if snapshot.at != now:
            raise self._breach(f"{about} has another time than the look: {snapshot.at}")

    def _breach(self, problem: str) -> SourceContractError:
        return SourceContractError(f"sources.{self.name}", problem)


def _shown(target: Target) -> str:
    return f"{target.link} ({target.metric})"
