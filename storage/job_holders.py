"""Job holders: one of all daemons on a database carries out each job that must not run twice in its period.

A daemon holds a job until it stops cleanly or has been silent for `SILENT_FROM`; then the next daemon whose
round of the job begins takes it. The holder is a row and no lock of a session, which PgBouncer would lose.
"""

from collections import defaultdict
from datetime import datetime, timedelta

from sqlalchemy import Connection, and_, bindparam, or_, select

from storage.daemon_table import daemons, job_holders
from storage.daemons import SILENT_FROM
from storage.engine import insert_into

_h = job_holders.c
_d = daemons.c
_ALIVE = select(_d.daemon_id).where(
    _d.beat_at >= bindparam("alive_from", type_=_d.beat_at.type),
    _d.beat_at <= bindparam("alive_until", type_=_d.beat_at.type),  # later: the clock was ahead
)
_OVER = or_(
    _h.begun_at <= bindparam("period_from", type_=_h.begun_at.type),
    _h.begun_at > bindparam("now", type_=_h.begun_at.type),  # the clock was ahead
)


def begin_round(connection: Connection, job: str, daemon_id: int, every: timedelta, now: datetime) -> bool:
    """Hold a job and record the beginning of its round; False if the round is another daemon's.

    A job is taken over from a daemon that is gone once a period has passed since its last round.
    """
    row = insert_into(connection, job_holders).values(job=job, daemon_id=daemon_id, begun_at=now)
    taken = row.on_conflict_do_update(
        index_elements=["job"],
        set_={"daemon_id": daemon_id, "begun_at": now},
        where=or_(_h.daemon_id == daemon_id, and_(_h.daemon_id.not_in(_ALIVE), _OVER)),
    )
    times = {"alive_from": now - SILENT_FROM, "alive_until": now + SILENT_FROM}
    times |= {"period_from": now - every, "now": now}
    return connection.execute(taken.returning(_h.job), times).first() is not None


def held(connection: Connection) -> dict[int, list[str]]:
    """The jobs that each daemon holds, by its id, in alphabetical order."""
    jobs: defaultdict[int, list[str]] = defaultdict(list)
    for row in connection.execute(select(job_holders).order_by(_h.job)):
        jobs[row.daemon_id].append(row.job)
    return dict(jobs)
