"""The messages of one channel in one round: the alerts of one notification together, as many as fit."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from typing import TypeAlias

from monitor.alerts.messages import MOST_TEXTS, Room, divide, one_line, title
from monitor.alerts.reasons import AlertReason
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
class AlertLine:
    """One alert with its text, and what is told with it."""

    row: DueDelivery
    text: str
    subject: str = ""
    """The shop's; empty without one."""
    unlisted: int = 0
    """Alerts that are told only as a number, below this one."""


@dataclass(frozen=True, slots=True)
class AlertMessage:
    """Alerts of one notification that are sent together."""

    lines: tuple[AlertLine, ...]
    bodies: tuple[str, ...]
    """Several, if the text of a single alert is too long for one."""

    @property
    def rows(self) -> list[DueDelivery]:
        return [line.row for line in self.lines]

    @property
    def kind(self) -> EventKind:
        return self.lines[0].row.event.kind

    @property
    def alerts(self) -> int:
        """Alerts that it tells, with or without a line."""
        return len(self.lines) + sum(line.unlisted for line in self.lines)

    @property
    def subject(self) -> str:
        """The shop's, of the first alert; empty without one."""
        return self.lines[0].subject

    @property
    def parts(self) -> list[tuple[str, str]]:
        """Title and body of each part."""
        count, repeated = len(self.bodies), _is_repeated(self.lines[0].row)
        return [
            (title(self.kind, self.alerts, part, count, repeated=repeated, subject=self.subject), body)
            for part, body in enumerate(self.bodies, 1)
        ]

    def halves(self, room: Room) -> list["AlertMessage"]:
        """The same alerts in two messages."""
        middle = len(self.lines) // 2
        return [*_divided(self.lines[:middle], room), *_divided(self.lines[middle:], room)]


def messages_of(
    rows: Sequence[DueDelivery], room: Room, render: Render, subject: Render = no_subject
) -> list[AlertMessage]:
    """The messages for these deliveries, the most urgent first."""
    groups = groupby(sorted(rows, key=_urgency), key=_urgency)
    return [
        message for _, group in groups for message in _divided(_lines(list(group), render, subject), room)
    ]


def _divided(lines: Sequence[AlertLine], room: Room) -> Iterator[AlertMessage]:
    largest = max((line.subject for line in lines), key=room.measure)
    kind = lines[0].row.event.kind
    most = title(kind, 1_000_000, MOST_TEXTS, MOST_TEXTS, repeated=True, subject=largest)
    first = 0
    for count, bodies in divide([line.text for line in lines], room.beside(most)):
        yield AlertMessage(tuple(lines[first : first + count]), bodies)
        first += count


def _lines(rows: Sequence[DueDelivery], render: Render, subject: Render) -> list[AlertLine]:
    """The lines of these alerts, with the summary of their notification if these are all that it shows."""
    message = rows[0].message
    lines = [AlertLine(row, _text(row, render), subject(row.event)) for row in rows]
    if len(rows) < message.shown:
        return lines
    if message.summary:
        lines[0] = replace(lines[0], text=f"{message.summary}\n{lines[0].text}")
    unlisted = message.alerts - message.shown
    if unlisted:
        command = f"refilld alerts list --message {message.notification_id}"
        text = f"{lines[-1].text}\nand {unlisted:,} more; {command} shows them"
        lines[-1] = replace(lines[-1], text=text, unlisted=unlisted)
    return lines


def _text(row: DueDelivery, render: Render) -> str:
    text = render(row.event)
    return text if row.event.kind is EventKind.DIGEST_DUE else one_line(text)


def _is_repeated(row: DueDelivery) -> bool:
    return row.message.reason is AlertReason.REPEAT


def _urgency(row: DueDelivery) -> tuple[int, str, int]:
    kind = row.event.kind
    return _URGENCY.index(severity_of(kind)), kind, row.message.notification_id
