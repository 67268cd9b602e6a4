"""One event: its kind, what it is about, and its payload."""

from dataclasses import dataclass, fields
from datetime import datetime

from monitor.events.kind import EventKind
from monitor.model.order import Order
from monitor.model.target import Metric, Target


@dataclass(frozen=True, slots=True)
class Subject:
    """What an event is about; each field is None if the event is not about one."""

    order_id: str | None = None
    refill_id: int | None = None
    link: str | None = None
    """URL of the target."""
    metric: Metric | None = None
    source: str | None = None
    service: str | None = None
    provider: str | None = None


NOTHING = Subject()
SUBJECT_FIELDS = tuple(field.name for field in fields(Subject))
"""The names of what an event may be about, which are also names of columns and labels."""


def about_target(target: Target) -> Subject:
    """The subject of an event about a target."""
    return Subject(link=target.link.url, metric=target.metric)


def about_order(order: Order, refill_id: int | None = None) -> Subject:
    """The subject of an event about an order, or one of its refills."""
    target = order.target
    return Subject(
        order.order_id, refill_id, target.link.url, target.metric, None, order.service, order.provider
    )


class Payload:
    """Base of the payloads: frozen dataclasses of plain values, whose fields are stored as JSON.

    Times are stored in RFC 3339, durations in seconds, amounts of money as text.
    """

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class Event:
    """One event."""

    kind: EventKind
    payload: Payload
    subject: Subject = NOTHING
    problem: str = ""
    """What has the problem that begins or ends, such as the name of the source."""


@dataclass(frozen=True, slots=True)
class Earlier(Payload):
    """An event of an earlier release, which stored the text of its alert; also a forgotten one."""

    text: str


@dataclass(frozen=True, slots=True)
class ProblemEnded(Payload):
    """A problem has ended."""

    since: datetime
    """When it began."""
    until: datetime
