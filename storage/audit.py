"""The audit trail: events with who caused them, newest first."""

from datetime import datetime

from sqlalchemy import Connection, select, text

from storage import events as event_rows
from storage.alert_tables import NOT_BY_A_JOB, events
from storage.events import EventRow

_e = events.c


def listed(
    connection: Connection,
    *,
    limit: int,
    order_id: str | None = None,
    since: datetime | None = None,
    actor: str | None = None,
    jobs: bool = False,
) -> list[EventRow]:
    """Events, newest first: of one order, since a time, or by actors whose name contains a text.

    What jobs did is left out without `jobs`, unless `actor` asks for them.
    """
    query = select(*event_rows.COLUMNS)
    if not jobs and actor is None:
        query = query.where(text(NOT_BY_A_JOB))
    if order_id is not None:
        query = query.where(_e.order_id == order_id)
    if since is not None:
        query = query.where(_e.at >= since)
    if actor is not None:
        query = query.where(_e.actor.contains(actor, autoescape=True))
    rows = connection.execute(query.order_by(_e.event_id.desc()).limit(limit))
    return [event_rows.event_row(row) for row in rows]
