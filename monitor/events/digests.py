"""Events about reports that are sent at fixed times."""

from dataclasses import dataclass
from datetime import datetime

from monitor.events.event import Event, Payload
from monitor.events.kind import EventKind


@dataclass(frozen=True, slots=True)
class DigestDue(Payload):
    """A report that a receiver gets at this time."""

    text: str
    """The report, in several lines."""
    since: datetime
    until: datetime


def digest_due(text: str, since: datetime, until: datetime) -> Event:
    """A receiver gets the report of a period."""
    return Event(EventKind.DIGEST_DUE, DigestDue(text, since, until))
