"""Digests: when each receiver gets its next one."""

from datetime import datetime

from sqlalchemy import Connection, select

from monitor.alerts.digests import DigestSchedule
from storage.engine import advisory_lock, insert_into
from storage.pipeline_tables import digests

_c = digests.c


def needs_change(connection: Connection, receiver: str, schedule: DigestSchedule, now: datetime) -> bool:
    """Whether a digest of a receiver is due, or its next time is to be stored.

    A time later than the schedule's next one, of an earlier schedule or a wrong clock, is corrected.
    """
    due_at = _due_at(connection, receiver)
    return due_at is None or due_at <= now or due_at > schedule.next_after(now)


def take_due(connection: Connection, receiver: str, schedule: DigestSchedule, now: datetime) -> bool:
    """Store the next time, and return whether a digest is due now. Missed ones are left out."""
    advisory_lock(connection, "refilld digests")
    due_at = _due_at(connection, receiver)
    row = insert_into(connection, digests).values(receiver=receiver, due_at=schedule.next_after(now))
    change = row.on_conflict_do_update(index_elements=[_c.receiver], set_={"due_at": row.excluded.due_at})
    connection.execute(change)
    return due_at is not None and due_at <= now


def _due_at(connection: Connection, receiver: str) -> datetime | None:
    return connection.execute(select(_c.due_at).where(_c.receiver == receiver)).scalar()
