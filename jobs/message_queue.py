"""The messages of one channel in one round: alerts of one kind together, as many as fit."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import TypeAlias

from monitor.alerts.messages import MOST_TEXTS, Room, divide, title
from monitor.events.catalogue import severity_of
from monitor.events.kind import EventKind
from monitor.events.severity import Severity
from storage.deliveries import DueDelivery
from storage.events import EventRow

Render: TypeAlias = Callable[[EventRow], str]
"""Renders the text of an event."""


def no_subject(_row: EventRow) -> str:
    """No subject of its own for any event."""
    return ""


_URGENCY = [Severity.CRITICAL, Severity.WARNING, Severity.INFO]


@dataclass(frozen=True, slots=True)
class AlertMessage:
    """Alerts of one kind that are sent together."""

    kind: EventKind
    rows: tuple[DueDelivery, ...]
    bodies: tuple[str, ...]
    """Several, if the text of a single alert is too long for one."""
    subject: str = ""
    """The shop's, of the first alert."""

    @property
    def parts(self) -> list[tuple[str, str]]:
        """Title and body of each part."""
        count = len(self.bodies)
        return [
            (title(self.kind, len(self.rows), part, count, subject=self.subject), body)
            for part, body in enumerate(self.bodies, 1)
        ]

    @property
    def event_ids(self) -> list[int]:
        return [row.event.event_id for row in self.rows]

    def halves(self, room: Room, render: Render, subject: Render = no_subject) -> list["AlertMessage"]:
        """The same alerts in two messages."""
        middle = len(self.rows) // 2
        parts = (self.rows[:middle], self.rows[middle:])
        return [message for part in parts for message in _divided(part, room, render, subject)]


def messages_of(
    rows: Sequence[DueDelivery], room: Room, render: Render, subject: Render = no_subject
) -> list[AlertMessage]:
    """The messages for these deliveries, the most urgent first."""
    groups = groupby(sorted(rows, key=_urgency), key=_urgency)
    return [message for _, group in groups for message in _divided(list(group), room, render, subject)]


def _divided(
    rows: Sequence[DueDelivery], room: Room, render: Render, subject: Render
) -> Iterator[AlertMessage]:
    kind = rows[0].event.kind
    subjects = [subject(row.event) for row in rows]
    largest = max(subjects, key=room.measure)
    rest = room.beside(title(kind, MOST_TEXTS, MOST_TEXTS, MOST_TEXTS, subject=largest))
    first = 0
    for count, bodies in divide([render(row.event) for row in rows], rest):
        yield AlertMessage(kind, tuple(rows[first : first + count]), bodies, subjects[first])
        first += count


def _urgency(row: DueDelivery) -> tuple[int, str]:
    return _URGENCY.index(severity_of(row.event.kind)), row.event.kind
