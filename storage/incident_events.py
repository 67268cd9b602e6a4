"""Events of which incidents are made: problems that last, and what has happened lately."""

from datetime import datetime

from sqlalchemy import Connection, func, select

from monitor.events.severity import Status
from storage.alert_tables import events
from storage.events import COLUMNS, EventRow, event_row
from storage.pipeline_tables import problems

_e = events.c
_FIRST_RELEASE = 0
"""Version of payloads of release 0.1.0, whose beginnings and ends have no common key."""
MOST_RECENT = 10_000
"""Of the newest events, those that are looked at for what has happened lately."""


def lasting(connection: Connection) -> list[EventRow]:
    """The newest beginning of each problem that has not ended."""
    query = (
        select(*COLUMNS)
        .join_from(problems, events, _e.event_id == problems.c.event_id)
        .where(_e.version != _FIRST_RELEASE)
        .order_by(problems.c.event_id)
    )
    return [event_row(row) for row in connection.execute(query)]


def occurred(connection: Connection, since: datetime) -> list[EventRow]:
    """Alerts that have no end and happened since then, among the newest events."""
    newest = select(func.coalesce(func.max(_e.event_id), 0)).scalar_subquery()
    query = select(*COLUMNS).where(
        _e.event_id > newest - MOST_RECENT,
        _e.status == Status.OCCURRED,
        _e.alert != "none",
        _e.at >= since,
    )
    return [event_row(row) for row in connection.execute(query)]
