"""Daemons: each process records itself, and then every few seconds that it is alive (its beat)."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import Connection, delete, func, insert, select, update

from storage.daemon_table import daemons
from storage.schema import targets

_d = daemons.c
SILENT_FROM = timedelta(minutes=1)
"""Age of a beat from which on a daemon is not counted as alive; others take over the jobs that it holds."""
_KEPT = timedelta(days=1)
"""How long the row of a process that was killed is kept when others start."""


class DaemonMode(StrEnum):
    """What a process does."""

    RUN = "run"
    """Jobs, and the HTTP interface unless it is switched off."""
    SERVE = "serve"
    """The HTTP interface alone."""


@dataclass(frozen=True, slots=True)
class DaemonRow:
    """One process that has not stopped cleanly."""

    daemon_id: int
    host: str
    pid: int
    version: str
    mode: DaemonMode
    started_at: datetime
    beat_at: datetime
    guarantee_mode: str | None
    """`live` or `shadow`, as its configuration was at its start; None of an earlier release."""


@dataclass(frozen=True, slots=True)
class Watched:
    """What a daemon is needed for."""

    targets: int
    """Targets that are scheduled to be looked at."""
    last_look_at: datetime | None


def register(
    connection: Connection,
    host: str,
    pid: int,
    version: str,
    mode: DaemonMode,
    now: datetime,
    guarantee_mode: str | None = None,
) -> int:
    """Record a process; returns its id."""
    row = {"host": host, "pid": pid, "version": version, "mode": mode, "started_at": now, "beat_at": now}
    row |= {"guarantee_mode": guarantee_mode}
    added = connection.execute(insert(daemons).values(row).returning(_d.daemon_id))
    return int(added.scalar_one())


def remove_killed(
    connection: Connection,
    host: str,
    pid: int,
    mode: DaemonMode,
    now: datetime,
    process_exists: Callable[[int], bool],
) -> list[DaemonRow]:
    """Remove the rows of processes that did not stop cleanly, when a process starts; returns them.

    These are old rows, those of this host whose process has ended, and on SQLite every other daemon, as there
    is only one.
    """
    alone = connection.dialect.name == "sqlite" and mode is DaemonMode.RUN
    gone = [
        row
        for row in listed(connection)
        if row.beat_at < now - _KEPT
        or (row.host == host and (row.pid == pid or not process_exists(row.pid)))
        or (alone and row.mode is DaemonMode.RUN)
    ]
    for row in gone:
        remove(connection, row.daemon_id)
    return gone


def beat(connection: Connection, daemon_id: int, now: datetime) -> bool:
    """Record that a process is alive; returns False when its row is gone."""
    return (
        connection.execute(update(daemons).where(_d.daemon_id == daemon_id).values(beat_at=now)).rowcount > 0
    )


def remove(connection: Connection, daemon_id: int) -> None:
    """Remove a process that stops; the jobs that it holds are free."""
    connection.execute(delete(daemons).where(_d.daemon_id == daemon_id))


def listed(connection: Connection) -> list[DaemonRow]:
    """All recorded processes, by the time of their start."""
    rows = connection.execute(select(daemons).order_by(_d.started_at, _d.daemon_id))
    return [DaemonRow(**row._asdict() | {"mode": DaemonMode(row.mode)}) for row in rows]


def watched(connection: Connection) -> Watched:
    """Number of scheduled targets, and the time of the last look."""
    t = targets.c
    number = select(func.count()).select_from(targets).where(t.next_due_at.is_not(None))
    last = connection.execute(select(func.max(t.last_look_at))).scalar()
    return Watched(connection.execute(number).scalar_one(), last)
