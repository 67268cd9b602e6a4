"""Problems that last, and their acknowledgement."""

from datetime import datetime
from typing import Any

from sqlalchemy import Column, Connection, select, update

from monitor.events.changes import AlertAcknowledged
from monitor.events.event import Event
from monitor.events.kind import EventKind
from monitor.events.severity import Status
from storage import events as event_rows
from storage.alert_tables import events
from storage.column_types import AnySelect
from storage.errors import NotFoundError, WrongStateError
from storage.pipeline_tables import problems

_e = events.c
_p = problems.c


def acknowledge(connection: Connection, event_id: int, author: str, now: datetime) -> bool:
    """Acknowledge the problem that an event began; False if it was already.

    Raises NotFoundError, or WrongStateError if it does not last.
    """
    query = select(_e.kind, _e.status, _e.dedup_key).where(_e.event_id == event_id, _e.alert != "none")
    event = connection.execute(query).one_or_none()
    if event is None:
        raise NotFoundError(f"there is no alert {event_id}")
    if event.status is not Status.FIRING:
        raise WrongStateError(f"alert {event_id} ({event.kind}) is told once: nothing repeats it")
    change = update(problems).where(_p.dedup_key == event.dedup_key, _p.acknowledged_at.is_(None))
    if connection.execute(change.values(acknowledged_at=now, acknowledged_by=author)).rowcount:
        payload = AlertAcknowledged(event_id, event.kind)
        event_rows.add(connection, Event(EventKind.ALERT_ACKNOWLEDGED, payload), now)
        return True
    lasts = select(_p.dedup_key).where(_p.dedup_key == event.dedup_key)
    if connection.execute(lasts).scalar() is None:
        raise WrongStateError(f"alert {event_id} ({event.kind}) has ended already, or is not routed yet")
    return False


def lasts(connection: Connection, event_id: int) -> bool:
    """Whether the problem that an event began lasts."""
    return connection.execute(_begun_by(_p.dedup_key, event_id)).first() is not None


def acknowledged_by(connection: Connection, event_id: int) -> str:
    """Who has acknowledged the problem that an event began; empty if nobody has."""
    return connection.execute(_begun_by(_p.acknowledged_by, event_id)).scalar() or ""


def _begun_by(column: Column[Any], event_id: int) -> AnySelect:
    """A column of the problem that an event began."""
    begun = select(_e.dedup_key).where(_e.event_id == event_id, _e.status == Status.FIRING)
    return select(column).where(_p.dedup_key == begun.scalar_subquery())
