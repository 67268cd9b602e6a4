"""The list of events: filtered, page by page, newest first; for the audit trail and the list of alerts."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, select, text

from monitor.events.kind import EventKind
from monitor.events.severity import Severity
from monitor.model.target import Metric
from storage import events as event_rows
from storage.actor import ActorKind
from storage.alert_tables import NOT_BY_A_JOB, events
from storage.events import EventRow
from storage.pages import CappedCount, Page, PageRequest
from storage.walks import Walk, count, read_page

_e = events.c
LISTED = select(*event_rows.COLUMNS)


@dataclass(frozen=True, slots=True, kw_only=True)
class EventFilter:
    """Which events are meant; a field that is None does not filter."""

    order_id: str | None = None
    kind: EventKind | None = None
    severity: Severity | None = None
    link: str | None = None
    metric: Metric | None = None
    source: str | None = None
    service: str | None = None
    provider: str | None = None
    actor: str | None = None
    """A part of the name of who caused it."""
    jobs: bool = True
    """Whether events that a job caused are meant, too."""
    actor_kind: ActorKind | None = None
    since: datetime | None = None
    before: datetime | None = None


def page(connection: Connection, wanted: EventFilter, request: PageRequest) -> Page[EventRow]:
    """One page of the events that a filter finds."""
    return read_page(
        connection, walk(wanted), LISTED, request, lambda rows: [event_rows.event_row(row) for row in rows]
    )


def counted(connection: Connection, wanted: EventFilter) -> CappedCount:
    """The number of the events that a filter finds."""
    return count(connection, walk(wanted), LISTED)


def walk(wanted: EventFilter, *, alerts: bool = False) -> Walk:
    """The events of a filter, or only those that are alerts."""
    found = Walk(events, _e.event_id, "ix_events_at", _e.at)
    if wanted.order_id is not None:
        by_order = (_e.order_id == wanted.order_id,)
        found = Walk(events, _e.event_id, "ix_events_order_id", _e.at, by_order, sorted=False)
        if alerts:
            found = found.filtered(_e.alert != "none")
    elif alerts:
        found = Walk(events, _e.event_id, "ix_events_alerts", _e.at, (text("events.alert <> 'none'"),))
    elif not wanted.jobs:
        found = Walk(events, _e.event_id, "ix_events_not_by_a_job", _e.at, (text(NOT_BY_A_JOB),))
    if wanted.actor is not None:
        found = found.filtered(_e.actor.contains(wanted.actor, autoescape=True))
    if wanted.actor_kind is not None:
        found = found.filtered(_e.actor.startswith(f"{wanted.actor_kind} ", autoescape=True))
    return found.within(wanted.since, wanted.before).equal(
        (_e.kind, wanted.kind),
        (_e.severity, wanted.severity),
        (_e.link, wanted.link),
        (_e.metric, wanted.metric),
        (_e.source, wanted.source),
        (_e.service, wanted.service),
        (_e.provider, wanted.provider),
    )
