"""The list of alerts: events that are alerts, with the state of their delivery."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import Connection, and_, case, func, select

from storage import event_list
from storage import events as event_rows
from storage.alert_tables import alert_channels, deliveries, events
from storage.chunks import chunks
from storage.column_types import AnyRow
from storage.event_list import EventFilter
from storage.events import EventRow
from storage.pages import CappedCount, Page, PageRequest
from storage.pipeline_tables import notification_events
from storage.walks import Walk, count, read_page

_CHUNK = 500
_c = alert_channels.c
_d = deliveries.c
_e = events.c
_ne = notification_events.c
_PENDING = _d.state == "pending"


_LIST = event_list.LISTED.add_columns(_e.alert)
DELIVERY_STATES = ("pending", "sent", "failed", "kept", "suppressed")
_NOTHING = (0, None, None, None)


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertFilter(EventFilter):
    """Which alerts are meant; a field that is None does not filter."""

    state: str | None = None
    """Of its delivery: pending, sent, failed, kept or suppressed."""
    about_drops: bool | None = None
    """Only those about drops, or only others."""
    message: int | None = None
    """Of the message to a receiver with this number."""


@dataclass(frozen=True, slots=True)
class AlertRow:
    """One alert with the state of its delivery."""

    event: EventRow
    state: str
    """pending, sent, failed, kept (there was no channel, or shadow mode was on), or suppressed."""
    attempts: int
    """How often a channel has refused it, or could not be reached while it waits."""
    next_try_at: datetime | None
    """Set while a channel is still to take it."""
    sent_at: datetime | None
    """When the last channel took it that did; None if a message told it only as a number."""
    last_error: str | None


def page(connection: Connection, wanted: AlertFilter, request: PageRequest) -> Page[AlertRow]:
    """One page of the alerts that a filter finds."""

    def make(rows: Sequence[AnyRow]) -> Sequence[AlertRow]:
        return _alerts(connection, rows)

    return read_page(connection, _walk(wanted), _LIST, request, make)


def named(connection: Connection, event_ids: Sequence[int]) -> list[AlertRow]:
    """The alerts with these ids; unknown ids are skipped."""
    query = _LIST.where(_e.alert != "none").order_by(_e.event_id)
    parts = chunks(list(dict.fromkeys(event_ids)), _CHUNK)
    found = (connection.execute(query.where(_e.event_id.in_(part))).all() for part in parts)
    return [one for rows in found for one in _alerts(connection, rows)]


def _alerts(connection: Connection, rows: Sequence[AnyRow]) -> list[AlertRow]:
    delivered = _deliveries(connection, [row.event_id for row in rows])
    return [
        AlertRow(event_rows.event_row(row), row.alert, *delivered.get(row.event_id, _NOTHING)) for row in rows
    ]


def counted(connection: Connection, wanted: AlertFilter) -> CappedCount:
    """The number of the alerts that a filter finds."""
    return count(connection, _walk(wanted), _LIST)


def _walk(wanted: AlertFilter) -> Walk:
    walk = event_list.walk(wanted, alerts=True).equal((_e.alert, wanted.state))
    if wanted.about_drops is not None:
        drops = _e.kind.cast(events.c.payload.type).like("drop.%")
        walk = walk.filtered(drops if wanted.about_drops else ~drops)
    if wanted.message is not None:
        told = select(_ne.event_id).where(_ne.notification_id == wanted.message)
        found = (*walk.found_by, _e.event_id.in_(told))
        walk = replace(walk, index=None, found_by=found, sorted=False)
    return walk


def _deliveries(
    connection: Connection, event_ids: list[int]
) -> dict[int, tuple[int, datetime | None, datetime | None, str | None]]:
    """Attempts, next attempt, last success and last error of the deliveries of each event."""
    later = case((_c.next_try_at > _d.next_try_at, _c.next_try_at), else_=_d.next_try_at)
    query = (
        select(
            _d.event_id,
            func.max(_d.attempts + case((_PENDING, func.coalesce(_c.failures, 0)), else_=0)),
            func.min(later),
            func.max(_d.sent_at),
            func.max(_d.last_error),
        )
        .join(alert_channels, and_(_c.channel == _d.channel), isouter=True)
        .where(_d.event_id.in_(event_ids))
        .group_by(_d.event_id)
    )
    return {row[0]: tuple(row[1:]) for row in connection.execute(query)}
