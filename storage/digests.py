"""Digests: when each receiver gets its next one."""

from datetime import datetime

from sqlalchemy import Connection, select

from monitor.alerts.digests import DigestSchedule
from storage.engine import insert_into
from storage.pipeline_tables import digests

_c = digests.c


def take_due(connection: Connection, receiver: str, schedule: DigestSchedule, now: datetime) -> bool:
    """Whether the digest of a receiver is due; if so, the next one is planned. Missed ones are left out.

    A time later than the schedule's next one, of an earlier schedule or a wrong clock, is corrected.
    """
    due_at = connection.execute(select(_c.due_at).where(_c.receiver == receiver)).scalar()
    following = schedule.next_after(now)
    due = due_at is not None and due_at <= now
    if due or due_at is None or due_at > following:
        row = insert_into(connection, digests).values(receiver=receiver, due_at=following)
        change = row.on_conflict_do_update(index_elements=[_c.receiver], set_={"due_at": following})
        connection.execute(change)
    return due
