"""Daemons: each process records itself, and then every few seconds that it is alive (its beat)."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    and_,
    delete,
    func,
    insert,
    or_,
    select,
    update,
)

from storage.daemon_table import daemons
from storage.schema import targets

_d = daemons.c
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
    """Record a process that starts, in place of those that were killed; returns its id."""
    connection.execute(delete(daemons).where(_was_killed(connection, host, pid, mode, now)))
    row = {"host": host, "pid": pid, "version": version, "mode": mode, "started_at": now, "beat_at": now}
    row |= {"guarantee_mode": guarantee_mode}
    added = connection.execute(insert(daemons).values(row).returning(_d.daemon_id))
    return int(added.scalar_one())


def killed(connection: Connection, host: str, pid: int, mode: DaemonMode, now: datetime) -> list[DaemonRow]:
    """The processes that did not stop cleanly, and whose rows a process removes that starts now."""
    return _rows(connection, select(daemons).where(_was_killed(connection, host, pid, mode, now)))


def _was_killed(
    connection: Connection, host: str, pid: int, mode: DaemonMode, now: datetime
) -> ColumnElement[bool]:
    """Old rows, those of the same process number, and on SQLite every other daemon, as there is only one."""
    found = or_(_d.beat_at < now - _KEPT, and_(_d.host == host, _d.pid == pid))
    if connection.dialect.name == "sqlite" and mode is DaemonMode.RUN:
        found = or_(found, _d.mode == DaemonMode.RUN)
    return found


def beat(connection: Connection, daemon_id: int, now: datetime) -> bool:
    """Record that a process is alive; returns False when its row is gone."""
    return (
        connection.execute(update(daemons).where(_d.daemon_id == daemon_id).values(beat_at=now)).rowcount > 0
    )


def remove(connection: Connection, daemon_id: int) -> None:
    """Remove a process that stops."""
    connection.execute(delete(daemons).where(_d.daemon_id == daemon_id))


def listed(connection: Connection) -> list[DaemonRow]:
    """All recorded processes, by the time of their start."""
    return _rows(connection, select(daemons).order_by(_d.started_at, _d.daemon_id))


def _rows(connection: Connection, query: Select[Any]) -> list[DaemonRow]:
    rows = connection.execute(query)
    return [DaemonRow(**row._asdict() | {"mode": DaemonMode(row.mode)}) for row in rows]


def watched(connection: Connection) -> Watched:
    """Number of scheduled targets, and the time of the last look."""
    t = targets.c
    number = select(func.count()).select_from(targets).where(t.next_due_at.is_not(None))
    last = connection.execute(select(func.max(t.last_look_at))).scalar()
    return Watched(connection.execute(number).scalar_one(), last)
