"""Snapshots: every look that was taken, kept by target and time."""

from collections.abc import Iterator

from sqlalchemy import Connection, bindparam, insert, select

from monitor.snapshot import Snapshot
from storage.columns import AnyRow
from storage.schema import snapshots

_INSERT = insert(snapshots)
_OF_TARGET = (
    select(snapshots)
    .where(snapshots.c.target_id == bindparam("target_id"))
    .order_by(snapshots.c.at.desc())
    .limit(bindparam("limit"))
)


def add(connection: Connection, target_id: int, snapshot: Snapshot) -> None:
    """Keep one look."""
    connection.execute(
        _INSERT,
        {
            "target_id": target_id,
            "at": snapshot.at,
            "outcome": snapshot.outcome,
            "count": snapshot.count,
            "source": snapshot.source,
            "counted": snapshot.counted,
            "detail": snapshot.detail,
        },
    )


def newest(connection: Connection, target_id: int, limit: int) -> Iterator[AnyRow]:
    """The newest looks at a target, newest first."""
    yield from connection.execute(_OF_TARGET, {"target_id": target_id, "limit": limit})
