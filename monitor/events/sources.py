"""Events about sources that refuse requests, and that answer again."""

from dataclasses import dataclass
from datetime import datetime

from monitor.events.event import Event, Payload, ProblemEnded, Subject
from monitor.events.kind import EventKind


@dataclass(frozen=True, slots=True)
class SourceBlocked(Payload):
    """A source refused a request and is paused."""

    reason: str
    detail: str
    """The message of the source, which may say what to do."""
    until: datetime | None
    """End of the pause; None if an operator has to resume the source."""


def source_blocked(source: str, reason: str, until: datetime | None, detail: str = "") -> Event:
    """A source refuses requests and is paused."""
    payload = SourceBlocked(reason, detail, until)
    return Event(EventKind.SOURCE_BLOCKED, payload, Subject(source=source), source)


def source_ready(source: str, since: datetime, now: datetime) -> Event:
    """A source that was refused is read again."""
    return Event(EventKind.SOURCE_READY, ProblemEnded(since, now), Subject(source=source), source)
